"""A tenant buys credits: an order in the operator's books, paid at the operator's own gateway account, filled once."""

from connectors.sandbox.client import Payer
from kernel import jobs
from kernel.ids import uuid7
from kernel.jobs.models import Job
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.credits.models import Order
from shared_apps.payments import services
from shared_apps.payments.models import Payment
from tests.payments.conftest import deliver


def books_of(counter):
    books = counter.books()
    assert books.difference == 0
    return books


def test_bought_paid_and_filled(academy, staff, stocked, purse, counter):
    stocked(1000)
    before, platform = books_of(counter), counter.business
    owner = staff(academy)
    bought = owner.post("credits/purchase", {"units": 500}, key="one")
    assert bought.status_code == 201, bought.content
    body = bought.json()
    assert (body["state"], body["payment"]["amount_paise"], body["payment"]["gateway"]) == (
        "placed",
        12_500,
        "razorpay",
    )
    assert owner.post("credits/purchase", {"units": 500}, key="one").json() == body
    # Nothing of it is in the tenant's own books.
    with tenant_scope(academy):
        assert not Payment.objects.exists()
    Payer().checkout(body["payment"]["checkout"]["page"])
    heard = counter.heard()
    assert heard
    assert {deliver(platform, one) for one in heard} == {200}
    jobs.drain()
    assert purse(academy) == (500, 0, 0)
    assert owner.get("credits/purchase").json()["results"][0]["state"] == "filled"
    after = books_of(counter)
    assert (after.settled - before.settled, after.receipts - before.receipts) == (12_500, 12_500)
    with platform_scope():
        payment = Payment.objects.get(id=body["payment"]["id"])
        assert (payment.purpose, payment.subject, payment.state) == ("credits.purchase", body["id"], "paid")
        # Whoever else hears of payments has nothing to do with the operator's, and says so instead of failing.
        assert not Job.objects.filter(business="public", state="queued", attempts__gt=0).exists()
    assert {deliver(platform, one, headers={"x-razorpay-event-id": "again"}) for one in heard} == {200}
    jobs.drain()
    assert purse(academy) == (500, 0, 0)


def test_a_tenant_sees_none_of_the_operators_payments(academy, staff, stocked, counter, admin):
    stocked(1000)
    owner = staff(academy)
    body = owner.post("credits/purchase", {"units": 500}, key=str(uuid7())).json()
    address = f"payments/{body['payment']['id']}"
    assert owner.get(address).status_code == 404
    assert owner.post("payments/verify", {"payment": body["payment"]["id"]}).status_code == 404
    assert admin("finance").get(address).json()["subject"] == body["id"]


def test_money_for_no_order_goes_back(academy, staff, stocked, purse, counter):
    stocked(1000)
    body = staff(academy).post("credits/purchase", {"units": 500}, key=str(uuid7())).json()
    with platform_scope():
        Order.objects.filter(id=body["id"]).delete()
    Payer().checkout(body["payment"]["checkout"]["page"])
    with platform_scope():
        payment = Payment.objects.get(id=body["payment"]["id"])
    counter.refresh(payment)
    counter.settle()
    assert counter.now_of(payment).state == "refunded"
    assert purse(academy) == (0, 0, 0)
    books_of(counter)


def test_a_buyer_without_a_number_is_told_so(academy, staff, stocked, counter):
    from shared_apps.accounts.models import User

    stocked(1000)
    owner = staff(academy)
    with tenant_scope(academy):
        User.objects.filter(id=owner.user.id).update(phone=None)
    answer = owner.post("credits/purchase", {"units": 500}, key="k")
    assert (answer.status_code, answer.json()["code"]) == (422, "payments.phone_needed")
    with platform_scope():
        assert not Order.objects.filter(schema=academy.schema).exists()


def test_an_order_that_expired_unseen_is_left_to_the_poller(academy, staff, stocked, counter, clock):
    stocked(1000)
    owner = staff(academy)
    for vendor in ("cashfree", "razorpay"):
        counter.sandbox.refuse(vendor)
    assert owner.post("credits/purchase", {"units": 500}, key="k").json()["code"] == "payments.no_gateway"
    for vendor in ("cashfree", "razorpay"):
        counter.sandbox.accept(vendor)
    clock.move(minutes=61)
    owner = staff(academy, user=owner.user)
    assert owner.post("credits/purchase", {"units": 500}, key="k").json()["code"] == "payments.under_way"
    with platform_scope():
        services.payments_poll()
    assert owner.post("credits/purchase", {"units": 500}, key="k").status_code == 201
