"""What is said to the vulnerable view, each by the name of its trick.

`{other}` is another business's schema, `{role}` its database role, `{platform}` the operator's role, `{app}` the login;
`{inbox}`, `{job}`, `{object}` are a callback, a job and a large object of the other business. None spells the canary
that it looks for, so an error that repeats the payload shows none.
"""

_OTHER = "SELECT name FROM {other}.accounts_user"
_PUBLIC = "SELECT name FROM public.accounts_user"

UNIONS = {
    "union: a table of another schema": f"' UNION {_OTHER} --",
    "union all, commented, no spaces": "'/**/UNION/**/ALL/**/SELECT/**/name/**/FROM/**/{other}.accounts_user--",
    "union: quoted names": '\' UNION SELECT "name" FROM "{other}"."accounts_user" --',
    "union: escaped names": '\' UNION SELECT name FROM U&"\\0074{other_rest}".accounts_user --',
    "union: whole rows as text": "' UNION SELECT u::text FROM {other}.accounts_user u --",
    "union: whole rows as JSON": "' UNION SELECT json_agg(u)::text FROM {other}.accounts_user u --",
    "union: a scalar of a subquery": "' UNION SELECT (SELECT string_agg(name, ',') FROM {other}.accounts_user) --",
    "union: a sample": f"' UNION {_OTHER} TABLESAMPLE SYSTEM (100) --",
    "union: a join with one's own": "' UNION SELECT o.name FROM accounts_user FULL JOIN {other}.accounts_user o ON true --",
    "union: a lateral subquery": f"' UNION SELECT x.name FROM (VALUES (1)) v, LATERAL ({_OTHER}) x --",
    "a common table expression": f"' UNION (WITH x AS ({_OTHER}) SELECT name FROM x) --",
    "a cast that fails and shows": f"' AND 1 = CAST(({_OTHER} LIMIT 1) AS int) --",
    "a yes or no": "' UNION SELECT 'can' || 'ary-B' WHERE EXISTS (SELECT FROM {other}.accounts_user) --",
    "the operator's people": f"' UNION {_PUBLIC} --",
    "the operator's tenants": "' UNION SELECT owner_name FROM public.tenants_tenant --",
    "the queue": "' UNION SELECT args::text FROM public.jobs_job --",
    "the inbox": "' UNION SELECT encode(body, 'escape') FROM public.inbox --",
}
SETTINGS = {
    "set_config: search path": "' OR set_config('search_path', '{other}', false) > '' --",
    "set_config: role": f"' OR set_config('role', '{{role}}', false) > '' UNION {_OTHER} --",
    "set_config: role, by its full name": f"' OR pg_catalog.set_config('role', '{{role}}', true) > '' UNION {_OTHER} --",
    "set_config: who is logged in": f"' OR set_config('session_authorization', '{{role}}', false) > '' UNION {_OTHER} --",
    "set_config through XML": (
        "' UNION SELECT query_to_xml($$SELECT set_config('role', '{role}', false)$$, true, false, '')::text"
        f" UNION ALL {_OTHER} --"
    ),
    "pg_settings": f"' UNION {_OTHER} WHERE EXISTS (SELECT FROM pg_settings WHERE name = 'role') --",
}
STACKED = {
    "stacked: search path": "'; SET search_path TO {other}; SELECT name FROM accounts_user --",
    "stacked: role": f'\'; SET ROLE "{{role}}"; {_OTHER} --',
    "stacked: local role": f'\'; BEGIN; SET LOCAL ROLE "{{role}}"; {_OTHER} --',
    "stacked: no role, then another": f'\'; RESET ROLE; SET ROLE "{{role}}"; {_OTHER} --',
    "stacked: the operator's role": f'\'; SET ROLE "{{platform}}"; {_PUBLIC} --',
    "stacked: reset all": f'\'; RESET ALL; SET ROLE "{{role}}"; {_OTHER} --',
    "stacked: discard all": f'\'; DISCARD ALL; SET ROLE "{{role}}"; {_OTHER} --',
    "stacked: session authorization": f'\'; SET SESSION AUTHORIZATION "{{role}}"; {_OTHER} --',
    "stacked: a block of PL/pgSQL": f'\'; DO $$ BEGIN SET ROLE "{{role}}"; END $$; {_OTHER} --',
    "stacked: a commit between": f'\'; COMMIT; BEGIN; SET ROLE "{{role}}"; {_OTHER}; COMMIT --',
    "stacked: prepare and execute": f'\'; SET ROLE "{{role}}"; PREPARE stolen AS {_OTHER}; EXECUTE stolen --',
    "stacked: a cursor": f'\'; BEGIN; SET ROLE "{{role}}"; DECLARE c CURSOR FOR {_OTHER}; FETCH ALL FROM c --',
    "stacked: a view": f"'; CREATE TEMP VIEW stolen AS {_OTHER}; SELECT name FROM stolen --",
    "stacked: a materialized view": f"'; CREATE MATERIALIZED VIEW ext.stolen AS {_OTHER}; SELECT name FROM ext.stolen --",
    "stacked: a function of its owner's": (
        f"'; CREATE FUNCTION ext.stolen() RETURNS SETOF varchar LANGUAGE sql SECURITY DEFINER AS $$ {_OTHER} $$;"
        " SELECT ext.stolen() --"
    ),
    "stacked: a grant": f"'; GRANT SELECT ON {{other}}.accounts_user TO PUBLIC; {_OTHER} --",
    "stacked: copy to a program": f"'; COPY ({_OTHER}) TO PROGRAM 'cat' --",
    "stacked: caller_schema of one's own": (
        "'; CREATE FUNCTION pg_temp.caller_schema() RETURNS text LANGUAGE sql AS $$ SELECT '{other}' $$;"
        " SELECT convert_from(body, 'UTF8') FROM public.inbox_read('{inbox}') --"
    ),
}
SERVER = {
    "query_to_xml": f"' UNION SELECT query_to_xml('{_OTHER}', true, false, '')::text --",
    "query_to_xml: a role": f"' UNION SELECT query_to_xml('SET ROLE {{role}}', true, false, '')::text UNION ALL {_OTHER} --",
    "table_to_xml": "' UNION SELECT table_to_xml('{other}.accounts_user', true, false, '')::text --",
    "schema_to_xml": "' UNION SELECT schema_to_xml('{other}', true, false, '')::text --",
    "ts_stat": "' UNION SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM {other}.accounts_user') --",
    "a file of the server's": "' UNION SELECT pg_read_file(pg_relation_filepath('{other}.accounts_user')) --",
    "a folder of the server's": "' UNION SELECT pg_ls_dir('.') --",
    "a large object": "' UNION SELECT convert_from(lo_get({object}), 'UTF8') --",
    "a large object to a file": "' UNION SELECT lo_export({object}, '/tmp/stolen')::text --",
    "large objects' pages": "' UNION SELECT convert_from(data, 'UTF8') FROM pg_largeobject --",
    "dblink": "' UNION SELECT x.name FROM dblink('user={app}', '" + _OTHER.replace("'", "''") + "') AS x(name text) --",
    "statistics": "' UNION SELECT histogram_bounds::text FROM pg_stats WHERE schemaname = '{other}' --",
    "statistics, unguarded": "' UNION SELECT stavalues1::text FROM pg_statistic --",
    "what others are asking": "' UNION SELECT query FROM pg_stat_activity --",
    "what others are asking, by function": (
        "' UNION SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() b --"
    ),
    "statements kept ready": "' UNION SELECT statement FROM pg_prepared_statements --",
    "names: catalogue": "' UNION SELECT n.nspname || c.relname FROM pg_class c JOIN pg_namespace n ON true --",
    "names: information schema": "' UNION SELECT table_schema || column_name FROM information_schema.columns --",
    "roles and their passwords": "' UNION SELECT rolname || rolpassword FROM pg_authid --",
}
FUNCTIONS = {
    "inbox_read": "' UNION SELECT convert_from(body, 'UTF8') FROM public.inbox_read('{inbox}') --",
    "inbox_read, the role said first": (
        "' UNION SELECT convert_from(body, 'UTF8') FROM public.inbox_read(CASE WHEN set_config('role', '{role}', true) > ''"
        " THEN '{inbox}'::uuid END) --"
    ),
    "inbox_page": "' UNION SELECT x::text FROM public.inbox_page(100, NULL, '', '', '', '', NULL, NULL) x --",
    "inbox_replay": "' UNION SELECT public.inbox_replay('{inbox}', '{job}', '2026-11-20')::text --",
    "job_state": "' UNION SELECT result::text FROM public.job_state('{job}') --",
    "job_runs": "' UNION SELECT x::text FROM public.job_runs('2000-01-01') x --",
    "job_claim": (
        "' UNION SELECT args::text FROM public.job_claim(0, '', gen_random_uuid(), '2000-01-01', '2000-01-01') --"
    ),
    "job_put for another": (
        "' UNION SELECT public.job_put(gen_random_uuid(), '{other}', 'accounts.otp_send', '{{}}', 2::smallint,"
        " '2026-11-20', NULL, '2026-11-20')::text --"
    ),
    "a function of another schema": "' UNION SELECT x::text FROM {other}.ledger_post() x --",
}
PAYLOADS = UNIONS | SETTINGS | STACKED | SERVER | FUNCTIONS
