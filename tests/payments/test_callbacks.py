"""What comes through the callback doors: believed by signature, followed by fetching the truth, counted once."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from kernel import jobs
from kernel.inbox.models import Inbox
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.payments import services
from shared_apps.payments.models import GatewayAccount, Payment
from tests.connectors.conftest import Heard
from tests.payments.conftest import Till, deliver, signed

AMOUNT = {"cashfree": 150_000, "razorpay": 45_000}


def outcomes(business: Business) -> list[tuple[str, str]]:
    with platform_scope():
        calls = Inbox.objects.filter(business=business.schema).order_by("id")
        return [(one.state, one.reason) for one in calls]


@pytest.fixture(params=sorted(AMOUNT))
def gateway(request: pytest.FixtureRequest) -> str:
    return request.param


def paid_once(asha: Till, payment: Payment) -> None:
    now = asha.now_of(payment)
    assert now.state == "paid"
    assert now.receipt is not None
    books = asha.books()
    assert (books.settled, books.receipts, books.refunds, books.difference) == (
        now.amount_paise,
        now.amount_paise,
        0,
        0,
    )


def test_case_01_every_callback_thrice_and_shuffled_counts_once(asha: Till, gateway: str) -> None:
    asha.sandbox.webhooks(gateway, "hold")
    payment = asha.ask(AMOUNT[gateway])
    asha.pay(payment, "FAILED" if gateway == "cashfree" else "failed")
    asha.pay(payment)
    asha.sandbox.webhooks_flush(copies=3, shuffle=True)
    heard = asha.heard()
    assert len(heard) >= 6
    assert {deliver(asha.business, one) for one in heard} == {200}
    jobs.drain()
    paid_once(asha, payment)
    assert {state for state, _ in outcomes(asha.business)} == {"processed"}
    assert len(outcomes(asha.business)) == len({one.body for one in heard})


def test_case_09_a_new_delivery_id_around_a_known_body_has_no_second_effect(asha: Till) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)
    heard = asha.heard()
    for one in heard:
        assert deliver(asha.business, one) == 200
        assert deliver(asha.business, one, headers={"x-razorpay-event-id": "another"}) == 200
    jobs.drain()
    paid_once(asha, payment)
    assert len(outcomes(asha.business)) == len(heard)


def forged(one: Heard, kind: str) -> Heard:
    header = "x-razorpay-signature" if "razorpay" in one.path else "x-webhook-signature"
    document = json.loads(one.body)
    return {
        "one byte": lambda: replace(one, body=one.body.replace(b"1", b"2", 1)),
        "encoded anew": lambda: replace(one, body=json.dumps(document, indent=1).encode()),
        "no signature": lambda: replace(one, headers={k: v for k, v in one.headers.items() if k != header}),
        "blank": lambda: replace(one, headers={**one.headers, header: ""}),
        "not ascii": lambda: replace(one, headers={**one.headers, header: "हस्ताक्षर"}),
        "170 for 170.00": lambda: replace(one, body=one.body.replace(b".0,", b",").replace(b"00,", b"00.00,", 1)),
        "twice": lambda: replace(one, headers={**one.headers, header: f"{one.headers[header]}, x"}),
    }[kind]()


@pytest.mark.parametrize(
    "kind", ["one byte", "encoded anew", "170 for 170.00", "no signature", "blank", "not ascii", "twice"]
)
def test_cases_08_and_10_a_forged_callback_is_refused_and_changes_nothing(asha: Till, gateway: str, kind: str) -> None:
    asha.sandbox.webhooks(gateway, "hold")
    payment = asha.ask(AMOUNT[gateway])
    asha.pay(payment)
    asha.sandbox.webhooks_flush()
    bad = forged(asha.heard()[-1], kind)
    assert deliver(asha.business, bad) == 401
    jobs.drain()
    assert asha.now_of(payment).state == "pending"
    assert asha.money(payment) == []
    assert outcomes(asha.business) == [("refused", "signature")]


def test_case_06_another_businesss_callback_at_our_address_is_refused(
    asha: Till, till: Callable[[Business], Till], other_academy: Business
) -> None:
    gyan = till(other_academy)
    theirs = gyan.ask(45_000)
    gyan.pay(theirs)
    [*heard] = gyan.heard()
    assert {deliver(asha.business, one, gateway="razorpay") for one in heard} == {401}
    jobs.drain()
    assert asha.books().settled == 0
    assert gyan.now_of(theirs).state == "pending"
    assert {deliver(gyan.business, one) for one in heard} == {200}
    jobs.drain()
    paid_once(gyan, theirs)


def test_case_07_two_of_us_at_one_account_are_told_apart_by_our_own_names(
    asha: Till, till: Callable[[Business], Till], other_academy: Business
) -> None:
    gyan = till(other_academy)
    with tenant_scope(asha.business):
        account = services.credentials_of(GatewayAccount.objects.get(gateway="razorpay"))
    with tenant_scope(gyan.business):
        services.account_save(
            gateway="razorpay",
            environment="sandbox",
            key_id=account.key_id,
            key_secret=account.key_secret,
            webhook_secret=account.webhook_secrets[0],
            account_id=account.account_id,
        )
    payment = asha.ask(45_000)
    asha.pay(payment)
    assert {deliver(gyan.business, one) for one in asha.heard()} == {401}
    assert {reason for _, reason in outcomes(gyan.business)} == {"foreign"}
    jobs.drain()
    assert gyan.books().settled == 0


def test_case_14_a_success_that_is_still_pending_is_not_fulfilled(asha: Till) -> None:
    payment = asha.ask(150_000)
    tried = asha.pay(payment, "PENDING")
    [one] = asha.heard()
    assert json.loads(one.body)["type"] == "PAYMENT_SUCCESS_WEBHOOK"
    assert deliver(asha.business, one) == 200
    jobs.drain()
    assert asha.now_of(payment).state == "pending"
    assert asha.last(payment).state == "processing"
    assert asha.books().settled == 0
    asha.sandbox.payment_move("cashfree", tried, "SUCCESS")
    for later in asha.heard():
        deliver(asha.business, later)
    jobs.drain()
    paid_once(asha, payment)


def test_case_15_charges_told_later_are_no_second_credit(asha: Till) -> None:
    payment = asha.ask(150_000)
    asha.pay(payment)
    [one] = asha.heard()
    assert deliver(asha.business, one) == 200
    jobs.drain()
    with tenant_scope(asha.business):
        account = services.credentials_of(GatewayAccount.objects.get(gateway="cashfree"))
    charges = one.body.replace(b"PAYMENT_SUCCESS_WEBHOOK", b"PAYMENT_CHARGES_WEBHOOK")
    assert deliver(asha.business, signed(account.key_secret, one, charges)) == 200
    jobs.drain()
    paid_once(asha, payment)


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"{", b'{"type": 5}', b'{"type":"WEBHOOK","data":{"test_object":{}}}']
)
def test_case_24_signed_bytes_that_ask_for_nothing(asha: Till, body: bytes) -> None:
    asha.pay(asha.ask(150_000))
    [one] = asha.heard()
    with tenant_scope(asha.business):
        account = services.credentials_of(GatewayAccount.objects.get(gateway="cashfree"))
    assert deliver(asha.business, signed(account.key_secret, one, body)) in (200, 401)
    jobs.drain()
    assert asha.books().settled == 0
    assert {state for state, _ in outcomes(asha.business)} <= {"ignored", "refused"}


def test_case_22_a_callback_about_an_unknown_order_waits_and_ends(asha: Till, clock) -> None:
    asha.pay(asha.ask(150_000))
    [one] = asha.heard()
    with tenant_scope(asha.business):
        account = services.credentials_of(GatewayAccount.objects.get(gateway="cashfree"))
    document = json.loads(one.body)
    document["data"]["order"]["order_id"] = f"{asha.business.public_id}-nowhere"
    document["data"]["payment"]["cf_payment_id"] = "1"
    stray = signed(account.key_secret, one, json.dumps(document).encode())
    assert deliver(asha.business, stray) == 200
    for _ in range(6):
        jobs.drain()
        clock.move(hours=1)
    assert outcomes(asha.business) == [("ignored", "payments.order_unknown")]


def test_case_03_late_failure_after_success_changes_nothing(asha: Till, gateway: str) -> None:
    payment = asha.ask(AMOUNT[gateway])
    tried = asha.pay(payment)
    asha.refresh(payment)
    asha.sandbox.payment_move(gateway, tried, "FAILED" if gateway == "cashfree" else "failed")
    for one in asha.heard():
        assert deliver(asha.business, one) == 200
    jobs.drain()
    paid_once(asha, payment)


def test_case_04_money_that_comes_two_days_after_a_failure_counts(asha: Till, clock) -> None:
    payment = asha.ask(45_000)
    tried = asha.pay(payment, "failed")
    asha.refresh(payment)
    clock.move(days=2)
    assert asha.refresh(payment).state == "expired"
    asha.sandbox.payment_move("razorpay", tried, "authorized")
    assert asha.refresh(payment).state == "paid"
    assert asha.money(payment)[0].state == "captured"
    paid_once(asha, payment)


@pytest.mark.parametrize("factor", ["one rupee", "paise for rupees"])
def test_case_13_another_amount_is_flagged_and_not_fulfilled(asha: Till, gateway: str, factor: str) -> None:
    payment = asha.ask(AMOUNT[gateway])
    came = 100 if factor == "one rupee" else payment.amount_paise * 100
    asha.pay(payment, amount_paise=came)
    for one in asha.heard():
        deliver(asha.business, one)
    jobs.drain()
    now = asha.now_of(payment)
    assert (now.state, now.flagged, now.receipt) == ("pending", True, None)
    books = asha.books()
    assert (books.settled, books.receipts, books.unmatched, books.difference) == (came, 0, came, 0)


def test_a_suspended_business_still_books_what_comes(asha: Till) -> None:
    from shared_apps.tenants.models import Tenant

    payment = asha.ask(45_000)
    asha.pay(payment)
    with platform_scope():
        Tenant.objects.filter(id=asha.business.id).update(state="suspended")
    from kernel.tenancy.directory import forget

    forget()
    assert {deliver(asha.business, one) for one in asha.heard()} == {200}
    jobs.drain()
    paid_once(asha, payment)
