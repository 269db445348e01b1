"""What the schemas hold, by PostgreSQL's own catalogue: one query an aspect, for as many schemas as are asked for.

Each query gives `(schema, name, description)`, one row a thing. A schema's own name and its role's are taken out of the
descriptions, so that equal schemas are described alike.
"""

from collections.abc import Collection, Iterable
from typing import Any

from kernel.tenancy.roles import tenant_role

Lines = dict[str, str]
Hash = tuple[int, int | None]
NOTHING: Hash = (0, None)

# Every query below reads the schemas asked for from `n`.
_SCHEMAS = "WITH n AS (SELECT * FROM pg_catalog.pg_namespace WHERE nspname = ANY(%(schemas)s))"

_TABLES = """
SELECT n.nspname, c.relname, concat_ws(' ',
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                 WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' END,
  CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, 'owned by ' || c.relowner::regrole, c.reloptions::text,
  CASE WHEN c.relrowsecurity THEN 'with row security' END)
FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_COLUMNS = """
SELECT n.nspname, c.relname || '.' || a.attname, concat_ws(' ',
  replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar'),
  CASE WHEN a.attcollation <> t.typcollation THEN 'collate ' || a.attcollation::regcollation END,
  CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END,
  CASE a.attidentity WHEN 'd' THEN 'by default as identity' WHEN 'a' THEN 'always as identity' END,
  CASE WHEN d.oid IS NOT NULL THEN
    CASE a.attgenerated WHEN 's' THEN 'stored ' WHEN 'v' THEN 'virtual ' ELSE 'default ' END
    || replace(pg_get_expr(d.adbin, d.adrelid), n.nspname || '.', '') END)
FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_INDEXES = """
SELECT n.nspname, t.relname || '.' || c.relname, replace(pg_get_indexdef(i.indexrelid), n.nspname || '.', '')
  || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' (invalid)' END
FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
"""
# What every column that may not be null has besides is told by the column.
_CONSTRAINTS = """
SELECT n.nspname, c.relname || '.' || k.conname, replace(pg_get_constraintdef(k.oid), n.nspname || '.', '')
FROM pg_catalog.pg_constraint k JOIN n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
WHERE k.contype <> 'n' OR NOT k.convalidated
"""
# The same for hashes, at a tenth of the cost for what is columns and nothing else. Columns are numbers here, which differ
# between equal tables when one of them once lost a column: then the words above are compared.
_INDEXES_BRIEF = """
SELECT n.nspname, c.relname, CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN
    concat_ws(' ', t.relname, c.relam, c.reloptions, i.indisunique, i.indisprimary, i.indisexclusion, i.indisvalid,
      i.indisready, i.indnullsnotdistinct, i.indnkeyatts, i.indkey, i.indclass, i.indcollation, i.indoption)
  ELSE concat_ws(' ', replace(pg_get_indexdef(i.indexrelid), n.nspname || '.', ''), i.indisvalid, i.indisready) END
FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
"""
_CONSTRAINTS_BRIEF = """
SELECT n.nspname, c.relname || '.' || k.conname, CASE WHEN k.contype IN ('p', 'u', 'f') THEN
    concat_ws(' ', k.contype, k.condeferrable, k.condeferred, k.convalidated, k.conkey, f.relname, f.relnamespace = n.oid,
      k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype, k.confdelsetcols)
  ELSE replace(pg_get_constraintdef(k.oid), n.nspname || '.', '') END
FROM pg_catalog.pg_constraint k JOIN n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
WHERE k.contype <> 'n' OR NOT k.convalidated
"""
_SEQUENCES = """
SELECT n.nspname, c.relname, concat_ws(' ', format_type(s.seqtypid, NULL), 'from', s.seqstart, 'by', s.seqincrement,
  'within', s.seqmin, s.seqmax, CASE WHEN s.seqcycle THEN 'cycling' END)
FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
"""
_FUNCTIONS = """
SELECT n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  replace(replace(replace(regexp_replace(pg_get_functiondef(p.oid), '[[:space:]]+', ' ', 'g'), n.nspname || '.', ''),
    '''' || n.nspname || '''', ''), 'TO ' || n.nspname || ',', 'TO ')
FROM pg_catalog.pg_proc p JOIN n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p')
"""
_TRIGGERS = """
SELECT n.nspname, c.relname || '.' || t.tgname, replace(pg_get_triggerdef(t.oid), n.nspname || '.', '')
FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
"""
_TYPES = """
SELECT n.nspname, t.typname, CASE t.typtype WHEN 'd' THEN 'domain of ' || format_type(t.typbasetype, t.typtypmod)
  WHEN 'e' THEN 'one of ' || (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
                              WHERE e.enumtypid = t.oid) ELSE 'range' END
FROM pg_catalog.pg_type t JOIN n ON n.oid = t.typnamespace
WHERE t.typtype IN ('d', 'e', 'r')
"""
# By whom but the owner what may be done; 0 is everybody. `role` stands for the tenant's own.
_GRANTS = """
SELECT held.schema, held.name, concat_ws(' ', CASE WHEN acl.grantee = 0 THEN 'everybody'
    WHEN acl.grantee = own.oid THEN 'role' ELSE acl.grantee::regrole::text END,
  string_agg(acl.privilege_type, ', ' ORDER BY acl.privilege_type))
FROM (
  SELECT n.nspname AS schema, 'schema' AS name, n.nspacl AS acl, n.nspowner AS owner
  FROM n
  UNION ALL
  SELECT n.nspname, c.relname, c.relacl, c.relowner FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT n.nspname, c.relname || '.' || a.attname, a.attacl, c.relowner
  FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
  UNION ALL
  SELECT n.nspname, p.proname || '()', COALESCE(p.proacl, acldefault('f', p.proowner)), p.proowner
  FROM pg_catalog.pg_proc p JOIN n ON n.oid = p.pronamespace
) held CROSS JOIN LATERAL aclexplode(held.acl) acl
LEFT JOIN pg_catalog.pg_roles own ON own.rolname = %(prefix)s || held.schema
WHERE acl.grantee <> held.owner
GROUP BY held.schema, held.name, acl.grantee, own.oid
"""

ASPECTS = {
    "table": _TABLES,
    "column": _COLUMNS,
    "index": _INDEXES,
    "constraint": _CONSTRAINTS,
    "sequence": _SEQUENCES,
    "function": _FUNCTIONS,
    "trigger": _TRIGGERS,
    "type": _TYPES,
    "grant": _GRANTS,
}
_BRIEF = {"index": _INDEXES_BRIEF, "constraint": _CONSTRAINTS_BRIEF}


def hashes(cursor: Any, aspect: str, schemas: Collection[str]) -> dict[str, Hash]:
    """For each schema how many things it has and what they come to, in any order. A schema without any is left out."""
    cursor.execute(
        f"{_SCHEMAS}, described (schema, name, description) AS ({_BRIEF.get(aspect, ASPECTS[aspect])})"  # noqa: S608 - all of it stands above
        " SELECT schema, count(*), bit_xor(hashtextextended(name || '=' || description, 0)) FROM described GROUP BY schema",
        _parameters(schemas),
    )
    return {schema: (number, value) for schema, number, value in cursor.fetchall()}


def hash_of(cursor: Any, wanted: Lines) -> Hash:
    """What `hashes` would give for a schema that holds just this."""
    cursor.execute(
        "SELECT count(*), bit_xor(hashtextextended(line, 0)) FROM unnest(%s::text[]) line",
        [[f"{name}={description}" for name, description in wanted.items()]],
    )
    number, value = cursor.fetchone()
    return number, value


def lines(cursor: Any, aspect: str, schemas: Collection[str]) -> dict[str, Lines]:
    """Everything of one aspect in each of the schemas, by name."""
    cursor.execute(f"{_SCHEMAS} {ASPECTS[aspect]}", _parameters(schemas))
    return _by_schema(schemas, cursor.fetchall())


def _by_schema(schemas: Collection[str], rows: Iterable[tuple[str, str, str]]) -> dict[str, Lines]:
    found: dict[str, Lines] = {schema: {} for schema in schemas}
    for schema, name, description in rows:
        held = found[schema].get(name)
        found[schema][name] = description if held is None else "; ".join(sorted((held, description)))
    return found


def _parameters(schemas: Collection[str]) -> dict[str, Any]:
    return {"schemas": list(schemas), "prefix": tenant_role("")}
