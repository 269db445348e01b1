"""Two businesses in one process: neither's credentials or amounts ever travel with the other's request."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import razorpay
from cashfree_pg.api_client import ApiClient, Cashfree

from connectors.payments import Gateway, Limits, gateway_for, transport
from connectors.payments.port import PaymentState
from connectors.sandbox.client import SandboxClient
from tests.connectors.conftest import Listener
from tests.connectors.payments.bare import BareCashfree
from tests.connectors.payments.servers import Request, WireServer, document, wire_server
from tests.connectors.payments.shops import credentials, shop_open
from tests.connectors.payments.test_tls import CASHFREE_ORDER, REQUEST

NAMES = ("asha", "gyan")
PATIENT = Limits(connect_s=10, read_s=20, total_s=30)


def together(work: Callable[[str], object]) -> None:
    """Both businesses at once, each in a thread of its own; errors of either are raised."""
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, name) for name in NAMES]:
            done.result(timeout=20)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets both threads into a Cashfree call before either goes on: what is rare in life happens each time."""
    barrier, original = threading.Barrier(2, timeout=10), ApiClient.select_header_accept

    def waiting(self: ApiClient, accepts: list[str]) -> str:
        barrier.wait()
        return original(self, accepts)

    monkeypatch.setattr(ApiClient, "select_header_accept", waiting)
    return


def owners(server: WireServer) -> set[tuple[str, str, str]]:
    """Whose order, with whose id and whose secret."""

    def owner(request: Request) -> tuple[str, str, str]:
        order = request.json()["order_id"].split("-")[0]
        headers = request.headers
        return order, headers["x-client-id"].split("_")[1], headers["x-client-secret"].split("-")[2]

    return {owner(request) for request in server.requests}


def test_the_bare_cashfree_sdk_mixes_businesses(meeting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document(CASHFREE_ORDER)) as server:
        bare = BareCashfree(monkeypatch, server.url)
        ApiClient.get_default()
        together(bare.order)
    assert len(server.requests) == 2
    assert owners(server) != {("asha", "asha", "asha"), ("gyan", "gyan", "gyan")}


def test_cashfree_credentials_stay_with_their_call(meeting: None) -> None:
    def order(name: str) -> None:
        from dataclasses import replace

        shop = gateway_for(credentials(Gateway.CASHFREE, f"{server.url}/pg", name), PATIENT)
        shop.order_create(replace(REQUEST, reference=f"{name}-1"))

    with wire_server(answer_own) as server:
        together(order)
    assert len(server.requests) == 2
    assert owners(server) == {("asha", "asha", "asha"), ("gyan", "gyan", "gyan")}


def answer_own(request: Request, connection: object) -> None:
    document({**CASHFREE_ORDER, "order_id": request.json()["order_id"]})(request, connection)  # type: ignore[arg-type]


def test_credentials_follow_no_one_who_replaced_the_default_client(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = ApiClient()
    monkeypatch.setattr(ApiClient, "_default", replaced)
    with wire_server(answer_own) as server:
        gateway_for(credentials(Gateway.CASHFREE, f"{server.url}/pg")).order_create(REQUEST)
    assert owners(server) == {("asha", "asha", "asha")}
    assert "asha" not in repr(vars(replaced.configuration))


def test_calls_in_threads_of_the_sdk_are_refused() -> None:
    from connectors.payments import cashfree

    with pytest.raises(NotImplementedError):
        cashfree._CLIENT.call_api("/orders", "GET", async_req=True)


def test_the_client_speaks_for_nobody_outside_an_adapter() -> None:
    with wire_server(answer_own) as server:
        gateway_for(credentials(Gateway.CASHFREE, f"{server.url}/pg")).order_create(REQUEST)
        sdk = Cashfree(Cashfree.SANDBOX, XClientId="TEST_x", XClientSecret="secret-x")
        with pytest.raises(AttributeError):
            sdk.PGFetchOrder("asha-1")
        assert len(server.requests) == 1


AMOUNTS = {"asha": 10_000, "gyan": 99_900}


@pytest.fixture
def pausing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets both threads name their amount before either's request is written."""
    barrier, original = threading.Barrier(2, timeout=10), razorpay.Client._update_request

    def waiting(self: razorpay.Client, data: dict, options: dict) -> object:
        barrier.wait()
        return original(self, data, options)

    monkeypatch.setattr(razorpay.Client, "_update_request", waiting)


def captured(server: WireServer) -> dict[str, int]:
    """Amount by payment, as asked on the wire."""
    return {one.line.split("/")[3].removeprefix("pay_"): one.json()["amount"] for one in server.requests}


PAYMENT = {"id": "pay_x", "amount": 1, "currency": "INR", "status": "captured", "captured": True}


def test_the_bare_razorpay_sdk_mixes_amounts(pausing: None) -> None:
    with wire_server(document(PAYMENT)) as server:
        together(lambda name: razorpay.Client(auth=(name, "x"), base_url=server.url).payment.capture(
            f"pay_{name}", AMOUNTS[name]
        ))  # fmt: skip
    assert len(server.requests) == 2
    assert captured(server) != AMOUNTS
    # The default outlives the calls: put back what the SDK was loaded with.
    razorpay.resources.payment.Payment.capture.__defaults__[0].clear()


def test_razorpay_amounts_stay_with_their_call(pausing: None) -> None:
    def take(name: str) -> None:
        gateway = gateway_for(credentials(Gateway.RAZORPAY, server.url, name), PATIENT)
        gateway.capture(reference=f"{name}-1", gateway_payment_id=f"pay_{name}", amount_paise=AMOUNTS[name])

    with wire_server(document(PAYMENT)) as server:
        together(take)
    assert len(server.requests) == 2
    assert captured(server) == AMOUNTS
    assert razorpay.resources.payment.Payment.capture.__defaults__ == ({},)


@pytest.mark.parametrize("gateway", list(Gateway))
def test_eight_threads_of_two_businesses_never_cross(gateway: Gateway, sandbox: SandboxClient, shop: Listener) -> None:
    """The sandbox checks id against secret, keeps orders by account, and takes only the authorised amount."""
    sandbox.webhooks(gateway, "never")
    shops = {name: shop_open(gateway, sandbox, shop.url, name, limits=PATIENT, auto_capture=False) for name in NAMES}
    barrier = threading.Barrier(8, timeout=20)

    def work(number: int) -> list[tuple[str, int]]:
        mine, made = shops[NAMES[number % 2]], []
        barrier.wait()
        for round_ in range(8):
            amount = 10_000 + number * 100 + round_
            order = mine.order(amount_paise=amount)
            payment = mine.pay(order)
            taken = mine.gateway.capture(
                reference=order.reference, gateway_payment_id=payment, amount_paise=order.amount_paise
            )
            assert (taken.amount_paise, taken.state) == (amount, PaymentState.CAPTURED)
            made.append((order.reference, amount))
        return made

    with ThreadPoolExecutor(8) as pool:
        made = dict(pair for done in [pool.submit(work, n) for n in range(8)] for pair in done.result(timeout=60))
    orders = sandbox.book()["orders"]
    assert len(orders) == 64
    assert {one["reference"]: one["amount_paise"] for one in orders} == made
    assert {(one["reference"].split("-")[0], one["account"]) for one in orders} == {
        (name, one.credentials.key_id) for name, one in shops.items()
    }


def test_child_processes_have_connections_of_their_own() -> None:
    mine = transport._pools(Limits().ca_file)
    assert transport._pools(Limits().ca_file) is mine
    child = os.fork()
    if child == 0:
        os._exit(transport._pools(Limits().ca_file) is mine)
    assert os.waitpid(child, 0)[1] == 0
    assert transport._pools(Limits().ca_file) is mine
