"""Whatever is injected into a statement reads the caller's own business: the role and the protocol say so."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection

from kernel import clock
from kernel.ids import uuid7
from kernel.inbox.models import Inbox
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.backend import base
from kernel.tenancy.roles import system_role
from kernel.tenancy.scope import Scope
from shared_apps.accounts.models import User
from shared_apps.tenants.models import Tenant
from tests.kernel.conftest import Caller
from tests.security.payloads import PAYLOADS, SETTINGS, STACKED, UNIONS
from tests.support.sql import ddl_cursor, rows_of

LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)
# What the server itself tells an owner, and the statements that take another role where several may follow each other.
SERVERS_LEAKS = {
    "a large object",
    "statistics",
    "ts_stat",
    "what others are asking",
    "what others are asking, by function",
}
ROLE_TAKERS = {
    f"stacked: {trick}"
    for trick in (
        *("role", "local role", "no role, then another", "reset all", "the operator's role", "a cursor"),
        *("a block of PL/pgSQL", "a commit between", "prepare and execute"),
    )
}
OWN, FOREIGN = "canary-A", ("canary-b", "canary-p")


@dataclass
class Attacked:
    """Two businesses, what a payload may name of the second, and a way to send payloads as the first."""

    home: Business
    other: Business
    names: dict[str, str]

    def send(self, trick: str) -> str:
        """What the vulnerable view answers, then what it answers whoever uses the connection next.

        Each asks as a caller of its own, so that none is throttled.
        """
        said = ""
        for name in (PAYLOADS[trick].format_map(self.names), "' OR true --"):
            answer = Caller(self.home).get("/api/v1/lookup", {"name": name})
            assert answer.status_code in {200, 400}, answer.content
            said += answer.content.decode()
        return said

    def leaks(self, tricks: Iterable[str], *, cleaned: bool = False) -> set[str]:
        """The tricks whose answer holds a canary of the other business or of the operator.

        `cleaned` ends the connection after a trick that may have left it changed.
        """
        found = set()
        for trick in tricks:
            said = self.send(trick).lower()
            found |= {trick} if any(canary in said for canary in FOREIGN) else set()
            if cleaned and trick in SETTINGS | STACKED:
                connection.close()
        return found

    def state(self) -> list[Any]:
        """Everything that the payloads could change or take from the queue."""
        with tenant_scope(self.other):
            people = rows_of("SELECT u::text FROM accounts_user u ORDER BY 1")
        with platform_scope():
            work = rows_of("SELECT j::text FROM jobs_job j WHERE business = %s ORDER BY 1", self.other.schema)
            callbacks = rows_of("SELECT i::text FROM inbox i WHERE business = %s ORDER BY 1", self.other.schema)
        return [people, work, callbacks]


@pytest.fixture
def attacked(settings: Any, academy: Business, other_academy: Business) -> Iterator[Attacked]:
    settings.TENANT_URLCONF = "tests.security.vulnerable"
    names = {
        "other": other_academy.schema,
        "other_rest": other_academy.schema.removeprefix("t"),
        "role": other_academy.role,
        "platform": system_role("platform"),
        "app": str(connection.settings_dict["USER"]),
        "inbox": str(_callback(other_academy)),
        "job": str(_job(other_academy)),
        "object": str(_people_and_object(academy, other_academy)),
    }
    connection.close()
    with _somebody_asking(other_academy):
        yield Attacked(academy, other_academy, names)
    connection.close()
    with ddl_cursor(other_academy.schema) as cursor:
        cursor.execute("SELECT lo_unlink(%s::oid)", [names["object"]])
    from django.urls import set_urlconf

    set_urlconf(None)


def _people_and_object(home: Business, other: Business) -> int:
    with tenant_scope(home):
        User.objects.create(name=OWN, phone="+919800000011")
    with platform_scope():
        User.objects.create(name="canary-P", email=f"{home.slug}@platform.example")
        Tenant.objects.filter(schema_name=other.schema).update(owner_name="canary-B owner")
    with tenant_scope(other):
        User.objects.bulk_create(User(name=f"canary-B {n}", phone=f"+9198000001{n:02}") for n in range(40))
    with ddl_cursor(other.schema) as cursor:
        cursor.execute("ANALYZE accounts_user")
        cursor.execute("SELECT lo_from_bytea(0, 'canary-B')")
        return int(cursor.fetchone()[0])


def _callback(other: Business) -> UUID:
    with platform_scope():
        kept = Inbox.objects.create(
            id=uuid7(), business=other.schema, source="tests", endpoint="e", delivery_id=str(uuid7()), event="paid",
            body_sha256=uuid7().hex, handler="tests.callback", headers={}, body=b"canary-B", state="received",
            received_at=clock.now(), reason="canary-B",
        )  # fmt: skip
    return kept.id


def _job(other: Business) -> UUID:
    """Waiting since long before anything else, so that whoever claims what was due then takes this alone."""
    with platform_scope():
        waiting = Job.objects.create(
            id=uuid7(), business=other.schema, handler="tests.none", args={"canary": "canary-B"}, priority=0,
            due=LONG_AGO, created_at=LONG_AGO, started_at=clock.now(), cadence="canary-B", result={"canary": "canary-B"},
        )  # fmt: skip
    return waiting.id


@contextmanager
def _somebody_asking(other: Business) -> Iterator[None]:
    """Another connection whose last statement names the other business's canary."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as idle:
        idle.execute(f'SET ROLE "{other.role}"')
        idle.execute("SELECT 'canary-B is being asked for'")
        yield


def test_fifty_tricks_and_more_read_nothing_of_anybody_else(attacked: Attacked) -> None:
    assert len(PAYLOADS) >= 50
    assert len(set(PAYLOADS.values())) == len(PAYLOADS)
    before = attacked.state()
    assert attacked.leaks(PAYLOADS) == set()
    assert attacked.state() == before
    with tenant_scope(attacked.home):
        seen = rows_of("SELECT current_user, current_setting('search_path'), string_agg(name, ',') FROM accounts_user")
    assert seen == [(attacked.home.role, f"{attacked.home.schema}, ext", OWN)]


def test_without_roles_they_read_them(attacked: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema chosen by the search path alone, as the login that owns all of them."""
    ddl = django_settings.DATABASES["ddl"]

    def path_alone(self: base.DatabaseWrapper, scope: Scope | None) -> None:
        if scope is None or scope == self.applied:
            return
        with psycopg.Cursor(self.connection) as cursor:
            cursor.execute(f"SET search_path TO {', '.join(scope.path)}")
        self.applied = scope

    # Over before the fixtures end: what they still make is made for the app's own login.
    with monkeypatch.context() as patch:
        patch.setattr(base.DatabaseWrapper, "_apply", path_alone)
        patch.setattr(base, "refuse_leaks", lambda connect: None)  # it would take roles
        patch.setitem(connection.settings_dict, "USER", ddl["USER"])
        patch.setitem(connection.settings_dict, "PASSWORD", ddl["PASSWORD"])
        leaks = attacked.leaks(PAYLOADS, cleaned=True)
        connection.close()
    assert leaks == {*UNIONS, *SERVERS_LEAKS, "set_config: search path", "job_claim"}
    assert len(leaks) == 24


def test_in_the_simple_protocol_statements_that_follow_take_another_role(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(base._OneStatement, "_execute_send")
        leaks = attacked.leaks(STACKED, cleaned=True)
    assert leaks == ROLE_TAKERS
