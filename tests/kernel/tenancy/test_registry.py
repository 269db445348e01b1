"""A schema without a row, a row without a schema, a role nobody can take: each is told until it is mended."""

import logging
import re
from collections.abc import Iterator

import pytest

from kernel import jobs
from kernel.observe import metrics
from kernel.tenancy import Business, platform_scope
from kernel.tenancy.fleet import registry
from kernel.tenancy.models import ReadySchema
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import schema_create, schema_drop
from kernel.tenancy.scope import schema_scope
from shared_apps.tenants.models import Tenant
from tests.support.people import admin
from tests.support.sql import ddl_cursor

STRAY = "t_990001"


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
def ready() -> Iterator[str]:
    schema = schema_create()
    yield schema
    schema_drop(schema, is_free=lambda: True)


@pytest.fixture
def stray() -> Iterator[str]:
    run(f"CREATE SCHEMA {STRAY}")
    yield STRAY
    run(f"DROP SCHEMA IF EXISTS {STRAY} CASCADE")


def test_each_fault_is_told_until_it_is_mended(
    academy: Business, ready: str, stray: str, caplog: pytest.LogCaptureFixture
) -> None:
    role, app = tenant_role(academy.schema), tenant_role("app")
    schemas = (academy.schema, ready, stray)
    desk = admin("operations")

    assert looked(*schemas) == [(stray, "no row")]
    assert looked(*schemas) == [(stray, "no row")], "told once, however often it is looked at"
    caplog.clear()
    # A row without a schema, in stock; a role that cannot be taken; a schema that was to be dropped.
    run(f"ALTER SCHEMA {ready} RENAME TO {stray}_away")
    run(f"REVOKE {role} FROM {app}")
    run(f"DROP SCHEMA {stray}")
    with caplog.at_level(logging.INFO, logger=registry.__name__):
        assert looked(*schemas) == sorted([(academy.schema, "no role"), (ready, "no schema")])
    told = [(one.message, one.schema, one.fault) for one in caplog.records if one.schema in schemas]  # type: ignore[attr-defined]
    assert sorted(told) == sorted(
        [
            ("registry.mended", stray, "no row"),
            ("registry.fault", academy.schema, "no role"),
            ("registry.fault", ready, "no schema"),
        ]
    )
    assert re.search(r"^shala_registry_faults [1-9]", metrics.text().decode(), re.MULTILINE)
    assert "not as registered" in desk.page("GET", "/").content.decode()
    page = desk.page("GET", "/health").content.decode()
    assert (ready in page, academy.schema in page, "Nobody can work in it" in page) == (True, True, True)

    run(f"ALTER SCHEMA {stray}_away RENAME TO {ready}")
    run(f"GRANT {role} TO {app} WITH INHERIT FALSE, SET TRUE")
    state_set(ready, "dropped")
    state_set(academy.schema, "ready")
    assert looked(*schemas) == sorted([(ready, "not dropped"), (academy.schema, "not taken")])
    state_set(ready, "taken")
    state_set(academy.schema, "taken")
    assert looked(*schemas) == [(ready, "no tenant")]
    state_set(ready, "ready")
    assert looked(*schemas) == []
    # Who has left has no schema any more.
    with platform_scope():
        Tenant.objects.filter(pk=academy.id).update(state="deleted")
    assert looked(*schemas) == [(academy.schema, "no tenant")]
    with platform_scope():
        Tenant.objects.filter(pk=academy.id).update(state="active")
    assert looked(*schemas) == []
    assert ready not in desk.page("GET", "/health").content.decode()
