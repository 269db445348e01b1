"""Work without a scope, or in the wrong one, is an error; nothing falls back to the operator's schema."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from zoneinfo import ZoneInfoNotFoundError

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, ProgrammingError, connection, connections, transaction
from django.utils import timezone, translation

from kernel import clock
from kernel.tenancy import (
    Business,
    ScopeChanged,
    ScopeMissing,
    ScopeNesting,
    TenancyError,
    business_scope,
    current,
    current_or_none,
    platform_scope,
    system_scope,
    tenant_scope,
)
from shared_apps.accounts.models import User
from shared_apps.tenants.models import Tenant
from tests.support.racing import race
from tests.support.sql import ddl_cursor, rows_of


def test_no_scope_no_query() -> None:
    with pytest.raises(ScopeMissing):
        User.objects.count()
    with pytest.raises(ScopeMissing):
        current()


def test_a_tenant_sees_its_schema_under_its_role_and_path(academy: Business) -> None:
    with tenant_scope(academy):
        seen = rows_of("SELECT current_user, current_setting('search_path'), public.caller_schema()")
    assert seen == [(academy.role, f"{academy.schema}, ext", academy.schema)]


def test_two_tenants_hold_their_own_rows(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        User.objects.create(name="Asha", phone="+919800000011")
    with tenant_scope(other_academy):
        assert User.objects.count() == 0
    with tenant_scope(academy):
        assert list(User.objects.values_list("name", flat=True)) == ["Asha"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {other}.accounts_user WHERE %s",
        "SELECT * FROM public.tenants_tenant WHERE %s",
        "SELECT * FROM public.jobs_job WHERE %s",
        "UPDATE public.tenants_tenant SET name = 'x' WHERE %s",
        "SELECT set_config('role', '{role}', false) WHERE %s",
        "SELECT set_config('search_path', '{other}', false) WHERE %s",
        "CREATE TABLE planted AS SELECT 1 WHERE %s",
    ],
)
def test_a_tenants_role_reaches_nothing_else(academy: Business, other_academy: Business, statement: str) -> None:
    with tenant_scope(academy), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        rows_of(statement.format(other=other_academy.schema, role=other_academy.role), True)


def test_a_statement_with_a_parameter_is_one_statement(academy: Business) -> None:
    with tenant_scope(academy), pytest.raises(ProgrammingError, match="multiple commands"):
        rows_of("SELECT %s; RESET ROLE", 1)


def test_a_missing_table_is_an_error_never_the_operators_table(academy: Business, other_academy: Business) -> None:
    with platform_scope():
        User.objects.create(name="Operator", email=f"{academy.slug}@platform.example")
    with ddl_cursor(academy.schema) as cursor:
        cursor.execute(f'DROP TABLE "{academy.schema}".accounts_user CASCADE')
    with tenant_scope(academy), pytest.raises(ProgrammingError, match='"accounts_user" does not exist'):
        User.objects.count()
    with tenant_scope(other_academy):
        assert User.objects.count() == 0


def test_dropping_one_tenant_leaves_the_others_exclusion_constraint(library: Business, academy: Business) -> None:
    with ddl_cursor(academy.schema) as cursor:
        cursor.execute(f'DROP SCHEMA "{academy.schema}" CASCADE')
    with tenant_scope(library):
        standing = rows_of(
            "SELECT count(*) FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace"
            " WHERE n.nspname = %s AND c.contype = 'x'",
            library.schema,
        )
    assert standing[0][0] >= 1


def test_scopes_of_two_businesses_do_not_nest(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        for inner in (tenant_scope(other_academy), platform_scope()):
            with pytest.raises(ScopeNesting), inner:
                pass
        with tenant_scope(academy), business_scope(academy):
            assert current() == academy
    with platform_scope(), pytest.raises(ScopeNesting), tenant_scope(academy):
        pass


def test_a_scope_cannot_change_inside_a_transaction(academy: Business) -> None:
    with tenant_scope(academy), transaction.atomic():
        with pytest.raises(ScopeNesting), system_scope("directory"):
            pass
        with pytest.raises(ScopeNesting), platform_scope(on_behalf_of=academy, purpose="credits.buy"):
            pass


def test_a_crossing_has_a_listed_purpose_and_a_narrow_role(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        with pytest.raises(ScopeNesting), platform_scope(on_behalf_of=academy, purpose="reading.everything"):
            pass
        with pytest.raises(ScopeNesting), platform_scope(on_behalf_of=other_academy, purpose="credits.buy"):
            pass
        with platform_scope(on_behalf_of=academy, purpose="credits.buy"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                Tenant.objects.values_list("owner_phone").first()
            with pytest.raises(ProgrammingError, match="permission denied"):
                User.objects.count()
        assert User.objects.count() == 0


def test_the_operators_visit_has_a_listed_purpose(academy: Business) -> None:
    with platform_scope():
        with pytest.raises(ScopeNesting), tenant_scope(academy, visited_for="curiosity"):
            pass
        with tenant_scope(academy, visited_for="console.stats"):
            assert rows_of("SELECT current_user")[0][0] == academy.role
        Tenant.objects.count()


def test_a_new_thread_has_no_scope(academy: Business) -> None:
    seen: list[object] = []

    def work() -> None:
        try:
            User.objects.count()
        except TenancyError as error:
            seen.append(type(error))
        finally:
            connections.close_all()

    with tenant_scope(academy):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [ScopeMissing]


async def test_async_code_keeps_its_scope_and_a_task_without_one_fails(academy: Business) -> None:
    def count() -> int:
        with tenant_scope(academy):
            return User.objects.count()

    assert await sync_to_async(count)() == 0
    with pytest.raises(ScopeMissing):
        await asyncio.create_task(sync_to_async(User.objects.count)())


def test_a_rolled_back_savepoint_does_not_leave_another_scope_applied(
    academy: Business, other_academy: Business
) -> None:
    with tenant_scope(academy):
        User.objects.create(name="Asha", phone="+919800000011")
    # The connection is fresh, so the scope is first applied inside the savepoint and undone with it.
    connection.close()
    with tenant_scope(academy), transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic():
            rows_of("SELECT 1 / %s::int", 0)
        assert User.objects.count() == 1
    with tenant_scope(other_academy):
        assert User.objects.count() == 0


def test_a_rolled_back_transaction_does_not_leave_another_scope_applied(
    academy: Business, other_academy: Business
) -> None:
    with tenant_scope(academy):
        User.objects.count()
    with tenant_scope(other_academy), pytest.raises(DatabaseError), transaction.atomic():
        rows_of("SELECT 1 / %s::int", 0)
    with tenant_scope(other_academy):
        assert rows_of("SELECT current_user")[0][0] == other_academy.role


def test_a_cursor_does_not_outlive_its_scope(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        cursor = connection.cursor()
    with tenant_scope(other_academy), pytest.raises(ScopeChanged):
        cursor.execute("SELECT %s", [1])


def test_a_connection_retires_after_many_schemas(
    monkeypatch: pytest.MonkeyPatch, academy: Business, library: Business
) -> None:
    monkeypatch.setattr("kernel.tenancy.backend.base.SCHEMAS_PER_CONNECTION", 1)
    connection.close()
    for business in (academy, library):
        with tenant_scope(business):
            User.objects.count()
    first = _backend_of(library)
    connection.close_if_unusable_or_obsolete()
    assert _backend_of(library) != first


def _backend_of(business: Business) -> int:
    with tenant_scope(business):
        return int(rows_of("SELECT pg_backend_pid()")[0][0])


def test_threads_of_many_tenants_never_mix(academy: Business, other_academy: Business, library: Business) -> None:
    businesses = [academy, other_academy, library]
    for number, business in enumerate(businesses):
        with tenant_scope(business):
            User.objects.create(name=business.schema, phone=f"+91980000000{number}")

    def read(index: int) -> bool:
        right = True
        for turn in range(20):
            business = businesses[(index + turn) % len(businesses)]
            with tenant_scope(business):
                right &= list(User.objects.values_list("name", flat=True)) == [business.schema]
        return right

    assert race(8, read) == {True: 8}


def _shown() -> tuple[str, str, str | None]:
    return str(clock.zone()), timezone.get_current_timezone_name(), translation.get_language()


def test_a_scope_brings_a_zone_and_a_language_and_leaves_those_it_found(academy: Business) -> None:
    other = replace(academy, zone="Asia/Dubai", language="hi")
    outside, inside = ("UTC", "UTC", "en"), ("Asia/Dubai", "Asia/Dubai", "hi")
    for error in (None, ZeroDivisionError):
        with suppress(ZeroDivisionError), tenant_scope(other):
            assert _shown() == inside
            with translation.override("en"), tenant_scope(other):
                assert _shown() == inside
            assert _shown() == inside
            with translation.override("en"):
                with system_scope("directory"):
                    assert _shown() == ("Asia/Kolkata", "Asia/Kolkata", "en")
                assert _shown() == ("Asia/Dubai", "Asia/Dubai", "en")
            if error:
                raise error
        assert _shown() == outside
    with translation.override(None):
        with tenant_scope(other):
            assert _shown() == inside
        assert _shown() == ("UTC", "UTC", None)
    with pytest.raises(ZoneInfoNotFoundError), tenant_scope(replace(academy, zone="Asia/Nowhere", language="hi")):
        pass
    assert _shown() == outside
    assert current_or_none() is None


async def test_tasks_side_by_side_keep_their_own_zone_and_language(academy: Business, library: Business) -> None:
    both = asyncio.Barrier(2)

    async def seen(business: Business) -> list[tuple[str, str, str | None]]:
        found = []
        with tenant_scope(business):
            for _ in range(3):
                await both.wait()
                found += [_shown(), await sync_to_async(_shown)()]
        return found

    hindi = replace(library, zone="Asia/Dubai", language="hi")
    found = await asyncio.gather(seen(academy), seen(hindi))
    assert found == [[("Asia/Kolkata", "Asia/Kolkata", "en")] * 6, [("Asia/Dubai", "Asia/Dubai", "hi")] * 6]
    assert _shown() == ("UTC", "UTC", "en")
