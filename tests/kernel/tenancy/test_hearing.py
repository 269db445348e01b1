"""Every process hears which tenant changed, whoever changed it; one that hears nothing trusts nothing for long."""

import os
import time
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from kernel import clock
from kernel.ids import uuid7
from kernel.tenancy import Business, business_by_host, business_by_schema, directory, hearing, platform_scope
from kernel.tenancy.hearing import NAME, Ear
from shared_apps.tenants.models import Host, Tenant
from tests.support.database import superuser_url
from tests.support.sql import ddl_cursor
from tests.support.workers import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beat is waited for here again and again."""
    monkeypatch.setattr(hearing, "BEAT_SECONDS", 0.05)


def host_of(business: Business) -> str:
    return f"{business.slug}.localhost"


def find(business: Business) -> Business:
    """Find a business in every way, by a process that hears."""
    begun = time.monotonic()
    found = business_by_host(host_of(business))
    until(lambda: directory._ear.has_heard(begun), seconds=5)
    # Found before it began to listen, it would have been forgotten.
    found = business_by_host(host_of(business))
    assert found is not None
    assert business_by_schema(business.schema) == found
    return found


def wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end, seconds=seconds + 5)


def is_older_than_trust(business: Business) -> bool:
    """Whether it is known since longer than anything is trusted unheard, though it was asked for just now."""
    business_by_host(host_of(business))
    read, _ = directory._by_host._known.get(host_of(business), (time.monotonic(), None))
    return time.monotonic() - read > directory.TRUSTED_SECONDS


def test_what_was_found_is_asked_for_once_however_long_it_is_served(academy: Business, library: Business) -> None:
    found = [find(academy), find(library)]
    until(lambda: is_older_than_trust(academy) and is_older_than_trust(library), seconds=20)
    with CaptureQueriesContext(connection) as asked:
        for _ in range(100):
            assert [business_by_host(host_of(one)) for one in (academy, library)] == found
    assert len(asked) == 0


def suspended(tenant: Tenant) -> None:
    Tenant.objects.filter(id=tenant.id).update(state="suspended")


def renamed(tenant: Tenant) -> None:
    tenant.name = "Another name"
    tenant.save(update_fields=["name"])


def released(tenant: Tenant) -> None:
    Host.objects.filter(tenant=tenant, kind="slug").update(released_at=clock.now())


def host_removed(tenant: Tenant) -> None:
    Host.objects.filter(tenant=tenant, kind="slug").delete()


def by_the_login_that_migrates(tenant: Tenant) -> None:
    with ddl_cursor("public") as cursor:
        cursor.execute("UPDATE tenants_tenant SET zone = 'UTC' WHERE id = %s", [tenant.id])


def schema_brought_further(tenant: Tenant) -> None:
    with ddl_cursor("public") as cursor:
        cursor.execute("UPDATE tenancy_readyschema SET fingerprint = 'next' WHERE name = %s", [tenant.schema_name])


@pytest.mark.parametrize(
    "change", [suspended, renamed, released, host_removed, by_the_login_that_migrates, schema_brought_further]
)
def test_a_change_is_heard_whoever_made_it(
    academy: Business, library: Business, change: Callable[[Tenant], None]
) -> None:
    before = find(academy)
    other = find(library)
    with platform_scope():
        change(Tenant.objects.get(id=academy.id))
    until(lambda: not directory.known_by_host(host_of(academy))[0], seconds=1)
    with platform_scope():
        held = Host.objects.filter(domain=host_of(academy), released_at=None).exists()
        as_it_is = Tenant.objects.get(id=academy.id).business() if held else None
    now = business_by_host(host_of(academy))
    assert now == as_it_is
    assert (now, getattr(now, "fingerprint", "")) != (before, before.fingerprint)
    # Nobody else's is forgotten.
    with CaptureQueriesContext(connection) as asked:
        assert business_by_host(host_of(library)) == other
    assert len(asked) == 0


def test_a_host_nobody_had_is_found_once_somebody_takes_it(academy: Business) -> None:
    find(academy)
    name = f"taken-{academy.slug}.example"
    assert business_by_host(name) is None
    assert directory.known_by_host(name) == (True, None)
    with platform_scope():
        Host.objects.create(id=uuid7(), domain=name, kind="custom", tenant_id=academy.id, created_at=clock.now())
    until(lambda: business_by_host(name) == academy, seconds=1)


def test_a_suspension_is_seen_by_another_process_within_a_second(academy: Business) -> None:
    ready, says_ready = os.pipe()
    seen, says_seen = os.pipe()
    connections.close_all()
    child = os.fork()
    if child == 0:
        _watch(academy, says_ready, says_seen)
    assert os.read(ready, 1) == b"r"
    with platform_scope():
        Tenant.objects.filter(id=academy.id).update(state="suspended")
    committed = time.monotonic()
    moment, loads = os.read(seen, 100).decode().split()
    os.waitpid(child, 0)
    assert float(moment) - committed < 1
    # Waiting, it asked as often as a change was told: once for the one that was.
    assert int(loads) == 1


def _watch(business: Business, says_ready: int, says_seen: int) -> None:
    """The other process: serves a host for longer than anything is trusted unheard, and then until it is suspended."""
    try:
        directory.forget()
        find(business)
        loads: list[str] = []
        load = directory._load

        def noted(how: str, key: str) -> Business | None:
            loads.append(key)
            return load(how, key)

        directory._load = noted
        until(lambda: is_older_than_trust(business), seconds=20)
        loads.clear()
        os.write(says_ready, b"r")
        until(lambda: getattr(business_by_host(host_of(business)), "state", "") == "suspended", seconds=5)
        os.write(says_seen, f"{time.monotonic()} {len(loads)}".encode())
    finally:
        os._exit(0)


def test_who_hears_nothing_asks_again_after_a_second(academy: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "TRUSTED_SECONDS", 0.05)
    cache, asked = directory._Cache(Ear(lambda _: None)), 0

    def load() -> Business:
        nonlocal asked
        asked += 1
        return academy

    for expected in (1, 2, 3):
        assert cache.get("a", load) == academy
        assert cache.get("a", load) == academy
        assert asked == expected
        wait(0.06)
        assert not cache.known("a")[0]


def test_a_lost_line_forgets_all_and_is_opened_anew(academy: Business) -> None:
    find(academy)
    with psycopg.connect(superuser_url(), autocommit=True) as admin:
        ended = admin.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [NAME],
        ).fetchone()
    assert ended is not None
    assert ended[0] >= 1
    until(lambda: not directory.known_by_host(host_of(academy))[0], seconds=2)
    begun = time.monotonic()
    until(lambda: directory._ear.has_heard(begun), seconds=5)
    assert find(academy) == academy


def test_what_changed_while_it_was_read_is_not_kept(academy: Business) -> None:
    cache = directory._Cache()

    def load() -> Business:
        cache.drop(academy.schema)
        return academy

    assert cache.get("a", load) == academy
    assert not cache.known("a")[0]
