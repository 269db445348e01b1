"""The scope is compared at every cursor and set only where it differs, whatever happened to the connection before."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, ProgrammingError, connection, connections, transaction
from django.utils.module_loading import import_string
from psycopg import sql

from kernel.tenancy import Business, ScopeChanged, TenancyError, platform_business, platform_scope, tenant_scope
from kernel.tenancy.backend import base
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import schema_create
from shared_apps.accounts.models import User
from shared_apps.tenants.models import Tenant
from tests.support.sql import rows_of, schema_away

WHERE = "SELECT current_user, current_setting('search_path')"
Seen = Callable[[Business], int]


@pytest.fixture
def sets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that set a scope."""
    made: list[str] = []

    class Noting(psycopg.Cursor):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            # What bears no schema of ours is the probe of the database's address.
            if '"ext"' in (text := query if isinstance(query, str) else query.as_string()):
                made.append(text)
            return super().execute(query, *args, **options)

    monkeypatch.setattr(base.psycopg, "Cursor", Noting)
    return made


@pytest.fixture
def seen(sets: list[str]) -> Seen:
    """Query as a business, which must meet its own role and path; how many times the scope was set for it."""

    def look(business: Business) -> int:
        before = len(sets)
        with tenant_scope(business):
            assert rows_of(WHERE) == [(business.role, f"{business.schema}, ext")]
        return len(sets) - before

    connection.close()
    return look


def fail() -> None:
    with suppress(DatabaseError):
        rows_of("SELECT 1 / %s::int", 0)


def fail_in_a_block() -> None:
    with suppress(DatabaseError), transaction.atomic():
        rows_of("SELECT 1 / %s::int", 0)


def test_it_is_set_when_another_worked_before_and_then_is_free(
    academy: Business, other_academy: Business, seen: Seen, sets: list[str]
) -> None:
    turns = [academy, academy, academy, other_academy, other_academy, academy]
    assert [seen(one) for one in turns] == [1, 0, 0, 1, 0, 1]
    assert sets[0] == f'SET search_path TO "{academy.schema}", "ext"; SET ROLE "{academy.role}"'


def released() -> None:
    with transaction.atomic():
        rows_of(WHERE)


def rolled_back_by_hand() -> None:
    transaction.savepoint_rollback(transaction.savepoint())


def to_be_rolled_back() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)


def test_what_a_rollback_undoes_is_set_again_and_nothing_else(academy: Business, seen: Seen, sets: list[str]) -> None:
    def after(happening: Callable[[], object]) -> list[int]:
        """How often it is set from here to the first query afterwards, and for the second."""
        before = len(sets)
        happening()
        seen(academy)
        return [len(sets) - before, seen(academy)]

    with tenant_scope(academy):
        with transaction.atomic():
            assert seen(academy) == 1
            savepoints = {
                one: after(one) for one in (released, fail_in_a_block, rolled_back_by_hand, to_be_rolled_back)
            }
        assert savepoints == {
            released: [0, 0],
            fail_in_a_block: [1, 0],
            rolled_back_by_hand: [1, 0],
            to_be_rolled_back: [1, 0],
        }
        assert seen(academy) == 0, "a transaction that is committed"
        # Outside a transaction an error undoes nothing.
        others = {one: after(one) for one in (released, fail, fail_in_a_block, to_be_rolled_back, connection.close)}
        assert others == {
            released: [0, 0],
            fail: [0, 0],
            fail_in_a_block: [1, 0],
            to_be_rolled_back: [1, 0],
            connection.close: [1, 0],
        }


def test_after_each_of_these_another_tenant_meets_its_own(
    academy: Business, other_academy: Business, seen: Seen
) -> None:
    for happening in (fail, fail_in_a_block, connection.close):
        with tenant_scope(academy):
            happening()
        assert seen(other_academy) == 1, happening
        assert seen(academy) == 1, happening


def test_a_thread_sets_it_on_a_connection_of_its_own(academy: Business, other_academy: Business, seen: Seen) -> None:
    assert seen(academy) == 1
    counted: list[int] = []

    def work() -> None:
        try:
            counted.extend(seen(one) for one in (other_academy, other_academy))
        finally:
            connections.close_all()

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert counted == [1, 0]
    assert seen(academy) == 0


async def test_tasks_share_a_thread_and_never_a_scope(academy: Business, other_academy: Business) -> None:
    pair = [academy, other_academy]

    def sow(business: Business) -> None:
        with tenant_scope(business):
            User.objects.create(name=business.schema, phone="+919800000011")

    def elsewhere() -> str:
        try:
            return User.objects.get().name
        finally:
            connections.close_all()

    async def read(business: Business) -> set[str]:
        names: set[str] = set()
        with tenant_scope(business):
            for _ in range(3):
                first = await User.objects.afirst()
                names.add(first.name if first else "nobody")
                names.add(await sync_to_async(elsewhere, thread_sensitive=False)())
                names |= {user.name async for user in User.objects.all()}
                names.add((await User.objects.aget()).name)
        return names

    for business in pair:
        await sync_to_async(sow)(business)
    told = await asyncio.gather(*(read(pair[turn % 2]) for turn in range(16)))
    assert told == [{pair[turn % 2].schema} for turn in range(16)]


# Cursors of the server


@pytest.fixture
def many(academy: Business) -> list[str]:
    names = [f"U{number:03}" for number in range(250)]
    with tenant_scope(academy):
        User.objects.bulk_create(User(name=name, phone=f"+9198000{name[1:]:0>5}") for name in names)
    return names


def people() -> Iterator[str]:
    return (user.name for user in User.objects.order_by("name").iterator(chunk_size=50))


def test_a_cursor_of_the_server_reads_on_in_its_scope(academy: Business, many: list[str]) -> None:
    with tenant_scope(academy), transaction.atomic():
        assert list(people()) == many
    with tenant_scope(academy):
        assert list(people()) == many, "outside a transaction it is held by the session"


def test_two_cursors_of_the_server_beside_other_work(academy: Business, seen: Seen, many: list[str]) -> None:
    with tenant_scope(academy):
        one, other = people(), people()
        read = [(next(one), next(other), seen(academy)) for _ in many]
    assert read == [(name, name, 0) for name in many]


def test_a_cursor_of_the_server_is_not_read_on_in_another_scope(
    academy: Business, other_academy: Business, many: list[str]
) -> None:
    with tenant_scope(academy):
        read = people()
        assert next(read) == many[0]
    with tenant_scope(other_academy), pytest.raises(ScopeChanged):
        list(read)
    with tenant_scope(academy):
        read = people()
        assert next(read) == many[0]
    with pytest.raises(ScopeChanged):
        list(read)


# Connections of a pool


@pytest.fixture
def pooled() -> Iterator[Any]:
    """As the process for sockets has it, with one connection that all hand around."""
    wrapper: Any = connections["default"].copy()
    wrapper.settings_dict["CONN_MAX_AGE"] = 0
    wrapper.settings_dict["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 10}
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def handed(pooled: Any, business: Business) -> tuple[tuple[str, str], int]:
    """Take the pool's connection, query as a business, hand it back; what was met, and by which session."""
    with tenant_scope(business), pooled.cursor() as cursor:
        cursor.execute(f"{WHERE}, pg_backend_pid()")
        user, path, session = cursor.fetchone()
    pooled.close()
    return (user, path), session


def test_a_connection_that_is_handed_on_is_set_anew(
    academy: Business, other_academy: Business, pooled: Any, sets: list[str]
) -> None:
    turns = [academy, other_academy, other_academy, academy]
    met = [handed(pooled, one) for one in turns]
    assert [where for where, _ in met] == [(one.role, f"{one.schema}, ext") for one in turns]
    assert len({session for _, session in met}) == 1
    assert len(sets) == 4
    # Handed back in the middle of a transaction, which is rolled back with all that was set in it.
    with tenant_scope(academy):
        pooled.set_autocommit(False)
        with pooled.cursor() as cursor:
            cursor.execute(WHERE)
        pooled.close()
    assert handed(pooled, other_academy) == ((other_academy.role, f"{other_academy.schema}, ext"), met[0][1])


def test_a_pools_connection_retires_after_many_schemas(
    academy: Business, other_academy: Business, pooled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "SCHEMAS_PER_CONNECTION", 1)
    sessions = [handed(pooled, one)[1] for one in (academy, academy, other_academy, academy)]
    assert sessions[0] == sessions[1] == sessions[2] != sessions[3]


# The library's own ways


@pytest.mark.parametrize(
    "way", ["schema_context", "tenant_context", "entered", "activated", "set_schema", "set_tenant"]
)
def test_the_librarys_ways_into_a_schema_are_closed(academy: Business, other_academy: Business, way: str) -> None:
    with platform_scope():
        row = Tenant.objects.get(schema_name=other_academy.schema)
    ways: dict[str, Callable[[], Any]] = {
        "schema_context": lambda: import_string("django_tenants.utils.schema_context")(row.schema_name).__enter__(),
        "tenant_context": lambda: import_string("django_tenants.utils.tenant_context")(row).__enter__(),
        "entered": row.__enter__,
        "activated": row.activate,
        "set_schema": lambda: connection.set_schema(row.schema_name),  # type: ignore[attr-defined]
        "set_tenant": lambda: connection.set_tenant(row),  # type: ignore[attr-defined]
    }
    with tenant_scope(academy):
        with pytest.raises(TenancyError, match="a connection has no tenant of its own"):
            ways[way]()
        assert rows_of(WHERE) == [(academy.role, f"{academy.schema}, ext")]


# A server that has not heard yet


@pytest.fixture
def new() -> Iterator[Business]:
    """A business with a role that no other test has."""
    schema = schema_create()
    yield replace(platform_business(), schema=schema, role=tenant_role(schema), kind="academy")
    schema_away(schema)


@contextmanager
def refused(role: str, monkeypatch: pytest.MonkeyPatch, times: int) -> Iterator[list[str]]:
    """The server refuses our login the role so many times, as it does while it does not know of it; its refusals."""
    login = connection.settings_dict["USER"]
    told: list[str] = []

    def change(text: str) -> None:
        owner = connections["ddl"].get_connection_params()
        with psycopg.connect(**owner, autocommit=True) as changing:
            changing.execute(sql.SQL(text).format(sql.Identifier(role), sql.Identifier(login)))

    class Refused(psycopg.Cursor):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            try:
                return super().execute(query, *args, **options)
            except psycopg.errors.InsufficientPrivilege as error:
                told.append(str(error))
                if len(told) == times:
                    change("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
                raise

    change("REVOKE {} FROM {}")
    with monkeypatch.context() as patched:
        patched.setattr(base.psycopg, "Cursor", Refused)
        try:
            yield told
        finally:
            change("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")


def test_a_role_the_server_does_not_know_yet_is_asked_for_again(
    new: Business, academy: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = [(new.role, f"{new.schema}, ext")]
    refusal = f'permission denied to set role "{new.role}"'
    with refused(new.role, monkeypatch, times=1) as told:
        with tenant_scope(new):
            assert rows_of(WHERE) == where
        assert told == [refusal]
        with tenant_scope(academy):
            rows_of(WHERE)
    with refused(new.role, monkeypatch, times=1) as told, tenant_scope(new), transaction.atomic():
        assert rows_of(WHERE) == where, "what a transaction begins with"
        fail_in_a_block()
        assert rows_of(WHERE) == where
        assert told == [refusal]
    connection.close()
    with refused(new.role, monkeypatch, times=9) as told, tenant_scope(new):
        with pytest.raises(ProgrammingError, match="permission denied to set role"):
            rows_of(WHERE)
        assert told == [refusal] * 2, "a role it may not take stays refused"
    with tenant_scope(new):
        assert rows_of(WHERE) == where
