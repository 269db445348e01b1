"""Hold, consume, release: to the unit, once per key, only ever in the caller's own wallet."""

from collections import Counter
from functools import partial

import pytest
from django.db import IntegrityError, ProgrammingError, connection
from django.db.transaction import atomic, set_rollback

from kernel.ids import uuid7
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.credits import selectors, services
from shared_apps.credits.errors import CreditsShort, HoldExceeded, HoldUnknown, ReferenceTaken
from shared_apps.credits.models import VendorReference
from shared_apps.ledger import selectors as ledger
from shared_apps.ledger.errors import KeyReused
from tests.support.racing import race, racing


def test_units_go_from_free_to_held_to_consumed_or_back(academy, filled, held, purse):
    filled(academy, 100)
    hold = held(academy, 60)
    assert purse(academy) == (40, 60, 0)
    with tenant_scope(academy):
        services.consume(hold=hold, units=45, vendor="msg91", reference="r1")
        assert services.release(hold=hold, units=5, key="five") == 5
        assert services.release(hold=hold) == 10
        assert services.release(hold=hold) == 0
    assert purse(academy) == (55, 0, 45)
    with platform_scope():
        assert ledger.discrepancies() == []
        assert selectors.schema_for_reference("msg91", "r1") == (academy.schema, hold)
        assert selectors.schema_for_reference("msg91", "r2") is None


def test_more_than_is_free_is_refused_and_the_transaction_lives_on(academy, filled, purse):
    filled(academy, 10)
    with tenant_scope(academy), atomic():
        with pytest.raises(CreditsShort) as refusal:
            services.hold(channel="sms", units=11, key="a")
        assert refusal.value.data == {"needed": 11, "available": 10, "channel": "sms"}
        assert (refusal.value.code, refusal.value.status) == ("credits.short", 402)
        services.hold(channel="sms", units=10, key="b")
    assert purse(academy) == (0, 10, 0)


def test_a_wallet_never_filled_is_empty(academy):
    with tenant_scope(academy):
        with pytest.raises(CreditsShort) as refusal:
            services.hold(channel="email", units=1, key="a")
    assert refusal.value.data["available"] == 0
    with platform_scope():
        assert ledger.balances(prefix=f"wallet:{academy.schema}") == []


def test_a_hold_ends_with_the_transaction_that_made_it(academy, filled, purse):
    filled(academy, 10)
    with tenant_scope(academy), atomic():
        services.hold(channel="sms", units=10, key="a")
        set_rollback(True)
    assert purse(academy) == (10, 0, 0)


def test_each_key_counts_once(academy, filled, purse):
    filled(academy, 100)
    with tenant_scope(academy):
        hold = services.hold(channel="sms", units=60, key="a")
        assert services.hold(channel="sms", units=60, key="a") == hold
        for _ in range(2):
            services.consume(hold=hold, units=20, vendor="msg91", reference=f"{hold}")
        services.consume(hold=hold, units=20, vendor="msg91", reference=f"{hold}", key="second")
        for _ in range(2):
            assert services.release(hold=hold, units=5, key="x") == 5
        with pytest.raises(KeyReused):
            services.hold(channel="sms", units=59, key="a")
        with pytest.raises(KeyReused):
            services.consume(hold=hold, units=1, vendor="msg91", reference=f"{hold}")
        with pytest.raises(KeyReused):
            services.release(hold=hold, units=6, key="x")
    assert purse(academy) == (45, 15, 40)


def test_no_more_than_the_hold_is_spent_or_given_back(academy, filled, held, purse):
    filled(academy, 100)
    hold = held(academy, 10)
    with tenant_scope(academy):
        services.consume(hold=hold, units=4, vendor="msg91", reference=f"{hold}")
        with pytest.raises(HoldExceeded) as refusal:
            services.consume(hold=hold, units=7, vendor="msg91", reference=f"{hold}-2")
        assert refusal.value.data == {"needed": 7, "left": 6}
        with pytest.raises(HoldExceeded):
            services.release(hold=hold, units=7, key="x")
        with pytest.raises(ValueError, match="under a key"):
            services.release(hold=hold, units=1)
    assert purse(academy) == (90, 6, 4)
    # The vendor has the message whatever the books say, so its report still finds the way.
    with platform_scope():
        assert selectors.schema_for_reference("msg91", f"{hold}-2") == (academy.schema, hold)


@pytest.mark.parametrize("units", [0, -1])
def test_only_whole_positive_units_are_held(academy, filled, purse, units):
    filled(academy, 10)
    with tenant_scope(academy), pytest.raises(IntegrityError):
        services.hold(channel="sms", units=units, key="a")
    assert purse(academy) == (10, 0, 0)


def test_anothers_hold_does_not_exist(academy, other_academy, filled, held, purse):
    filled(academy, 10)
    filled(other_academy, 10)
    hold = held(academy, 10)
    with tenant_scope(other_academy):
        with pytest.raises(HoldUnknown):
            services.consume(hold=hold, units=1, vendor="msg91", reference="stolen")
        with pytest.raises(HoldUnknown):
            services.release(hold=hold)
        with pytest.raises(HoldUnknown):
            services.release(hold=uuid7())
    assert purse(academy) == (0, 10, 0)
    assert purse(other_academy) == (10, 0, 0)


def test_the_same_key_at_two_businesses_is_two_holds(academy, other_academy, filled, held, purse):
    filled(academy, 10)
    filled(other_academy, 10)
    assert held(academy, 3) != held(other_academy, 4)
    assert (purse(academy), purse(other_academy)) == ((7, 3, 0), (6, 4, 0))


def test_a_vendor_reference_stays_with_its_first_business(academy, other_academy, filled, held, purse):
    filled(academy, 10)
    filled(other_academy, 10)
    mine, theirs = held(academy, 5), held(other_academy, 5)
    reference = str(uuid7())
    with tenant_scope(academy):
        services.consume(hold=mine, units=5, vendor="msg91", reference=reference)
    with tenant_scope(other_academy), pytest.raises(ReferenceTaken):
        services.consume(hold=theirs, units=5, vendor="msg91", reference=reference)
    assert purse(other_academy) == (5, 5, 0)
    with platform_scope():
        assert VendorReference.objects.filter(reference=reference).count() == 1


def test_a_vendor_without_references_is_nobodys_first(academy, other_academy, filled, held, purse):
    for one in (academy, other_academy):
        filled(one, 10)
        hold = held(one, 10)
        with tenant_scope(one):
            services.consume(hold=hold, units=10, vendor="smtp", reference="")
        assert purse(one) == (0, 0, 10)
    with platform_scope():
        assert not VendorReference.objects.filter(vendor="smtp").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM public.ledger_account WHERE code = %s",
        "UPDATE public.ledger_account SET posted = posted + 1 WHERE code = %s",
        "DELETE FROM public.ledger_transfer WHERE debit = %s",
        "INSERT INTO public.vendor_reference (vendor, reference, schema, hold, at)"
        " SELECT 'msg91', %s, 't_1', gen_random_uuid(), clock_timestamp()",
        "SELECT * FROM public.credits_wallet WHERE schema = %s",
        "SELECT public.ledger_post(gen_random_uuid(), 'post', 'vendor:x:sms', %s, 5, 'credits', 'gift', 'gift', '',"
        " NULL, clock_timestamp())",
        "SELECT public.credits_owns(%s, gen_random_uuid())",
    ],
)
def test_a_tenants_role_reaches_no_wallet_by_hand(academy, filled, purse, statement):
    filled(academy, 10)
    with tenant_scope(academy), pytest.raises(ProgrammingError, match="permission denied"):
        with connection.cursor() as cursor:
            cursor.execute(statement, [f"wallet:{academy.schema}:sms"])
    assert purse(academy) == (10, 0, 0)


@pytest.mark.parametrize("statement", [
    "UPDATE ledger_account SET posted = posted + 1 WHERE code = %s",
    "DELETE FROM ledger_transfer WHERE debit = %s",
    "INSERT INTO ledger_account (code, unit, posted, held, outside) VALUES (%s || 'x', 'credits', 9, 0, false)",
    "UPDATE vendor_reference SET schema = %s",
])  # fmt: skip
def test_not_even_the_operators_role_writes_the_books_by_hand(academy, filled, statement):
    filled(academy, 10)
    with platform_scope(), pytest.raises(ProgrammingError, match="permission denied"):
        with connection.cursor() as cursor:
            cursor.execute(statement, [f"wallet:{academy.schema}:sms"])


def test_the_operator_sends_from_a_wallet_of_its_own(platform, filled, purse):
    before = purse(platform)
    filled(platform, 5)
    key = str(uuid7())
    with platform_scope():
        hold = services.hold(channel="sms", units=2, key=key)
        services.consume(hold=hold, units=2, vendor="msg91", reference=key)
    assert purse(platform) == (before[0] + 3, before[1], before[2] + 2)


def test_thirty_two_racing_holds_on_the_last_ten_units(academy, filled, purse):
    def one(index, round_):
        with tenant_scope(academy), atomic():
            services.hold(channel="sms", units=1, key=f"racer {round_} {index}")
            return "held"

    with racing(32) as round_of:
        for round_ in range(20):
            filled(academy, 10)
            assert round_of(partial(one, round_=round_)) == Counter({"held": 10, CreditsShort: 22}), round_
            assert purse(academy) == (0, 10 * (round_ + 1), 0)


def test_thirty_two_racers_with_one_key_hold_once(academy, filled, purse):
    def one(index, round_):
        with tenant_scope(academy), atomic():
            return services.hold(channel="sms", units=10, key=f"same {round_}")

    with racing(32) as round_of:
        for round_ in range(5):
            filled(academy, 10)
            assert list(round_of(partial(one, round_=round_)).values()) == [32]
            assert purse(academy) == (0, 10 * (round_ + 1), 0)


def test_consuming_and_releasing_race_for_what_is_left_of_a_hold(academy, filled, held, purse):
    filled(academy, 10)
    hold = held(academy, 10)

    def one(index):
        with tenant_scope(academy), atomic():
            if index % 2:
                return f"released {services.release(hold=hold, units=1, key=str(index))}"
            services.consume(hold=hold, units=1, vendor="msg91", reference=f"{hold}-{index}")
            return "consumed"

    outcomes = race(32, one)
    assert outcomes[HoldExceeded] == 22
    assert purse(academy) == (outcomes["released 1"], 0, outcomes["consumed"])
    assert outcomes["released 1"] + outcomes["consumed"] == 10
