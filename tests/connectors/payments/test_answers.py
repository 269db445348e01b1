"""Every way an answer can be bad, on raw sockets: what the bare SDKs make of it, and what the adapters make of it."""

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
