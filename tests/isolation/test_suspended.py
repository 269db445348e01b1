"""A suspended business: its doors are shut by the code that says so, to its own people as to strangers; its staff may
still take their data along, and nothing changes anywhere."""

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponse

from kernel.tenancy import platform_scope
from kernel.tenancy.directory import forget
from shared_apps.tenants.models import Tenant
from tests.isolation.credentials import Try, ask
from tests.isolation.doors import TRACES, Door, doors, text_of
from tests.isolation.rows_tenant import ROWS
from tests.isolation.test_exports import export, lists
from tests.isolation.twins import Watch
from tests.isolation.world import World
from tests.support.people import Client, anyone

DOORS = [door for door in doors("config.urls_tenant") if door.key in ROWS]
ALWAYS = {
    *("accounts_login", "accounts_refresh", "accounts_verify", "accounts_logout", "accounts_me"),
    *("accounts_password_reset", "accounts_second_factor", "accounts_second_factor_enrol"),
    *("accounts_second_factor_confirm", "accounts_second_factor_disable", "accounts_recovery_codes"),
    *("plans_mine", "payments_return", "inbox_receive"),
    *("page_sign_in_staff", "page_sign_out", "page_password", "page_forgotten", "page_preferences", "page_offline"),
    # What a phone keeps of the place, how it looks, and what became of money that is under way.
    *("page_sign_out_everywhere", "page_manifest", "page_icon_svg", "page_icon_png", "page_worker"),
    *("page_brand", "page_logo", "page_payment_status", "page_pay_back", "page_pay_link", "page_pay_link_back"),
    *("page_receipt", "page_receipt_pdf", "page_receipt_check"),
    # What its staff may: pay the platform, and take everything along.
    *("credits_wallet", "credits_purchase", "page_credits", "page_credit_order", "page_credit_pay"),
    *("page_students_export", "page_export", "page_job"),
}


@pytest.fixture
def asleep(world: World) -> Iterator[Watch]:
    """Home suspended for a while, and a watch on it."""
    state_set(world, "suspended")
    try:
        yield Watch(world.home)
    finally:
        state_set(world, "active")


def state_set(world: World, state: str) -> None:
    with platform_scope():
        Tenant.objects.filter(schema_name=world.home.schema).update(state=state)
    forget()


def code_of(door: Door, answer: HttpResponse) -> str:
    said = text_of(answer)
    if door.is_page:
        # A page bears the name of the business whose host it is at, and the code in a mark of its own.
        said = re.sub(r"canary-[AB] Academy", "", said).replace('data-code="', '"code":"')
    assert not any(one.search(said) for one in TRACES["canary"]), f"{door} shows data: {said[:400]}"
    return said.partition('"code":"')[2].partition('"')[0]


def test_nothing_is_open_but_what_settles_the_bill(world: World, asleep: Watch) -> None:
    assert {door.name for door in DOORS if door.always} == ALWAYS
    own = (world.clients["owner"], world.clients["pupil"], anyone(world.home))
    shut = [door for door in DOORS if not door.always and not door.name.startswith("observe_")]
    assert len(shut) >= 110
    for door in shut:
        for client in own:
            answer = ask(world, Try(door, door.method, ROWS[door.key]), client)
            assert (answer.status_code, code_of(door, answer)) == (403, "tenancy.suspended"), f"{door}"
    assert asleep.look() == set()
    assert world.watch.look() == set()


def test_its_staff_take_their_data_along_and_nobody_else(world: World, asleep: Watch) -> None:
    found = lists(world)
    assert len(found) >= 18
    strangers = (world.strangers["owner"], world.clients["admin"], world.clients["pupil"])
    for door in found:
        by = ROWS[door.key].by
        if by == "pupil" or door.always:
            continue
        assert export(world, door, world.clients[by])[0] == 200, f"{door}"
        for client in (*(Client(world.home, token=one.token) for one in strangers), anyone(world.home)):
            status, _, text = export(world, door, client)
            # Who has yet to sign in at a page may be staff: they are asked to.
            said = (302, False) if door.is_page else (403, True)
            assert (status, "tenancy.suspended" in text) == said, f"{door}: {text[:300]}"
    assert asleep.look() == {"audit_entry"}  # who took the list of students
    assert world.watch.look() == set()
