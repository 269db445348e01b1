"""A gateway that fails is left alone for a while: one circuit per business, gateway and operation, one probe."""

import pytest

from connectors.payments.errors import GatewayError, NotAuthorised, OutcomeUnknown, RateLimited, Rejected
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.payments import selectors, services
from shared_apps.payments.models import Circuit, Payment
from shared_apps.payments.services.circuits import (
    FETCH,
    OPENS_AFTER,
    ORDER,
    REFUND,
    CircuitOpen,
    circuit_pass,
    counted,
    guarded,
)
from tests.payments.conftest import Till
from tests.support.people import staff
from tests.support.racing import race, racing


def fail(times: int, *, gateway: str = "cashfree", operation: str = ORDER) -> None:
    for _ in range(times):
        with pytest.raises(OutcomeUnknown), counted(gateway, operation):
            raise OutcomeUnknown("502")


def state(operation: str = ORDER) -> str:
    return selectors.circuit_states(operation).get("cashfree", "closed")


def test_failures_in_a_row_open_it_and_only_those(academy: Business, clock) -> None:
    with tenant_scope(academy):
        fail(OPENS_AFTER - 1)
        with counted("cashfree", ORDER):
            pass
        fail(OPENS_AFTER - 1)
        clock.move(minutes=6)
        fail(OPENS_AFTER - 1)
        assert state() == "closed"
        fail(1)
        assert state() == "open"
        assert (state(FETCH), selectors.circuit_states(ORDER).get("razorpay")) == ("closed", None)


@pytest.mark.parametrize(
    "answer",
    [Rejected(400, "x", "issuer says no"), NotAuthorised(401, "x", "x"), RateLimited(429, "x", "x", retry_after=None)],
)
def test_what_is_refused_is_an_answer(academy: Business, answer: GatewayError) -> None:
    with tenant_scope(academy):
        for _ in range(OPENS_AFTER + 1):
            with pytest.raises(type(answer)), counted("cashfree", ORDER):
                raise answer
        assert state() == "closed"
        fail(OPENS_AFTER - 1)
        with pytest.raises(type(answer)), counted("cashfree", ORDER):
            raise answer
        fail(1)
        assert state() == "closed"


def test_open_it_asks_nothing_then_one_probe_decides(academy: Business, clock) -> None:
    with tenant_scope(academy):
        fail(OPENS_AFTER)
        with pytest.raises(CircuitOpen), guarded("cashfree", ORDER):
            raise AssertionError("it was asked")
        clock.move(seconds=31)
        assert state() == "half_open"
        with pytest.raises(OutcomeUnknown), guarded("cashfree", ORDER):
            raise OutcomeUnknown("still")
        assert state() == "open"
        clock.move(seconds=31)
        with guarded("cashfree", ORDER):
            assert state() == "open"
        assert state() == "closed"
        assert Circuit.objects.get().failures == 0


def test_thirty_two_at_the_probe_are_one(academy: Business, clock) -> None:
    def ask(_: int) -> bool:
        with tenant_scope(academy):
            return circuit_pass(gateway="cashfree", operation=ORDER)

    with racing(32) as round_of:
        for _ in range(20):
            with tenant_scope(academy):
                fail(OPENS_AFTER)
            clock.move(seconds=31)
            assert round_of(ask) == {True: 1, False: 31}


def test_thirty_two_failures_at_once_are_all_counted(academy: Business) -> None:
    def ask(_: int) -> None:
        with tenant_scope(academy):
            fail(1)

    assert race(32, ask) == {None: 32}
    with tenant_scope(academy):
        assert Circuit.objects.get().failures == 32


def test_each_business_has_its_own(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        fail(OPENS_AFTER)
    with tenant_scope(other_academy):
        assert state() == "closed"
    with platform_scope():
        assert not Circuit.objects.exists()


def test_payers_go_to_the_other_and_one_of_them_probes(asha: Till, clock) -> None:
    with tenant_scope(asha.business):
        fail(OPENS_AFTER)
    assert asha.ask(150_000).gateway == "razorpay"
    clock.move(seconds=31)
    asha.sandbox.fault("cashfree", "order_create", "error_500_html", times=32)
    quotes = [asha.quote(150_000) for _ in range(8)]

    def ask(index: int) -> str:
        with tenant_scope(asha.business):
            return services.payment_create(purpose="tests.thing", subject=str(uuid7()), quote=quotes[index]).gateway

    assert race(8, ask) == {"razorpay": 8}
    assert asha.sandbox.book()["calls"]["cashfree.order_create"] == 1
    asha.sandbox.faults_clear()
    clock.move(seconds=31)
    probe = asha.ask(150_000)
    assert probe.gateway == "cashfree"
    assert asha.last(probe).route["candidates"][0]["circuit"] == "half_open"
    assert asha.ask(150_000).gateway == "cashfree"


def test_with_every_circuit_open_the_better_one_is_asked(asha: Till) -> None:
    with tenant_scope(asha.business):
        for gateway in ("cashfree", "razorpay"):
            fail(OPENS_AFTER, gateway=gateway)
    payment = asha.ask(150_000)
    assert payment.gateway == "cashfree"
    assert asha.last(payment).route["reason"].startswith("No gateway answers lately; the better one is asked")


def test_the_poller_asks_a_dead_gateway_five_times_not_for_each_payment(asha: Till, clock) -> None:
    payments = [asha.ask(150_000) for _ in range(8)]
    clock.move(minutes=3)
    asha.sandbox.fault("cashfree", "payments_fetch", "error_500_html", times=99)
    with tenant_scope(asha.business):
        assert services.payments_poll() == {"payments": 8, "refunds": 0, "silent": 8}
    assert asha.sandbox.book()["calls"]["cashfree.payments_fetch"] == OPENS_AFTER
    asha.sandbox.faults_clear()
    asha.pay(payments[7])
    clock.move(minutes=6)
    with tenant_scope(asha.business):
        assert services.payments_poll() == {"payments": 8, "refunds": 0, "silent": 0}
        assert Payment.objects.filter(state="paid").count() == 1


def test_a_refund_waits_for_its_gateway(asha: Till, clock) -> None:
    payment = asha.ask(150_000)
    asha.pay(payment)
    asha.refresh(payment)
    with tenant_scope(asha.business):
        fail(OPENS_AFTER, operation=REFUND)
        refund = services.refund_request(payment=payment.id, key="k")
        with pytest.raises(CircuitOpen):
            services.refund_send(refund=refund.id)
        assert "cashfree.refund_create" not in asha.sandbox.book()["calls"]
        clock.move(seconds=31)
        services.refund_send(refund=refund.id)
    asha.settle()
    assert asha.now_of(payment).state == "refunded"


def test_it_is_shown_with_the_accounts(asha: Till) -> None:
    owner = staff(asha.business)
    health = {one["gateway"]: one["health"] for one in owner.get("payments/gateways").json()["results"]}
    assert health == {"cashfree": [], "razorpay": []}
    with tenant_scope(asha.business):
        fail(OPENS_AFTER)
    health = {one["gateway"]: one["health"] for one in owner.get("payments/gateways").json()["results"]}
    [shown] = health["cashfree"]
    assert (shown["operation"], shown["state"], shown["failures"]) == (ORDER, "open", OPENS_AFTER)
    assert health["razorpay"] == []
