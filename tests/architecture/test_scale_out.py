"""What lets schemas be spread over machines: each is whole by itself, and no statement needs two of them at once.

Keys of models and their places are held by `test_models.py`, triggers in the sources by `rules.py`, keys and triggers of
a schema as it stands by `tests/kernel/tenancy/test_schemas.py`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from kernel.tenancy.schemas import TEMPLATE_SCHEMA
from scripts.stack.layout import ROOT
from scripts.stack.sources import tracked
from tests.architecture.test_models import EVERY_SCHEMA
from tests.support.sql import ddl_cursor

_SQL = re.compile(r"\b(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|CALL|FROM|JOIN)\b")
_PUBLIC = re.compile(r"(?<![\w.])\"?public\"?\.\"?(\w+)")
_NUMBERED = re.compile(r"(?<![\w.])\"?t_\d+\"?\.")
_SUBSELECT_VALUES = re.compile(r"INSERT\s+INTO\s+[\w.\"{}]+\s*(\([^)]*\))?\s*VALUES\s*\([^;]*?\(\s*SELECT", re.I)


def statements(source: str) -> Iterator[tuple[int, str]]:
    """Literals that are SQL, where they begin."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            if _SQL.search(node.value):
                yield node.lineno, node.value


def reaching_out(source: str, *, is_public_only: bool = False) -> Iterator[str]:
    """SQL of a tenant's code that needs more than the tenant's schema and the listed functions of public.

    What stands in public alone may name its own tables; a numbered schema is nobody's to name.
    """
    for line, text in statements(source):
        named = set() if is_public_only else set(_PUBLIC.findall(text)) - set(settings.TENANT_FUNCTIONS)
        if named:
            yield f"{line}: public.{', public.'.join(sorted(named))}"
        if _NUMBERED.search(text):
            yield f"{line}: another schema"
        if _SUBSELECT_VALUES.search(text):
            yield f"{line}: VALUES with a subselect"


def works_in_public(file: Path) -> bool:
    """Migrations make the functions of public; bundles and the kernel's own tables are the operator's work."""
    app = next((name for name in EVERY_SCHEMA if file.as_posix().removeprefix("platform/").startswith(_path(name))), "")
    return "migrations" in file.parts or not (app or file.parts[0] == "tenant_apps")


def _path(app: str) -> str:
    return app.replace(".", "/") + "/"


def test_no_statement_needs_two_schemas() -> None:
    rooms = ("tenant_apps", "shared_apps", "platform")
    files = [file for file in tracked(".py") if file.parts[0] in rooms and file.parts[1] != "connectors"]
    found = {
        file.as_posix(): broken
        for file in files
        if (broken := list(reaching_out((ROOT / file).read_text(), is_public_only=works_in_public(file))))
    }
    assert found == {}
    assert sum(not works_in_public(file) for file in files) > 100


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT * FROM public.tenants_tenant", "1: public.tenants_tenant"),
        ('SELECT 1 FROM a JOIN "public"."plans_plan" p USING (id)', "1: public.plans_plan"),
        ("SELECT sum(n) FROM t_7.ledger_transfer", "1: another schema"),
        ("INSERT INTO a (b) VALUES (1, (SELECT max(c) FROM a))", "1: VALUES with a subselect"),
    ],
)
def test_a_statement_that_does_is_seen(text: str, why: str) -> None:
    assert list(reaching_out(f"x = {text!r}")) == [why]
    assert list(reaching_out("x = 'SELECT * FROM public.job_put(%s, %s)'")) == []


CATALOGUE = {
    "keys that the database gives": """
        SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, NULL)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
        WHERE c.relnamespace = %s::regnamespace AND i.indisprimary
          AND (a.attidentity <> '' OR a.atthasdef)
        ORDER BY 1""",
    "tables without a key": """
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) ORDER BY 1""",
    "what cannot be spread": """
        SELECT c.relkind::text || ' ' || c.relname FROM pg_class c WHERE c.relnamespace = %s::regnamespace
        AND (c.relkind IN ('p', 'f', 'm', 'v') OR c.relrowsecurity
             OR EXISTS (SELECT FROM pg_inherits h WHERE c.oid IN (h.inhrelid, h.inhparent))) ORDER BY 1""",
    "numbers counted by one machine": "SELECT c.relname FROM pg_class c"
    " WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'S' ORDER BY 1",
}
FUNCTIONS = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = %s::regnamespace"


def test_a_schema_as_it_stands_is_whole() -> None:
    with ddl_cursor(TEMPLATE_SCHEMA) as cursor:
        found = {}
        for what, query in CATALOGUE.items():
            cursor.execute(query, [TEMPLATE_SCHEMA])
            found[what] = [row[0] for row in cursor.fetchall()]
        cursor.execute(FUNCTIONS, [TEMPLATE_SCHEMA])
        functions = cursor.fetchall()
    # Django's own list of what was migrated, which nothing refers to.
    own = {"django_migrations.id bigint"}, {"django_migrations_id_seq"}
    assert set(found.pop("keys that the database gives")) - own[0] == set()
    assert set(found.pop("numbers counted by one machine")) - own[1] == set()
    assert found == {"tables without a key": [], "what cannot be spread": []}
    reaching = {name for name, body in functions if list(reaching_out(repr(body)))}
    assert reaching == set()
    assert [name for name, _ in functions] == ["ledger_post"]


def test_the_operator_looks_into_tenants_for_listed_purposes_only() -> None:
    named = set()
    for file in tracked(".py"):
        if file.parts[0] in ("shared_apps", "platform", "tenant_apps"):
            named |= set(re.findall(r"visited_for=\"([\w.]+)\"", (ROOT / file).read_text()))
    assert named <= settings.VISITS
