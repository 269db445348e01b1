-- Once, on the coordinator, as the superuser, in the application's database. Repeating it changes nothing.
-- psql -v ON_ERROR_STOP=1 -v coordinator=db0 -v workers="db1 db2" -v prefix=shala -d shala -f cluster.sql

CREATE EXTENSION IF NOT EXISTS citus;
SELECT citus_set_coordinator_host(:'coordinator', 5432);

-- Workers need the extensions before the first schema comes: `ext` is every machine's, and no tenant's.
SELECT citus_add_node(name, 5432)
FROM unnest(string_to_array(:'workers', ' ')) AS name
WHERE NOT EXISTS (SELECT FROM pg_dist_node WHERE nodename = name);

-- Tenants' schemas stand on workers alone; the coordinator keeps public and what belongs to nobody.
SELECT citus_set_node_property(:'coordinator', 5432, 'shouldhaveshards', false);

-- Roles of tenants made while this was one machine have no login; a worker is entered as the tenant's role.
SELECT format('ALTER ROLE %I LOGIN', rolname) FROM pg_roles
WHERE rolname LIKE replace(:'prefix', '_', '\_') || '\_t\_%' AND NOT rolcanlogin \gexec
