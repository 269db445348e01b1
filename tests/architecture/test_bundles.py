"""A bundle leaves nothing out by oversight: every public table and every text of a tenant's schema is spoken for."""

from kernel.tenancy import copies
from kernel.tenancy.schemas import TEMPLATE_SCHEMA
from shared_apps.console.bundles.masks import LEFT_OUT, MASKED, PLAIN
from shared_apps.console.bundles.public_rows import NOT_A_TENANTS, OWNED

# What may hold words, numbers or addresses of a person: everything but keys, figures, moments and switches.
TEXTS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = %s AND udt_name NOT IN
  ('uuid', 'int2', 'int4', 'int8', 'numeric', 'bool', 'date', 'time', 'timestamptz', 'interval', '_int2', '_int4', '_uuid',
   'int4range', 'tstzrange')
"""


def test_every_public_table_is_a_tenants_or_is_said_not_to_be() -> None:
    with copies.moment("public") as moment:
        tables = {table.name for table in moment.tables()}
    assert tables == OWNED.keys() | NOT_A_TENANTS.keys()
    assert not OWNED.keys() & NOT_A_TENANTS.keys()


def test_every_text_of_a_tenant_is_masked_plain_or_left_out_of_a_sandbox() -> None:
    with copies.moment(TEMPLATE_SCHEMA) as moment:
        tables = {table.name for table in moment.tables()}
        texts = {(table, column) for table, column in moment.totals(TEXTS, [TEMPLATE_SCHEMA]) if table not in LEFT_OUT}
    said = [(table, column) for table, columns in (*MASKED.items(), *PLAIN.items()) for column in columns]
    assert set(said) == texts
    assert len(said) == len(set(said))
    assert tables >= LEFT_OUT
