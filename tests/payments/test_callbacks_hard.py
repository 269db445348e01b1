"""Callbacks at bad moments: at once, before what they speak of, of another mode, under replaced secrets, made of noise."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.payments.port import RefundRequest
from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.payments import services
from shared_apps.payments.models import GatewayAccount, Payment
from shared_apps.payments.services import opening
from shared_apps.payments.services.gateways import ROTATION
from tests.connectors.conftest import Heard
from tests.payments.conftest import Till, deliver, signed
from tests.support.days import receipt_of
from tests.support.people import Client
from tests.support.processes import dying_at
from tests.support.racing import race

AMOUNT = {"cashfree": 150_000, "razorpay": 45_000}


@pytest.fixture(params=sorted(AMOUNT))
def gateway(request: pytest.FixtureRequest) -> str:
    return request.param


def account_of(asha: Till, gateway: str) -> GatewayAccount:
    with tenant_scope(asha.business):
        return GatewayAccount.objects.get(gateway=gateway, state="active")


def secret_of(asha: Till, gateway: str) -> str:
    """What a gateway signs its callbacks with."""
    with tenant_scope(asha.business):
        given = services.credentials_of(account_of(asha, gateway))
    return given.key_secret if gateway == "cashfree" else given.webhook_secrets[0]


def paid_and_heard(asha: Till, gateway: str) -> tuple[Payment, Heard]:
    payment = asha.ask(AMOUNT[gateway])
    asha.pay(payment)
    return payment, asha.heard()[-1]


def test_case_02_captured_order_paid_and_the_return_page_at_once_fulfil_once(asha: Till) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)
    heard = asha.heard()
    assert len(heard) == 3

    def tell(index: int) -> int:
        if index % 4 == 3:
            return Client(asha.business).get(f"payments/return/{payment.reference}").status_code
        return deliver(asha.business, heard[index % 4])

    assert race(16, tell) == {200: 16}
    jobs.drain()
    now, books = asha.now_of(payment), asha.books()
    assert (now.state, now.receipt) == ("paid", receipt_of(1))
    assert (books.settled, books.receipts, books.difference) == (45_000, 45_000, 0)


def test_case_05_refund_before_payment_ends_alike_in_every_order(asha: Till) -> None:
    with tenant_scope(asha.business):
        client = services.client_of(account_of(asha, "razorpay"))
    for number, order in enumerate(permutations(range(3)), start=1):
        payment, known = asha.ask(45_000), len(asha.heard())
        tried = asha.pay(payment)
        reference = f"{asha.business.public_id}-desk{number}"
        client.refund_create(
            RefundRequest(
                reference=reference,
                order_reference=asha.last(payment).client_ref,
                gateway_payment_id=tried,
                amount_paise=45_000,
                currency="INR",
                idempotency_key=f"desk-{number:010d}",
                note="",
            )
        )
        told = [one for one in asha.heard()[known:] if json.loads(one.body)["event"] in KEPT]
        told.sort(key=lambda one: KEPT.index(json.loads(one.body)["event"]))
        for index in order:
            assert deliver(asha.business, told[index]) == 200
            jobs.drain()
        now = asha.now_of(payment)
        assert (now.state, now.refunded_paise) == ("refunded", 45_000)
        assert [(one.kind, one.state) for one in asha.refunds(payment)] == [("outside", "succeeded")]
        books = asha.books()
        assert (books.settled, books.receipts, books.refunds) == (0, 45_000 * number, 45_000 * number)
        assert books.difference == 0


KEPT = ["payment.captured", "order.paid", "refund.processed"]


def test_case_07_another_merchant_account_is_refused(asha: Till) -> None:
    payment, one = paid_and_heard(asha, "razorpay")
    document = {**json.loads(one.body), "account_id": "acc_another"}
    assert deliver(asha.business, signed(secret_of(asha, "razorpay"), one, json.dumps(document).encode())) == 401
    jobs.drain()
    assert (asha.now_of(payment).state, asha.books().settled) == ("pending", 0)


@pytest.mark.parametrize("stamp", ["1763600000", "1763600000000"])
def test_case_09_an_old_cashfree_timestamp_is_harmless_in_seconds_and_milliseconds(asha: Till, stamp: str) -> None:
    payment, one = paid_and_heard(asha, "cashfree")
    for _ in range(2):
        assert deliver(asha.business, signed(secret_of(asha, "cashfree"), one, one.body, stamp=stamp)) == 200
    jobs.drain()
    assert (asha.now_of(payment).state, asha.books().settled) == ("paid", 150_000)


@pytest.mark.parametrize("stamp", ["", "1", "now", "१७६३६०००००", "-763600000", "9" * 40])
def test_case_10_a_timestamp_that_is_none_is_refused(asha: Till, stamp: str) -> None:
    payment, one = paid_and_heard(asha, "cashfree")
    headers = {**signed(secret_of(asha, "cashfree"), one, one.body, stamp=stamp or " ").headers}
    assert deliver(asha.business, replace(one, headers={**headers, "x-webhook-timestamp": stamp})) == 401
    assert asha.now_of(payment).state == "pending"


def test_case_11_both_secrets_verify_inside_the_window_and_the_old_none_after(asha: Till, gateway: str, clock) -> None:
    payment, one = paid_and_heard(asha, gateway)
    old, account = secret_of(asha, gateway), account_of(asha, gateway)
    change = {"key_secret": "newer"} if gateway == "cashfree" else {"webhook_secret": "newer"}
    with tenant_scope(asha.business):
        assert services.account_change(account=account.id, **change).secret_version == 2
        assert services.account_change(account=account.id, label="Main").secret_version == 2
    later = [one.body + b" " * number for number in range(5)]
    assert deliver(asha.business, signed(old, one, later[0])) == 200
    assert deliver(asha.business, signed("newer", one, later[1])) == 200
    clock.move(seconds=ROTATION.total_seconds() - 60)
    assert deliver(asha.business, signed(old, one, later[2])) == 200
    clock.move(minutes=2)
    assert deliver(asha.business, signed(old, one, later[3])) == 401
    assert deliver(asha.business, signed("newer", one, later[4])) == 200
    assert asha.now_of(payment).state == "pending"
    with tenant_scope(asha.business):
        services.account_change(account=account.id, label="Second")
        assert old not in services.credentials_of(account_of(asha, gateway)).webhook_secrets


def test_case_12_a_test_mode_event_at_the_live_endpoint_has_no_effect_nor_the_reverse(asha: Till) -> None:
    before = asha.ask(45_000)
    asha.pay(before, "failed")
    [like] = asha.heard()[-1:]
    test_secret, key_id = secret_of(asha, "razorpay"), f"rzp_live_{uuid7().hex[-12:]}"
    asha.sandbox.account("razorpay", key_id, "live-secret", webhook_secret="live-hook")
    with tenant_scope(asha.business):
        services.account_save(
            gateway="razorpay",
            environment="production",
            key_id=key_id,
            key_secret="live-secret",
            webhook_secret="live-hook",
        )
    live = asha.ask(45_000)
    for payment, secret in ((live, test_secret), (before, "live-hook")):
        document = json.loads(like.body)
        document["event"], entity = "payment.captured", document["payload"]["payment"]["entity"]
        entity |= {"status": "captured", "captured": True, "order_id": asha.last(payment).gateway_order_id}
        entity["notes"] = {"reference": asha.last(payment).client_ref}
        assert deliver(asha.business, signed(secret, like, json.dumps(document).encode())) == 200
        jobs.drain()
        assert asha.now_of(payment).state == "pending"
    assert asha.books().settled == 0


@pytest.mark.parametrize("point", [opening.ASKED, opening.ANSWERED])
def test_case_22_a_callback_before_the_create_returned_is_kept_and_counts(
    asha: Till, gateway: str, point: str, clock
) -> None:
    subject, quote = str(uuid7()), asha.quote(AMOUNT[gateway])

    def ask() -> Payment:
        with tenant_scope(asha.business):
            return services.payment_create(purpose="tests.thing", subject=subject, quote=quote)

    assert dying_at(point, ask)
    with tenant_scope(asha.business):
        payment = Payment.objects.get()
        if point == opening.ASKED:
            attempt = asha.last(payment)
            services.client_of(attempt.account).order_create(opening.order_request(payment, attempt))
    [order] = asha.sandbox.book()["orders"]
    asha.sandbox.pay(gateway, order["id"], "SUCCESS" if gateway == "cashfree" else "captured")
    assert {deliver(asha.business, one) for one in asha.heard()} == {200}
    jobs.drain()
    assert asha.now_of(payment).state == "paid"
    assert (asha.books().settled, asha.books().difference) == (AMOUNT[gateway], 0)


ODD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "null": lambda _: None,
    "a number": lambda _: 7,
    "type is a number": lambda d: {**d, "type": 5, "event": 5},
    "an unknown event": lambda d: {**d, "type": "SOMETHING_NEW", "event": "payment.dreamt"},
    "notes are a list": lambda d: _with(d, notes=[]),
    "notes are an object": lambda d: _with(d, notes={}),
    "captured is a string": lambda d: _with(d, captured="1"),
    "ids are numbers": lambda d: _with(d, id=5, order_id=6, cf_payment_id=7),
    "ids are objects": lambda d: _with(d, id={}, order_id=[], cf_payment_id={}),
    "utr is a number": lambda d: _with(d, utr=123456789012345678),
    "a bad event time": lambda d: {**d, "event_time": "yesterday", "created_at": "x"},
    "a huge number": lambda d: _with(d, amount=10**400, payment_amount=10**400),
    "deep nesting": lambda d: {**d, "more": json.loads("[" * 40 + "]" * 40)},
    "payload is a list": lambda d: {**d, "payload": [], "data": []},
    "a NUL": lambda d: _with(d, order_id="a\x00b", id="\x00", cf_payment_id="\x00"),
    "half a surrogate": lambda d: _with(d, order_id="\ud800", id="\ud800"),
}


def _with(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The document with changes at the payment and, for Cashfree, at its order."""
    data = document.get("data") or document["payload"]["payment"]
    entity = data.get("payment") or data["entity"]
    entity |= changes
    if "order" in data and "order_id" in changes:
        data["order"]["order_id"] = changes["order_id"]
    return document


def test_case_24_odd_documents_rightly_signed_are_answered_and_end(asha: Till, gateway: str, clock) -> None:
    payment, one = paid_and_heard(asha, gateway)
    secret = secret_of(asha, gateway)
    for name, change in ODD.items():
        body = json.dumps(change(json.loads(one.body))).encode()
        assert deliver(asha.business, signed(secret, one, body)) in {200, 400, 401}, name
    for raw in (b"[" * 100_000, b'{"a":' * 1_000, b"\xff\xfe", b""):
        assert deliver(asha.business, signed(secret, one, raw)) in {200, 400, 401}
    for _ in range(6):
        jobs.drain()
        clock.move(hours=1)
    assert asha.now_of(payment).state in {"paid", "expired"}
    assert asha.books().settled in {0, AMOUNT[gateway]}
    assert asha.books().difference == 0


def test_case_24_five_megabytes_are_refused_unread(asha: Till, gateway: str) -> None:
    _, one = paid_and_heard(asha, gateway)
    body = b'{"x":"' + b"y" * 5_000_000 + b'"}'
    assert 400 <= deliver(asha.business, signed(secret_of(asha, gateway), one, body)) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "x-webhook-signature",
            "x-webhook-timestamp",
            "x-idempotency-key",
            "x-razorpay-signature",
            "x-razorpay-event-id",
            "content-type",
            "x-webhook-version",
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=80),
)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_case_24_fuzzed_bodies_and_headers_are_never_our_error(noisy: tuple[Till, Heard, str], data: Any) -> None:
    asha, one, secret = noisy
    body = data.draw(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
    if data.draw(st.booleans()):
        assert deliver(asha.business, signed(secret, one, body)) < 500
    else:
        sent = replace(one, body=body, headers={**one.headers, **data.draw(HEADERS)})
        assert deliver(asha.business, sent) < 500


@pytest.fixture
def noisy(asha: Till, gateway: str) -> tuple[Till, Heard, str]:
    _, one = paid_and_heard(asha, gateway)
    return asha, one, secret_of(asha, gateway)
