"""Every way an answer can be bad, on raw sockets: what the bare SDKs make of it, and what the adapters make of it."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
import razorpay
import requests
import urllib3

from connectors.payments import Gateway, Limits, gateway_for
from connectors.payments.errors import (
    Duplicate,
    NeverReached,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from connectors.payments.port import PaymentState, RefundState
from tests.connectors.payments.bare import BareCashfree
from tests.connectors.payments.servers import Reply, Request, answer, document, raw, reset, wire_server
from tests.connectors.payments.shops import credentials
from tests.connectors.payments.test_tls import CASHFREE_ORDER, ORDERS, REQUEST

QUICK = Limits(connect_s=2, read_s=0.5, total_s=1.5)
gateways = pytest.mark.parametrize("gateway", list(Gateway))


def adapter(gateway: Gateway, url: str, limits: Limits = QUICK):
    return gateway_for(credentials(gateway, f"{url}/pg" if gateway is Gateway.CASHFREE else url), limits)


def drip(request: Request, connection: socket.socket) -> None:
    """A body that never stops arriving and never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    stop = time.monotonic() + 10
    while time.monotonic() < stop:
        connection.sendall(b" ")
        threading.Event().wait(0.05)


DOUBTFUL: dict[str, Reply | None] = {
    "silence": None,
    "reset": reset,
    "closed": raw(b""),
    "not HTTP": raw(b"SSH-2.0-OpenSSH\r\n"),
    "500": document({"message": "oops", "code": "internal", "type": "api_error"}, 500),
    "502 HTML": answer(502, b"<html>Bad Gateway</html>"),
    "503": answer(503, b""),
    "504": answer(504, b"gateway time-out"),
    "408": answer(408, b""),
    "302": answer(302, b"", "location: http://127.0.0.1:9/elsewhere"),
    "200 empty": answer(200, b""),
    "204": answer(204, b""),
    "200 HTML": answer(200, b"<html>maintenance</html>"),
    "200 truncated": raw(b'HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{"order_id": "asha'),
    "200 null": answer(200, b"null"),
    "200 number": answer(200, b"12"),
    "200 without an order": answer(200, b"{}"),
    "200 amount as text": answer(200, b'{"id": "order_1", "order_id": "asha-1", "amount": "x", "order_amount": "x"}'),
    "200 huge number": answer(200, b'{"id": "1", "order_id": "1", "amount": 1e999999, "order_amount": 1e999999}'),
    "200 NaN": answer(200, b'{"id": "1", "order_id": "1", "amount": NaN, "order_amount": NaN}'),
    "200 nested": answer(200, b"[" * 200_000 + b"]" * 200_000),
    "200 not UTF-8": answer(200, b'{"order_id": "\xff"}'),
    "200 endless": raw(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 6_000_000),
    "drip": drip,
}


@gateways
@pytest.mark.parametrize("name", DOUBTFUL)
def test_doubtful_answer_is_unknown_after_one_request(gateway: Gateway, name: str) -> None:
    with wire_server(DOUBTFUL[name]) as server:
        begun = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            adapter(gateway, server.url).order_create(REQUEST)
        assert time.monotonic() - begun < 6
        assert len(server.requests) == 1


@gateways
def test_endless_answer_is_cut_off(gateway: Gateway) -> None:
    begun = b'{"id": "order_1", "order_id": "asha-1", "note": "' + b"x" * 6_000_000 + b'"}'
    with wire_server(answer(200, begun)) as server, pytest.raises(OutcomeUnknown, match="too large"):
        adapter(gateway, server.url).order_create(REQUEST)


@gateways
@pytest.mark.parametrize("name", ["silence", "reset", "closed", "502 HTML", "200 truncated"])
def test_doubtful_read_is_not_repeated(gateway: Gateway, name: str) -> None:
    with wire_server(DOUBTFUL[name]) as server:
        with pytest.raises(OutcomeUnknown):
            adapter(gateway, server.url).order_fetch(reference="asha-1", gateway_order_id="order_1")
        assert len(server.requests) == 1


def test_the_bare_cashfree_sdk_reads_four_times(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(raw(b"")) as server:
        bare = BareCashfree(monkeypatch, server.url)
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            bare.shop("asha").PGFetchOrder("asha-1")
        assert len(server.requests) == 4


def test_the_bare_razorpay_sdk_with_retries_makes_an_order_each_time() -> None:
    with wire_server(raw(b""), raw(b""), document(ORDERS[Gateway.RAZORPAY])) as server:
        client = razorpay.Client(auth=("k", "s"), base_url=server.url, initial_delay=0.01)
        client.enable_retry(True)
        client.order.create({"amount": 100, "currency": "INR"})
        assert [one.line for one in server.requests] == ["POST /v1/orders HTTP/1.1"] * 3


@pytest.mark.parametrize("sdk", ["cashfree", "razorpay"])
def test_the_bare_sdks_wait_for_ever(monkeypatch: pytest.MonkeyPatch, sdk: str) -> None:
    returned = threading.Event()
    with wire_server(None) as server:
        bare = BareCashfree(monkeypatch, server.url)
        client = razorpay.Client(auth=("k", "s"), base_url=server.url)
        ask: dict[str, Callable[[], object]] = {
            "cashfree": lambda: bare.order("asha"),
            "razorpay": lambda: client.order.create({"amount": 100, "currency": "INR"}),
        }

        def asking() -> None:
            with suppress(urllib3.exceptions.HTTPError, requests.RequestException):
                ask[sdk]()
            returned.set()

        thread = threading.Thread(target=asking)
        thread.start()
        # Three times what the adapters wait in this file.
        assert not returned.wait(3 * QUICK.read_s)
    thread.join(timeout=10)
    assert returned.is_set()


@gateways
def test_waits_are_bounded_without_being_asked(gateway: Gateway) -> None:
    assert Limits() == Limits(connect_s=3.05, read_s=10.0, total_s=30.0)
    with wire_server(None) as server:
        begun = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="ReadTimeoutError"):
            adapter(gateway, server.url).order_create(REQUEST)
        assert 0.4 < time.monotonic() - begun < 2


def test_connect_time_out_never_reached() -> None:
    # A listener whose queue is full takes no further connection: the client's SYN stays without an answer.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port, waiting = full.getsockname()[1], []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        with pytest.raises(NeverReached, match="ConnectTimeoutError"):
            adapter(Gateway.CASHFREE, f"http://127.0.0.1:{port}", Limits(0.3, 5, 5)).order_create(REQUEST)
        for one in waiting:
            one.close()


def test_the_bare_cashfree_sdk_carries_the_secret_along_a_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document(CASHFREE_ORDER)) as elsewhere:
        with wire_server(answer(302, b"", f"location: {elsewhere.url}/x")) as server:
            BareCashfree(monkeypatch, server.url).shop("asha").PGFetchOrder("asha-1")
        assert [one.headers["x-client-secret"] for one in elsewhere.requests] == ["secret-cashfree-asha"]


@gateways
def test_redirects_are_not_followed(gateway: Gateway) -> None:
    with wire_server(document(ORDERS[gateway])) as elsewhere:
        with wire_server(answer(302, b"", f"location: {elsewhere.url}/x")) as server:
            with pytest.raises(OutcomeUnknown, match="302"):
                adapter(gateway, server.url).order_fetch(reference="asha-1", gateway_order_id="order_1")
        assert elsewhere.connections == 0


REFUSALS = [
    (400, {"message": "bad", "code": "order_amount_invalid"}, Rejected, "order_amount_invalid"),
    (400, {"error": {"code": "BAD_REQUEST_ERROR", "description": "bad"}}, Rejected, "BAD_REQUEST_ERROR"),
    (401, {"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}}, NotAuthorised, ""),
    (403, {"message": "no", "code": "ip_not_allowed"}, NotAuthorised, "ip_not_allowed"),
    (404, {"message": "no", "code": "url_not_known"}, Rejected, "url_not_known"),
    (409, {"message": "twice", "code": "order_already_exists"}, Duplicate, "order_already_exists"),
    (422, {"message": "other body", "code": "idempotency_error"}, Duplicate, "idempotency_error"),
    (400, {"message": "other body", "code": "idempotency_key_mismatch"}, Duplicate, "idempotency_key_mismatch"),
    (422, {"message": "no", "code": "card_unsupported"}, Rejected, "card_unsupported"),
    (429, {"error": {"code": "BAD_REQUEST_ERROR", "description": "slow down"}}, RateLimited, ""),
    (400, {"error": "a bare string, not an object with a description"}, Rejected, "unreadable"),
    (400, ["neither"], Rejected, "unreadable"),
]


@gateways
@pytest.mark.parametrize(("status", "body", "expected", "code"), REFUSALS)
def test_refusals_are_told_apart(gateway: Gateway, status: int, body: object, expected: type, code: str) -> None:
    with wire_server(document(body, status)) as server, pytest.raises(Rejected) as refused:
        adapter(gateway, server.url).order_create(REQUEST)
    assert type(refused.value) is expected
    assert refused.value.status == status
    assert refused.value.code == (code or refused.value.code)


@gateways
def test_refusal_in_html_is_cut_and_harmless(gateway: Gateway) -> None:
    with wire_server(answer(403, b"<html>" + b"x" * 100_000)) as server, pytest.raises(NotAuthorised) as refused:
        adapter(gateway, server.url).order_create(REQUEST)
    assert str(refused.value) == "403 unreadable: an error without JSON"


@gateways
@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("0.5", 0.5), ("Wed, 21 Oct", None), ("-1", None)])
def test_retry_after_is_read_or_left(gateway: Gateway, value: str, seconds: float | None) -> None:
    with wire_server(answer(429, b"{}", f"Retry-After: {value}")) as server, pytest.raises(RateLimited) as refused:
        adapter(gateway, server.url).order_create(REQUEST)
    assert refused.value.retry_after == seconds


def test_the_bare_razorpay_sdk_cannot_tell_refusals_apart() -> None:
    caught = []
    for status in (400, 401, 409, 429):
        error = {"error": {"code": "BAD_REQUEST_ERROR", "description": "no"}}
        with wire_server(document(error, status)) as server:
            client = razorpay.Client(auth=("k", "s"), base_url=server.url)
            with pytest.raises(razorpay.errors.BadRequestError) as refused:
                client.order.create({"amount": 100})
            caught.append((type(refused.value), vars(refused.value), refused.value.args))
    assert caught == caught[:1] * 4


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(502, b"<html>"), requests.JSONDecodeError),
        (document({"error": "a string with a description"}, 400), TypeError),
    ],
)
def test_the_bare_razorpay_sdk_stumbles(reply: Reply, error: type[Exception]) -> None:
    with wire_server(reply) as server, pytest.raises(error):
        razorpay.Client(auth=("k", "s"), base_url=server.url).order.create({"amount": 100})


def test_the_bare_razorpay_sdk_prints(capsys: pytest.CaptureFixture[str]) -> None:
    with wire_server(raw(b"")) as server, pytest.raises(requests.ConnectionError):
        razorpay.Client(auth=("k", "s"), base_url=server.url).order.create({"amount": 100})
    assert capsys.readouterr().out == "Connection failed.\n"


@gateways
@pytest.mark.parametrize("name", ["reset", "502 HTML", "silence"])
def test_adapters_print_nothing(gateway: Gateway, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with wire_server(DOUBTFUL[name]) as server, pytest.raises(OutcomeUnknown):
        adapter(gateway, server.url).order_create(REQUEST)
    assert capsys.readouterr() == ("", "")


CASHFREE_REFUND = {
    "cf_payment_id": 5114910634577,
    "cf_refund_id": 1553338,
    "order_id": "asha-1",
    "refund_id": "asha-r1",
    "entity": "Refund",
    "refund_amount": 10.01,
    "refund_currency": "INR",
    "refund_status": "FAILED",
}


@pytest.mark.parametrize("state", ["FAILED", "ONHOLD", "CANCELLED", "SUCCESS", "REVERSED_SOMEHOW"])
def test_refund_in_any_state_is_read(state: str) -> None:
    with wire_server(document({**CASHFREE_REFUND, "refund_status": state})) as server:
        refund = adapter(Gateway.CASHFREE, server.url).refund_fetch(
            reference="asha-r1", order_reference="asha-1", gateway_payment_id=""
        )
    assert refund is not None
    expected = {"ONHOLD": RefundState.ON_HOLD, "SUCCESS": RefundState.SUCCEEDED, "REVERSED_SOMEHOW": "pending"}
    assert refund.state == expected.get(state, state.lower())
    assert (refund.gateway_payment_id, refund.gateway_refund_id) == ("5114910634577", "1553338")
    assert refund.amount_paise == 1001


def test_the_bare_cashfree_sdk_cannot_read_a_failed_refund(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document({**CASHFREE_REFUND, "cf_payment_id": "1", "cf_refund_id": "2"})) as server:
        bare = BareCashfree(monkeypatch, server.url)
        with pytest.raises(ValueError, match=r"refund_status|entity"):
            bare.shop("asha").PGOrderFetchRefund("asha-1", "asha-r1")


PAYMENTS = [
    {"cf_payment_id": 1, "order_id": "asha-1", "payment_amount": 1500.00, "payment_status": "FLAGGED"},
    {"cf_payment_id": "2", "order_id": "asha-1", "payment_amount": 1500, "payment_status": "SUCCESS",
     "is_captured": True, "payment_method": {"telepathy": {"channel": "mind"}}, "payment_group": "telepathy"},
    {"cf_payment_id": "3", "payment_amount": 1500, "payment_status": "SUCCESS", "is_captured": False},
    {"cf_payment_id": "4", "payment_amount": None, "payment_status": "SUCCESS"},
    {"cf_payment_id": "5", "payment_amount": 1.001, "payment_status": "SUCCESS"},
    {"payment_amount": 1500, "payment_status": "SUCCESS"},
    {"cf_payment_id": "7", "payment_amount": 1500, "payment_status": "VOID", "payment_time": "yesterday"},
    {"cf_payment_id": "8", "payment_amount": 1500, "payment_status": 7, "error_details": []},
    "poison",
]  # fmt: skip


def test_one_poisoned_payment_does_not_hide_the_others() -> None:
    with wire_server(document(PAYMENTS)) as server:
        payments = adapter(Gateway.CASHFREE, server.url).payments_fetch(reference="asha-1", gateway_order_id="9")
    assert [(p.gateway_payment_id, p.state, p.amount_paise) for p in payments] == [
        ("1", PaymentState.PENDING, 150_000),
        ("2", PaymentState.CAPTURED, 150_000),
        ("3", PaymentState.AUTHORISED, 150_000),
        ("4", PaymentState.PENDING, 0),
        ("5", PaymentState.PENDING, 0),
        ("", PaymentState.PENDING, 150_000),
        ("7", PaymentState.CANCELLED, 150_000),
        ("8", PaymentState.PENDING, 150_000),
    ]


def test_the_bare_cashfree_sdk_loses_the_whole_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document(PAYMENTS[:2])) as server:
        bare = BareCashfree(monkeypatch, server.url)
        with pytest.raises(ValueError, match=r"validation error|FLAGGED|must be one of"):
            bare.shop("asha").PGOrderFetchPayments("asha-1")


def test_razorpay_payments_are_read_as_they_come() -> None:
    items = [
        {"id": "pay_1", "order_id": "order_1", "amount": 150_000, "currency": "INR", "status": "captured",
         "captured": "1", "fee": 3540, "tax": 540, "notes": [], "method": "upi", "created_at": 1700000000},
        {"id": "pay_2", "amount": 150_000, "status": "created", "fee": None, "tax": None},
        {"id": "pay_3", "amount": 150_000, "status": "refunded"},
        {"id": "pay_4", "amount": "150000", "status": "captured"},
        {"id": 5, "amount": 150_000, "status": "dreaming", "created_at": 10**30},
    ]  # fmt: skip
    with wire_server(document({"entity": "collection", "count": 5, "items": items})) as server:
        payments = adapter(Gateway.RAZORPAY, server.url).payments_fetch(reference="asha-1", gateway_order_id="order_1")
    assert [(p.gateway_payment_id, p.state, p.amount_paise, p.fee_paise, p.tax_paise) for p in payments] == [
        ("pay_1", PaymentState.CAPTURED, 150_000, 3000, 540),
        ("pay_2", PaymentState.PENDING, 150_000, None, None),
        ("pay_3", PaymentState.REFUNDED, 150_000, None, None),
        ("pay_4", PaymentState.PENDING, 0, None, None),
        ("5", PaymentState.PENDING, 150_000, None, None),
    ]


def test_several_orders_of_one_receipt_give_the_paid_one() -> None:
    def order(number: int, status: str) -> dict[str, object]:
        return {**ORDERS[Gateway.RAZORPAY], "id": f"order_{number}", "status": status}

    items = [order(3, "created"), order(2, "paid"), order(1, "attempted"), {**order(4, "paid"), "receipt": "other"}]
    with wire_server(document({"count": 4, "items": items})) as server:
        found = adapter(Gateway.RAZORPAY, server.url).order_fetch(reference="asha-1")
    assert found is not None
    assert found.gateway_order_id == "order_2"


def test_published_version_of_cashfree_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document(CASHFREE_ORDER)) as server:
        adapter(Gateway.CASHFREE, server.url).order_create(REQUEST)
        BareCashfree(monkeypatch, server.url).order("asha")
        assert [one.headers["x-api-version"] for one in server.requests] == ["2025-01-01", "2026-01-01"]


def test_cashfree_order_on_the_wire() -> None:
    with wire_server(document(CASHFREE_ORDER)) as server:
        adapter(Gateway.CASHFREE, server.url).order_create(REQUEST)
    [request] = server.requests
    assert request.line == "POST /pg/orders HTTP/1.1"
    assert request.headers["x-idempotency-key"] == REQUEST.idempotency_key
    assert request.json() == {
        "order_id": "asha-1",
        "order_amount": 1500.0,
        "order_currency": "INR",
        "customer_details": {
            "customer_id": "asha_1",
            "customer_phone": "9876543210",
            "customer_name": "Asha",
            "customer_email": "asha@example.com",
        },
        "order_meta": {"return_url": REQUEST.return_url, "notify_url": REQUEST.notify_url},
    }


def test_razorpay_order_on_the_wire() -> None:
    with wire_server(document(ORDERS[Gateway.RAZORPAY])) as server:
        adapter(Gateway.RAZORPAY, server.url).order_create(REQUEST)
    [request] = server.requests
    assert request.line == "POST /v1/orders HTTP/1.1"
    assert request.headers["authorization"].startswith("Basic ")
    asked = request.json()
    assert (asked["amount"], asked["currency"], asked["receipt"]) == (150_000, "INR", "asha-1")
    assert asked["unique_receipt"] is True
    assert asked["payment"]["capture"] == "automatic"


def test_razorpay_refund_on_the_wire() -> None:
    from connectors.payments.port import RefundRequest

    refund = {"id": "rfnd_1", "receipt": "asha-r1", "payment_id": "pay_1", "amount": 100, "status": "pending"}
    with wire_server(document(refund)) as server:
        made = adapter(Gateway.RAZORPAY, server.url).refund_create(
            RefundRequest(
                "asha-r1", "asha-1", "pay_1", 100, "6f7c8f6e-5b7e-5e0a-8d5e-0f3a4c1d2b3a", note="seat given up"
            )
        )
    assert made.state is RefundState.PENDING
    [request] = server.requests
    assert request.line == "POST /v1/payments/pay_1/refund HTTP/1.1"
    assert request.headers["x-refund-idempotency"] == "6f7c8f6e-5b7e-5e0a-8d5e-0f3a4c1d2b3a"
    assert request.json() == {
        "amount": 100,
        "speed": "normal",
        "receipt": "asha-r1",
        "notes": {"note": "seat given up"},
    }


def test_bare_404_proves_nothing() -> None:
    with wire_server(answer(404, b"<html>nginx</html>")) as server, pytest.raises(Rejected):
        adapter(Gateway.CASHFREE, server.url).order_fetch(reference="asha-1")


@gateways
def test_another_order_in_the_answer_is_no_success(gateway: Gateway) -> None:
    other = {**ORDERS[gateway], "order_amount": 15.00, "amount": 1500}
    with wire_server(document(other)) as server, pytest.raises(Duplicate):
        adapter(gateway, server.url).order_create(REQUEST)


def test_answers_hold_decimals() -> None:
    body = json.dumps(PAYMENTS[:1]).encode()
    with wire_server(answer(200, body)) as server:
        [payment] = adapter(Gateway.CASHFREE, server.url).payments_fetch(reference="asha-1", gateway_order_id="")
    assert repr(payment.raw["payment_amount"]) == "Decimal('1500.0')"
    assert "raw" not in repr(payment)
