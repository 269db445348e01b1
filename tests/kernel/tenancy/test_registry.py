"""A schema without a row, a row without a schema, a role nobody can take: each is told until it is mended."""

import logging
import re
import secrets
from collections.abc import Iterator

import pytest

from kernel import clock, jobs
from kernel.observe import metrics
from kernel.tenancy import Business, platform_scope
from kernel.tenancy.fleet import registry
from kernel.tenancy.models import ReadySchema
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import ensure_role
from kernel.tenancy.scope import schema_scope
from shared_apps.tenants.models import Tenant
from tests.support.people import admin
from tests.support.sql import ddl_cursor


def looked(*schemas: str) -> list[tuple[str, str]]:
    """What the job finds of these schemas; of others, made by other tests, it may find what it likes."""
    with platform_scope():
        jobs.put("tenants.registry_look")
    jobs.drain()
    with platform_scope():
        return list(
            registry.faults().filter(schema__in=schemas).order_by("schema", "fault").values_list("schema", "fault")
        )


def run(statement: str) -> None:
    with ddl_cursor("public") as cursor:
        cursor.execute(statement)


def state_set(schema: str, state: str) -> None:
    with schema_scope("public"):
        assert ReadySchema.objects.using("ddl").filter(name=schema).update(state=state) == 1


@pytest.fixture
def stray() -> Iterator[str]:
    """A schema and nothing else, under a number that no other database of this server has: roles are all of theirs."""
    schema = f"t_{10**9 + secrets.randbelow(10**9)}"
    run(f"CREATE SCHEMA {schema}")
    yield schema
    run(f"DROP SCHEMA IF EXISTS {schema}")
    run(f"DROP ROLE IF EXISTS {tenant_role(schema)}")
    with schema_scope("public"):
        ReadySchema.objects.using("ddl").filter(name=schema).delete()


def test_each_fault_is_told_until_it_is_mended(academy: Business, stray: str, caplog: pytest.LogCaptureFixture) -> None:
    schemas, desk = (academy.schema, stray), admin("operations")
    assert looked(*schemas) == [(stray, "no row")]
    assert looked(*schemas) == [(stray, "no row")], "told once, however often it is looked at"
    with schema_scope("public"):
        ReadySchema.objects.using("ddl").create(number=int(stray[2:]), name=stray, made_at=clock.now())
    caplog.clear()
    with caplog.at_level(logging.INFO, logger=registry.__name__):
        assert looked(*schemas) == [(stray, "no role")]
    told = [(one.message, one.fault) for one in caplog.records if getattr(one, "schema", "") == stray]
    assert told == [("registry.mended", "no row"), ("registry.fault", "no role")]
    assert re.search(r"^shala_registry_faults [1-9]", metrics.text().decode(), re.MULTILINE)
    assert "not as registered" in desk.page("GET", "/").content.decode()
    page = desk.page("GET", "/health").content.decode()
    assert (stray in page, "Nobody can work in it" in page) == (True, True)

    ensure_role(stray)
    assert looked(*schemas) == []
    assert stray not in desk.page("GET", "/health").content.decode()
    run(f"ALTER SCHEMA {stray} RENAME TO {stray}_away")
    assert looked(*schemas) == [(stray, "no schema")]
    run(f"ALTER SCHEMA {stray}_away RENAME TO {stray}")
    for schema, state, fault in (
        (stray, "dropped", "not dropped"),
        (stray, "taken", "no tenant"),
        (academy.schema, "ready", "not taken"),
    ):
        with schema_scope("public"):
            before = ReadySchema.objects.using("ddl").get(name=schema).state
        state_set(schema, state)
        assert looked(*schemas) == [(schema, fault)]
        state_set(schema, before)
    assert looked(*schemas) == []
    # Who has left has no schema any more.
    tenants = Tenant.objects.filter(pk=academy.id)
    with platform_scope():
        tenants.update(state="deleted")
    assert looked(*schemas) == [(academy.schema, "no tenant")]
    with platform_scope():
        tenants.update(state="active")
    assert looked(*schemas) == []
