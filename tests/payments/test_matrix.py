"""What became of an order at one gateway, and what is done then: each row of the failover matrix, by its name."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.payments import services
from shared_apps.payments.errors import AlreadyPaid, GatewayRefused, NoGateway, UnderWay
from shared_apps.payments.models import Circuit, GatewayAccount, Payment
from shared_apps.payments.purposes import Payer, Quote
from tests.payments.conftest import Till

LARGE, SMALL = 150_000, 45_000
OTHER = {"cashfree": "razorpay", "razorpay": "cashfree"}
AMOUNT = {"cashfree": LARGE, "razorpay": SMALL}


@pytest.fixture(params=sorted(OTHER))
def first(request: pytest.FixtureRequest) -> str:
    """The gateway that is asked first."""
    return request.param


def states(asha: Till, payment: Payment) -> list[tuple[str, str, str]]:
    return [(one.gateway, one.state, one.error) for one in asha.attempts(payment)]


def payable(asha: Till) -> list[str]:
    """Orders a gateway would take money for."""
    return [one["vendor"] for one in asha.sandbox.book()["orders"] if one["state"] in {"ACTIVE", "created"}]


def failures(asha: Till) -> dict[str, int]:
    """What counts against each gateway's making of orders."""
    with tenant_scope(asha.business):
        return dict(Circuit.objects.filter(operation="order_create").values_list("gateway", "failures"))


def pays(asha: Till, payment: Payment) -> None:
    """The payer pays the order shown, and the books agree."""
    asha.pay(payment)
    assert asha.refresh(payment).state == "paid"
    assert asha.books().difference == 0


def elsewhere(asha: Till, payment: Payment) -> Payment:
    quote = asha.quote(payment.amount_paise)
    with tenant_scope(asha.business):
        return services.payment_create(purpose="tests.thing", subject=payment.subject, quote=quote, elsewhere=True)


@contextmanager
def a_port_nobody_accepts_at() -> Iterator[int]:
    """A port whose queue is full: connecting neither works nor is refused."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for one in waiting:
            one.close()


def test_circuit_open_goes_to_the_other(asha: Till) -> None:
    with tenant_scope(asha.business):
        Circuit.objects.create(
            gateway="cashfree", operation="order_create", failures=5, open_until=now() + timedelta(minutes=1)
        )
    payment = asha.ask(LARGE)
    assert states(asha, payment) == [("razorpay", "open", "")]
    [cashfree, _] = asha.last(payment).route["candidates"]
    assert (cashfree["circuit"], cashfree["excluded"]) == ("open", "")
    assert asha.sandbox.book()["calls"].get("cashfree.order_create", 0) == 0


def test_not_configured_goes_to_the_other(asha: Till) -> None:
    with tenant_scope(asha.business):
        services.account_change(account=GatewayAccount.objects.get(gateway="cashfree").id, state="off")
    payment = asha.ask(LARGE)
    assert states(asha, payment) == [("razorpay", "open", "")]
    assert asha.last(payment).route["candidates"][0]["excluded"] == "no active account"


def test_connection_refused_goes_to_the_other_and_counts(asha: Till, first: str) -> None:
    asha.sandbox.refuse(first)
    payment = asha.ask(AMOUNT[first])
    asha.sandbox.accept(first)
    assert states(asha, payment) == [(first, "failed", "NeverReached"), (OTHER[first], "open", "")]
    excluded = {one["gateway"]: one["excluded"] for one in asha.last(payment).route["candidates"]}
    assert excluded == {first: "NeverReached", OTHER[first]: ""}
    assert payable(asha) == [OTHER[first]]
    assert failures(asha) == {first: 1}
    pays(asha, payment)


@pytest.mark.parametrize("kind", ["dns", "tls", "connect_timeout"])
def test_nothing_sent_goes_to_the_other_and_counts(asha: Till, settings, kind: str) -> None:
    """DNS failure, TLS handshake failure (never bypassed), connect timeout."""
    here = settings.CASHFREE_BASE_URL
    with a_port_nobody_accepts_at() as port:
        settings.CASHFREE_BASE_URL = {
            "dns": "https://nowhere.invalid/pg",
            "tls": here.replace("http://", "https://"),
            "connect_timeout": f"http://127.0.0.1:{port}/pg",
        }[kind]
        payment = asha.ask(LARGE)
    assert states(asha, payment) == [("cashfree", "failed", "NeverReached"), ("razorpay", "open", "")]
    assert failures(asha) == {"cashfree": 1}
    assert payable(asha) == ["razorpay"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["timeout_after", "reset_after", "error_500_after", "truncated", "empty"])
def test_unknown_and_found_is_used_cases_17_and_18(asha: Till, first: str, fault: str) -> None:
    asha.sandbox.fault(first, "order_create", fault)
    payment = asha.ask(AMOUNT[first])
    assert states(asha, payment) == [(first, "open", "")]
    assert payable(asha) == [first]
    assert failures(asha) == {first: 1}
    pays(asha, payment)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["timeout_before", "reset_before", "error_500_html"])
def test_unknown_and_absent_twice_goes_to_the_other(asha: Till, first: str, fault: str, clock) -> None:
    asha.sandbox.fault(first, "order_create", fault)
    payment = asha.ask(AMOUNT[first])
    assert states(asha, payment) == [(first, "create_unknown", "Absent"), (OTHER[first], "open", "")]
    # Once is no proof: an order may be made late. Seconds later it is.
    asha.refresh(payment)
    assert states(asha, payment)[0] == (first, "create_unknown", "Absent")
    clock.move(minutes=3)
    with tenant_scope(asha.business):
        assert services.payments_poll()["payments"] == 1
    assert states(asha, payment)[0] == (first, "failed", "Absent")
    assert payable(asha) == [OTHER[first]]
    pays(asha, payment)
    assert asha.now_of(payment).poll_at is None


@pytest.mark.usefixtures("impatient")
def test_unknown_and_absent_once_is_no_proof(asha: Till, first: str, clock) -> None:
    asha.sandbox.fault(first, "order_create", "timeout_after")
    asha.sandbox.fault(first, {"cashfree": "order_fetch", "razorpay": "orders_list"}[first], "lagging")
    payment = asha.ask(AMOUNT[first])
    assert states(asha, payment) == [(first, "create_unknown", "Absent"), (OTHER[first], "open", "")]
    clock.move(seconds=11)
    with tenant_scope(asha.business):
        assert services.payments_poll()["payments"] == 1
    ended = {"cashfree": "terminated", "razorpay": "watched"}[first]
    assert states(asha, payment)[0] == (first, "abandoned", ended)


def test_unknown_and_not_to_be_found_out_goes_to_the_other_and_is_swept(asha: Till, first: str, clock) -> None:
    asha.sandbox.fault(first, "order_create", "error_500_after")
    asha.sandbox.fault(first, {"cashfree": "order_fetch", "razorpay": "orders_list"}[first], "error_500_html")
    payment = asha.ask(AMOUNT[first])
    hidden, shown = asha.attempts(payment)
    assert (hidden.state, hidden.error, hidden.checkout) == ("create_unknown", "OutcomeUnknown", {})
    assert (shown.gateway, shown.state) == (OTHER[first], "open")
    clock.move(seconds=11)
    with tenant_scope(asha.business):
        assert services.payments_poll()["payments"] == 1
    # Cashfree's orphan is ended; Razorpay ends none, so it stays under watch.
    ended = {"cashfree": "terminated", "razorpay": "watched"}[first]
    assert states(asha, payment)[0] == (first, "abandoned", ended)
    assert payable(asha) == ([OTHER[first]] if first == "cashfree" else ["razorpay", "cashfree"])
    pays(asha, payment)


def test_unknown_with_nobody_else_to_ask_is_asked_again_under_its_name(asha: Till) -> None:
    asha.sandbox.fault("cashfree", "order_create", "error_500_after")
    asha.sandbox.fault("cashfree", "order_fetch", "error_500_html")
    asha.sandbox.refuse("razorpay")
    subject = str(uuid7())
    with pytest.raises(NoGateway):
        asha.ask(LARGE, subject=subject)
    payment = asha.ask(LARGE, subject=subject)
    asha.sandbox.accept("razorpay")
    assert states(asha, payment) == [("cashfree", "open", ""), ("razorpay", "failed", "NeverReached")]
    assert payable(asha) == ["cashfree"]


def test_429_goes_to_the_other_rests_as_told_and_is_no_failure(asha: Till, clock) -> None:
    asha.sandbox.fault("cashfree", "order_create", "rate_limited")
    payment = asha.ask(LARGE)
    assert states(asha, payment) == [("cashfree", "failed", "RateLimited"), ("razorpay", "open", "")]
    assert failures(asha) == {"cashfree": 0}
    # It asked for seven seconds.
    assert asha.ask(LARGE).gateway == "razorpay"
    clock.move(seconds=8)
    assert asha.ask(LARGE).gateway == "cashfree"
    assert asha.ask(LARGE).gateway == "cashfree"


def test_401_goes_to_the_other_and_opens_nothing(asha: Till) -> None:
    with tenant_scope(asha.business):
        services.account_change(account=GatewayAccount.objects.get(gateway="cashfree").id, key_secret="wrong")
    for _ in range(6):
        payment = asha.ask(LARGE)
        assert states(asha, payment) == [("cashfree", "failed", "NotAuthorised"), ("razorpay", "open", "")]
    assert failures(asha) == {}


def test_400_stops(asha: Till) -> None:
    payer = Payer(id=uuid7(), name="Kavya", phone="+14155550100")
    with tenant_scope(asha.business), pytest.raises(GatewayRefused) as refused:
        services.payment_create(purpose="tests.thing", subject="x", quote=Quote(LARGE, "Fee", payer))
    assert refused.value.data["reason"] == "phone_unsupported"
    with tenant_scope(asha.business):
        [payment] = Payment.objects.all()
    assert states(asha, payment) == [("cashfree", "failed", "phone_unsupported")]
    assert payable(asha) == []
    assert failures(asha) == {}


def test_409_with_the_same_contents_is_used(asha: Till) -> None:
    asha.sandbox.fault("cashfree", "order_create", "error_500_after")
    asha.sandbox.fault("cashfree", "order_fetch", "error_500_html")
    asha.sandbox.refuse("razorpay")
    subject = str(uuid7())
    with pytest.raises(NoGateway):
        asha.ask(LARGE, subject=subject)
    asha.sandbox.accept("razorpay")
    with tenant_scope(asha.business):
        # The key of the request is forgotten after a day; the name is not.
        Payment.objects.update(description="Another note, so another body")
    payment = asha.ask(LARGE, subject=subject)
    assert states(asha, payment)[0] == ("cashfree", "open", "")
    assert payable(asha) == ["cashfree"]


def test_409_with_other_contents_alarms(asha: Till) -> None:
    asha.sandbox.fault("cashfree", "order_create", "error_500_after")
    asha.sandbox.fault("cashfree", "order_fetch", "error_500_html")
    asha.sandbox.refuse("razorpay")
    subject = str(uuid7())
    with pytest.raises(NoGateway):
        asha.ask(LARGE, subject=subject)
    asha.sandbox.accept("razorpay")
    with tenant_scope(asha.business):
        Payment.objects.update(amount_paise=LARGE + 100)
    with pytest.raises(GatewayRefused) as refused:
        asha.ask(LARGE + 100, subject=subject)
    assert refused.value.data["reason"] == "order_differs"


def test_session_shown_and_dropped_stays_with_its_gateway(asha: Till, first: str) -> None:
    payment = asha.ask(AMOUNT[first])
    asha.pay(payment, "USER_DROPPED" if first == "cashfree" else "failed")
    asha.refresh(payment)
    asha.sandbox.refuse(first)
    again = asha.ask(AMOUNT[first], subject=payment.subject)
    asha.sandbox.accept(first)
    assert again.id == payment.id
    assert states(asha, payment) == [(first, "open", "")]


def test_session_shown_and_left_is_dead_or_watched_before_another(asha: Till, first: str) -> None:
    payment = asha.ask(AMOUNT[first])
    asha.pay(payment, "FAILED" if first == "cashfree" else "failed")
    elsewhere(asha, payment)
    ended = {"cashfree": "terminated", "razorpay": "watched"}[first]
    assert states(asha, payment) == [(first, "abandoned", ended), (OTHER[first], "open", "")]
    assert payable(asha) == ([OTHER[first]] if first == "cashfree" else ["cashfree"])
    assert asha.last(payment).route["candidates"][first == "razorpay"]["excluded"] == "left by the payer"
    pays(asha, payment)


@pytest.mark.parametrize("silent", ["order_terminate", "payments_fetch"])
def test_session_shown_and_not_proven_dead_is_not_left(asha: Till, silent: str) -> None:
    payment = asha.ask(LARGE)
    asha.sandbox.fault("cashfree", silent, "error_500_html")
    with pytest.raises(UnderWay):
        elsewhere(asha, payment)
    assert states(asha, payment) == [("cashfree", "open", "")]


def test_session_shown_is_not_left_for_nobody(asha: Till) -> None:
    with tenant_scope(asha.business):
        services.account_change(account=GatewayAccount.objects.get(gateway="razorpay").id, state="off")
    payment = asha.ask(LARGE)
    with pytest.raises(NoGateway):
        elsewhere(asha, payment)
    assert states(asha, payment) == [("cashfree", "open", "")]
    assert payable(asha) == ["cashfree"]


@pytest.mark.parametrize(("first", "state"), [("cashfree", "PENDING"), ("razorpay", "authorized")])
def test_pending_or_authorised_is_never_left(asha: Till, first: str, state: str) -> None:
    payment = asha.ask(AMOUNT[first])
    with tenant_scope(asha.business):
        # Where money is taken at once nobody ever sees it waiting.
        account = GatewayAccount.objects.get(gateway=first)
    asha.pay(payment, state)
    with pytest.raises(AlreadyPaid if first == "razorpay" else UnderWay):
        elsewhere(asha, payment)
    assert [one.account_id for one in asha.attempts(payment)] == [account.id]
    assert payable(asha) == (["cashfree"] if first == "cashfree" else [])


def test_termination_requested_is_never_left(asha: Till) -> None:
    """A try that begins between our look and our word: the gateway only notes the wish."""
    payment = asha.ask(LARGE)
    tried = asha.pay(payment, "PENDING")
    asha.sandbox.fault("cashfree", "payments_fetch", "lagging")
    with pytest.raises(UnderWay):
        elsewhere(asha, payment)
    [order] = asha.sandbox.book()["orders"]
    assert order["state"] == "TERMINATION_REQUESTED"
    assert states(asha, payment)[0][:2] == ("cashfree", "open")
    asha.sandbox.payment_move("cashfree", tried, "SUCCESS")
    assert asha.refresh(payment).state == "paid"


def test_a_later_success_at_the_one_left_is_surplus_and_goes_back_once(asha: Till) -> None:
    payment = asha.ask(SMALL)
    old = asha.last(payment)
    elsewhere(asha, payment)
    pays(asha, payment)
    asha.pay(payment, attempt=old)
    for _ in range(3):
        asha.refresh(payment)
        asha.settle()
    [refund] = asha.refunds(payment)
    assert (refund.kind, refund.amount_paise, refund.state) == ("surplus", SMALL, "succeeded")
    assert refund.key.endswith(asha.money(payment)[1].gateway_payment_id)
    assert [one.state for one in asha.attempts(payment)] == ["surplus", "succeeded"]
    books = asha.books()
    assert (books.settled, books.receipts, books.surplus, books.difference) == (SMALL, SMALL, 0, 0)
    assert len(asha.sandbox.book()["refunds"]) == 1


def test_a_refund_is_never_asked_of_another_gateway(asha: Till, clock) -> None:
    payment = asha.ask(LARGE)
    pays(asha, payment)
    asha.sandbox.refuse("cashfree")
    with tenant_scope(asha.business):
        refund = services.refund_request(payment=payment.id, key="k")
        clock.move(minutes=11)
        assert services.payments_poll()["silent"] == 1
    asha.sandbox.accept("cashfree")
    asha.settle()
    with tenant_scope(asha.business):
        assert services.refund_refresh(refund=refund.id).state == "succeeded"
    book = asha.sandbox.book()
    assert [one["vendor"] for one in book["refunds"]] == ["cashfree"]
    assert "razorpay.refund_create" not in book["calls"]
