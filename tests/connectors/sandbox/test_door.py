"""The control door: who may enter, what it shows, and that a vendor told to refuse really does."""

import json
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.payments import Gateway
from connectors.payments.port import OrderState, PaymentState, RefundState
from connectors.sandbox.client import Payer, SandboxClient
from connectors.sandbox.control import Loopback
from tests.connectors.conftest import Listener
from tests.connectors.payments.shops import shop_open

gateways = pytest.mark.parametrize("gateway", list(Gateway))


def test_door_opens_on_this_machine(sandbox_urls: dict[str, str]) -> None:
    answer = httpx.get(f"{sandbox_urls['control']}/control/health")
    assert answer.status_code == 200
    assert answer.json()["urls"] == {name: url for name, url in sandbox_urls.items() if name != "control"}


@pytest.mark.parametrize(
    "header",
    [
        {"x-forwarded-for": "203.0.113.7"},
        {"x-forwarded-for": "127.0.0.1"},
        {"x-real-ip": "203.0.113.7"},
        {"forwarded": "for=203.0.113.7"},
        {"via": "1.1 caddy"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"host": "asha.localhost"},
    ],
)
def test_door_is_shut_to_proxies_and_pages(sandbox_urls: dict[str, str], header: dict[str, str]) -> None:
    answer = httpx.post(f"{sandbox_urls['control']}/control/reset", headers=header)
    assert (answer.status_code, answer.json()) == (403, {"error": "loopback only"})


@pytest.mark.parametrize("peer", [("203.0.113.7", 5), ("10.0.0.1", 5), ("unix", 0), None])
async def test_door_is_shut_to_other_machines(peer: tuple[str, int] | None) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("let in")

    sent = []
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"127.0.0.1:1")], "client": peer}

    async def send(message: dict) -> None:
        sent.append(message)

    await Loopback(never)(scope, never, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 403


def test_every_port_is_the_loopback_address_only(sandbox_urls: dict[str, str]) -> None:
    ports = {urlsplit(url).port for url in sandbox_urls.values()}
    with open("/proc/net/tcp") as table:
        listening = {row.split()[1] for row in table if row.split()[3] == "0A"}
    mine = {address for address in listening if int(address.split(":")[1], 16) in ports}
    assert {address.split(":")[0] for address in mine} == {"0100007F"}
    assert len(mine) == len(ports) == 4


def test_book_shows_no_secret(sandbox: SandboxClient, shop: Listener) -> None:
    shop_open(Gateway.CASHFREE, sandbox, shop.url).order()
    shop_open(Gateway.RAZORPAY, sandbox, shop.url).order()
    book = sandbox.book()
    assert len(book["orders"]) == 2
    assert "secret" not in str(book)


@gateways
def test_refusing_vendor_keeps_its_port_and_comes_back(
    gateway: Gateway, sandbox: SandboxClient, sandbox_urls: dict[str, str]
) -> None:
    address = (urlsplit(sandbox_urls[gateway]).hostname, urlsplit(sandbox_urls[gateway]).port)
    for _ in range(3):
        sandbox.refuse(gateway)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=5)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(address)
        sandbox.accept(gateway)
        socket.create_connection(address, timeout=5).close()


def test_one_vendor_down_leaves_the_other_up(sandbox: SandboxClient, shop: Listener) -> None:
    sandbox.refuse(Gateway.CASHFREE)
    assert shop_open(Gateway.RAZORPAY, sandbox, shop.url).order().state is OrderState.ACTIVE


@gateways
def test_fault_strikes_its_operation_as_often_as_told(gateway: Gateway, sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(gateway, sandbox, shop.url)
    order = asha.order()
    sandbox.fault(gateway, "payments_fetch", "rate_limited", times=2)
    outcomes = []
    for _ in range(4):
        try:
            asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
            outcomes.append("answered")
        except Exception as error:
            outcomes.append(type(error).__name__)
        assert asha.gateway.order_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert outcomes == ["RateLimited", "RateLimited", "answered", "answered"]


def test_fault_of_no_kind_is_refused(sandbox: SandboxClient) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        sandbox.fault("cashfree", "*", "sulk")


@gateways
def test_late_success_of_a_failed_attempt(gateway: Gateway, sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(gateway, sandbox, shop.url)
    order = asha.order()
    payment = asha.pay(order, "FAILED" if asha.is_cashfree else "failed")
    sandbox.payment_move(gateway, payment, "SUCCESS" if asha.is_cashfree else "authorized")
    late = asha.gateway.payment_fetch(reference=order.reference, gateway_payment_id=payment)
    assert late is not None
    assert late.state is (PaymentState.CAPTURED if asha.is_cashfree else PaymentState.AUTHORISED)
    taken = asha.gateway.capture(reference=order.reference, gateway_payment_id=payment, amount_paise=150_000)
    assert taken.state is PaymentState.CAPTURED


@gateways
def test_refund_that_fails_later(gateway: Gateway, sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(gateway, sandbox, shop.url)
    order = asha.order()
    payment = asha.pay(order)
    made = asha.gateway.refund_create(asha.refund(order, payment, 1_000, note="PENDING"))
    assert made.state is RefundState.PENDING
    key = made.reference if asha.is_cashfree else made.gateway_refund_id
    sandbox.refund_move(gateway, key, "FAILED" if asha.is_cashfree else "failed")
    found = asha.gateway.refund_fetch(
        reference=made.reference, order_reference=order.reference, gateway_payment_id=payment
    )
    assert found is not None
    assert found.state is RefundState.FAILED
    # What was not given back can be asked for again.
    asha.gateway.refund_create(asha.refund(order, payment, 150_000))


@gateways
def test_surplus_of_another_amount_is_told_as_it_is(gateway: Gateway, sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(gateway, sandbox, shop.url)
    order = asha.order()
    asha.pay(order, amount_paise=15_000)
    asha.pay(order)
    payments = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert [payment.amount_paise for payment in payments] == [15_000, 150_000]


def test_cashfree_order_is_terminated(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.CASHFREE, sandbox, shop.url)
    order = asha.order()
    assert asha.gateway.order_terminate(reference=order.reference) is OrderState.TERMINATED
    assert httpx.get(order.checkout["page"]).status_code == 410
    fetched = asha.gateway.order_fetch(reference=order.reference)
    assert fetched is not None
    assert fetched.state is OrderState.TERMINATED


def test_cashfree_order_with_a_running_attempt_is_terminating(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.CASHFREE, sandbox, shop.url)
    order = asha.order()
    asha.pay(order, "PENDING")
    assert asha.gateway.order_terminate(reference=order.reference) is OrderState.TERMINATING


def test_cashfree_order_expires_and_a_running_attempt_may_still_pay(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.CASHFREE, sandbox, shop.url)
    order = asha.order(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    payment = asha.pay(order, "PENDING")

    def state() -> OrderState:
        fetched = asha.gateway.order_fetch(reference=order.reference)
        assert fetched is not None
        return fetched.state

    assert state() is OrderState.EXPIRED
    assert httpx.get(order.checkout["page"]).status_code == 410
    sandbox.payment_move(Gateway.CASHFREE, payment, "SUCCESS")
    assert state() is OrderState.PAID


def test_razorpay_cannot_terminate(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.RAZORPAY, sandbox, shop.url)
    order = asha.order()
    assert asha.gateway.order_terminate(reference=order.reference, gateway_order_id=order.gateway_order_id) is None
    assert httpx.get(order.checkout["page"]).status_code == 200


def test_razorpay_return_is_signed_over_our_order(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.RAZORPAY, sandbox, shop.url)
    order = asha.order()
    Payer().checkout(order.checkout["page"])
    [returned] = [one for one in shop.wait(1) if one.path == "/pay/return"] or [
        one for one in shop.wait(4) if one.path == "/pay/return"
    ]
    form = dict(httpx.QueryParams(returned.body.decode()))
    [payment] = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert returned.method == "POST"
    signed = asha.gateway.returned(gateway_order_id=order.gateway_order_id, form=form)
    assert signed == payment.gateway_payment_id


@gateways
def test_paid_order_cannot_be_paid_again_at_its_page(gateway: Gateway, sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(gateway, sandbox, shop.url)
    order = asha.order()
    asha.pay(order)
    assert httpx.get(order.checkout["page"]).status_code == 410
    assert len(sandbox.book()["payments"]) == 1


def test_page_shows_the_amount_and_takes_no_markup(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.RAZORPAY, sandbox, shop.url)
    order = asha.order(amount_paise=4_823_000_00, return_url=f'{shop.url}/"><script>alert(1)</script>')
    shown = httpx.get(order.checkout["page"]).text
    assert "₹48,23,000.00" in shown
    assert "<script>alert" not in shown


def test_fees_are_told_with_their_tax(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.RAZORPAY, sandbox, shop.url)
    order = asha.order(amount_paise=150_000)
    asha.pay(order)
    [payment] = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert (payment.fee_paise, payment.tax_paise) == (3_000, 540)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_ends_when_asked_even_with_a_client_waiting(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "connectors.sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        client, razorpay = SandboxClient(urls["control"]), urlsplit(urls["razorpay"])
        client.fault("razorpay", "*", "timeout_before")
        with socket.create_connection((razorpay.hostname, razorpay.port)) as waiting:
            waiting.sendall(b"GET /v1/orders HTTP/1.1\r\nhost: x\r\n\r\n")
            deadline = time.monotonic() + 10
            while not client.book()["calls"]:
                assert time.monotonic() < deadline
            process.send_signal(number)
            assert process.wait(timeout=15) == 0
