"""The product keeps each rule of `rules.py`, and each rule is shown to bite by an example that breaks it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.stack.sources import tracked
from tests.architecture import rules

ROOMS = ("config", "platform", "shared_apps", "tenant_apps", "scripts", "tests")
Rule = Callable[[Path, str], Iterator[str]]

BROKEN: list[tuple[Rule, str, str]] = [
    (rules.sizes, "a/services.py", "x = 1\n" * 401),
    (rules.sizes, "a/services.py", "def long():\n" + "    pass\n" * 60),
    (rules.sizes, "a/services.py", "class A:\n    async def long(self):\n" + "        pass\n" * 60),
    (rules.made_up_sql, "a/services.py", 'cursor.execute(f"SELECT * FROM {table}")'),
    (rules.made_up_sql, "a/services.py", 'statement = f"UPDATE a SET b = {value}"'),
    (rules.made_up_sql, "a/services.py", 'statement = "DELETE FROM a WHERE id = " + id'),
    (rules.made_up_sql, "a/services.py", "statement = \"SELECT 1 FROM a WHERE b = '%s'\" % name"),
    (rules.made_up_sql, "a/services.py", 'statement = "INSERT INTO {} VALUES (1)".format(table)'),
    (rules.made_up_sql, "a/selectors.py", "RawSQL(begin + end, [])"),
    (rules.made_up_sql, "a/selectors.py", 'Seat.objects.raw(f"{query}")'),
    (rules.made_up_sql, "a/migrations/0001_initial.py", 'PublicSQL(f"CREATE TABLE {name} ()", "")'),
    (rules.signals, "a/handlers.py", "from django.db.models.signals import post_save"),
    (rules.signals, "a/handlers.py", "from django.db.models import signals"),
    (rules.signals, "a/handlers.py", "from django.dispatch import receiver"),
    (rules.signals, "a/handlers.py", "import django.dispatch"),
    (rules.schema_switches, "a/services.py", "from django_tenants.utils import schema_context"),
    (rules.schema_switches, "a/services.py", "with utils.tenant_context(tenant):\n    pass"),
    (rules.schema_switches, "a/services.py", 'connection.set_schema("t_1")'),
    (rules.schema_switches, "a/services.py", "connection.set_tenant(tenant)"),
    (rules.schema_switches, "a/services.py", "connection.set_schema_to_public()"),
    (rules.schema_switches, "a/services.py", "with tenant:\n    pass"),
    (rules.schema_switches, "a/services.py", "with atomic(), self.tenant as one:\n    pass"),
    (rules.schema_switches, "a/services.py", "with Tenant.objects.get(id=one):\n    pass"),
    (rules.schema_switches, "a/services.py", "tenant.activate()"),
    (rules.schema_switches, "a/services.py", "Tenant.deactivate()"),
    (rules.schema_switches, "a/services.py", "stack.enter_context(tenant)"),
    (rules.silent_services, "a/services.py", "def seat_book(*, seat):\n    pass"),
    (rules.silent_services, "a/services/booking.py", "async def seat_book(*, seat):\n    pass"),
    (rules.silent_modules, "a/selectors.py", "import uuid"),
    (rules.machine_times, "a/models.py", "made_at = models.DateTimeField(auto_now_add=True)"),
    (rules.machine_times, "a/models.py", "changed_at = models.DateTimeField(auto_now=True)"),
    (rules.unfinished, "a/services.py", "x = 1  # TODO: more"),
    (rules.unfinished, "tests/test_a.py", "@pytest.mark.skip\ndef test_a():\n    pass"),
    (rules.unfinished, "tests/test_a.py", "@pytest.mark.xfail(strict=True)\ndef test_a():\n    pass"),
    (rules.unfinished, "tests/test_a.py", 'def test_a():\n    pytest.skip("later")'),
    (rules.mocks, "tests/test_a.py", "from unittest.mock import patch"),
    (rules.mocks, "tests/test_a.py", "from unittest import mock"),
    (rules.pieces_of_a_schema, "a/migrations/0001_initial.py", 'EverySQL("CREATE EXTENSION pg_trgm", "")'),
    (rules.pieces_of_a_schema, "a/migrations/0001_initial.py", 'EverySQL("create or replace trigger t", "")'),
    (rules.pieces_of_a_schema, "a/migrations/0001_initial.py", 'EverySQL("CREATE TRIGGER t AFTER UPDATE ON a", "")'),
]

KEPT: list[tuple[Rule, str, str]] = [
    (rules.sizes, "a/services.py", "x = 1\n" * 400),
    (rules.sizes, "a/services.py", "def long():\n" + "    pass\n" * 59),
    (rules.made_up_sql, "a/services.py", 'cursor.execute("SELECT 1" " FROM a WHERE b = %s", [b])'),
    (rules.made_up_sql, "a/services.py", 'cursor.execute("SELECT 1" + " FROM a WHERE b = %s", [b])'),
    (rules.made_up_sql, "a/services.py", 'detail = f"Select a seat of {hall}"'),
    (rules.made_up_sql, "platform/kernel/http/sql.py", 'opening = f"SELECT {names}"'),
    (rules.made_up_sql, "a/occupancy_sql.py", 'opening = f"SELECT {names}"'),
    (
        rules.schema_switches,
        "platform/kernel/tenancy/backend/base.py",
        "def set_tenant(self, tenant):\n    raise Error",
    ),
    (rules.schema_switches, "a/services.py", "with tenant_scope(tenant.business()):\n    translation.activate(x)"),
    (rules.schema_switches, "a/services.py", "stack.enter_context(tenant_scope(business_of(tenant)))"),
    (
        rules.pieces_of_a_schema,
        "a/migrations/0001_initial.py",
        'PublicSQL("CREATE TRIGGER t AFTER UPDATE ON public.a")',
    ),
    (rules.silent_services, "a/services.py", "def _locked():\n    pass"),
    (rules.silent_services, "a/selectors.py", "def seat():\n    pass"),
    (rules.unfinished, "a/services.py", 'x = "TODO"  # what a form shows first'),
    (rules.silent_modules, "a/__init__.py", ""),
    (rules.silent_modules, "a/apps.py", "import django"),
]


def sources() -> list[Path]:
    return [file for file in tracked(".py") if file.parts[0] in ROOMS]


def held_to(file: Path) -> tuple[Rule, ...]:
    # What others would build is written as its own documentation says.
    if file.parts[0] == "tests" or "peers" in file.parts:
        return rules.TESTS
    return rules.MIGRATIONS if "migrations" in file.parts else rules.PRODUCT


def test_the_product_keeps_every_rule() -> None:
    wrong = []
    for file in sources():
        text = file.read_text()
        for rule in held_to(file):
            wrong += [f"{rule.__name__}: {what}" for what in rule(file, text)]
    assert wrong == []
    assert len(sources()) > 300


@pytest.mark.parametrize(("rule", "file", "source"), BROKEN)
def test_a_rule_bites(rule: Rule, file: str, source: str) -> None:
    broken = set(rule(Path(file), source))
    assert len(broken) == 1
    assert broken.pop().startswith(file)


@pytest.mark.parametrize(("rule", "file", "source"), KEPT)
def test_a_rule_lets_the_rest_be(rule: Rule, file: str, source: str) -> None:
    assert list(rule(Path(file), source)) == []


@pytest.mark.parametrize("name", ["schema_context", "tenant_context", "get_current_tenant"])
@pytest.mark.parametrize(
    "source", ["from django_tenants.utils import {}", "from django_tenants import utils\nutils.{}"]
)
def test_the_linter_refuses_the_librarys_ways_into_a_schema(name: str, source: str) -> None:
    line = [sys.executable, "-m", "ruff", "check", "--select=TID251", "--output-format=concise", "--no-cache", "-"]
    done = subprocess.run(line, input=source.format(name) + "\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("TID251")) == (1, 1), done.stdout + done.stderr


def test_every_rule_is_shown_to_bite() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(rules.PRODUCT)
