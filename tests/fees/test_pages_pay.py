"""Paying on pages: what may be chosen, that nothing doubles, what each standing says, and who may look."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import jobs
from kernel.tenancy import tenant_scope
from shared_apps.accounts.models import User
from shared_apps.messaging.models import Notification
from shared_apps.payments.models import Payment, Refund
from tenant_apps.bookings import services as bookings
from tenant_apps.fees import services
from tenant_apps.fees.models import Bundle, Due
from tests.payments.conftest import Till
from tests.support.days import local_today, receipt_of
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, signed_in, staff

LATER = timedelta(days=9)


class Pupil:
    """A student with dues, signed in."""

    def __init__(self, till: Till, name: str = "Ananya Iyer") -> None:
        self.till, self.business = till, till.business
        branch = branch_make(self.business)
        self.student = student_make(self.business, branch, name=name)
        with tenant_scope(self.business):
            self.user = User.objects.get(id=user_of(self.business, self.student))
        self.client = signed_in(self.business, "student", user=self.user, student=self.student.id)

    def owe(self, title: str, paise: int) -> Due:
        with tenant_scope(self.business):
            due_on = local_today() + LATER
            return services.due_create(student=self.student.id, title=title, amount_paise=paise, due_on=due_on)

    def pay(self, *dues: Due, key: str = "once", **more: Any) -> Any:
        form = [("key", key), *(("due", str(due.id)) for due in dues), *more.items()]
        return self.client.page("POST", "/pay", form)  # type: ignore[arg-type]

    def payments(self) -> list[Payment]:
        with tenant_scope(self.business):
            return list(Payment.objects.order_by("id"))

    def state(self, due: Due) -> str:
        with tenant_scope(self.business):
            return Due.objects.get(id=due.id).state

    def phase(self, payment: Payment, query: str = "") -> str:
        page = self.client.page("GET", f"/pay/{payment.id}{query}")
        assert page.status_code == 200, page.content
        found = re.search(r'data-phase="(\w+)"', page.content.decode())
        assert found
        return found[1]


@pytest.fixture
def pupil(asha: Till) -> Pupil:
    return Pupil(asha)


def place_of(answer: Any) -> str:
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def test_several_fees_are_one_payment_and_the_form_sent_twice_is_one(pupil: Pupil) -> None:
    one, two, three = pupil.owe("November", 450_00), pupil.owe("Books", 1_500_00), pupil.owe("Canteen", 90_00)
    first = place_of(pupil.pay(one, two))
    again = place_of(pupil.pay(one, two))
    (payment,) = pupil.payments()
    assert (payment.amount_paise, payment.description, payment.state) == (1_950_00, "November, Books", "pending")
    assert first == f"/pay/{payment.id}/go"
    # The second sending, another tab, and a choice that overlaps all lead to the payment that stands.
    told = f"/pay/{payment.id}?again=1"
    assert [again, place_of(pupil.pay(one, two, key="other")), place_of(pupil.pay(two, three))] == [told] * 3
    assert place_of(pupil.client.page("GET", f"/pay?due={one.id}")) == told
    assert "no second one was made" in pupil.client.page("GET", told).content.decode()
    with tenant_scope(pupil.business):
        assert (Bundle.objects.count(), Payment.objects.count()) == (1, 1)
    # By the API as well: a due of a bundle that is being paid is not sold once more.
    refused: Any = pupil.client.post("payments/create", {"purpose": "fees.due", "reference": str(one.id)}, key="k")
    assert (refused.status_code, refused.json()["code"]) == (409, "fees.payment_under_way")
    pupil.till.pay(payment)
    pupil.till.refresh(payment)
    jobs.drain()
    assert [pupil.state(due) for due in (one, two, three)] == ["paid", "paid", "open"]
    assert pupil.phase(payment) == "paid"
    with tenant_scope(pupil.business):
        assert {due.receipt for due in Due.objects.filter(state="paid")} == {receipt_of(1)}
        (notice,) = Notification.objects.filter(user=pupil.user.id)
    assert (notice.title, notice.link) == ("₹1,950 has arrived", f"/pay/{payment.id}")
    assert pupil.till.books().difference == 0


def test_what_is_not_owed_any_more_of_a_bundle_goes_back(pupil: Pupil) -> None:
    one, two = pupil.owe("November", 450_00), pupil.owe("Books", 1_500_00)
    pupil.pay(one, two)
    (payment,) = pupil.payments()
    with tenant_scope(pupil.business):
        services.due_cancel(due=two.id, reason="waived")
    pupil.till.pay(payment)
    pupil.till.refresh(payment)
    jobs.drain()
    assert (pupil.state(one), pupil.state(two)) == ("paid", "cancelled")
    with tenant_scope(pupil.business):
        (refund,) = Refund.objects.all()
    assert refund.amount_paise == 1_500_00
    assert "₹1,500" in pupil.client.page("GET", f"/pay/{payment.id}").content.decode()
    pupil.till.settle()
    assert pupil.phase(payment) == "part_refunded"
    assert pupil.till.books().difference == 0


def test_each_standing_of_a_payment_is_told_and_a_failed_try_is_tried_again(pupil: Pupil, clock: Any) -> None:
    due = pupil.owe("November", 1_500_00)
    pupil.pay(due)
    (payment,) = pupil.payments()
    assert pupil.phase(payment) == "open"
    tried = pupil.till.pay(payment, "PENDING")
    assert pupil.phase(payment) == "open"  # nobody has asked yet
    assert place_of(pupil.client.page("POST", f"/pay/{payment.id}")) == f"/pay/{payment.id}"
    assert pupil.phase(payment) == "waiting"
    # While a bank is at it nobody is sent to pay again, and no other payment is begun.
    assert place_of(pupil.client.page("GET", f"/pay/{payment.id}/go")) == f"/pay/{payment.id}"
    assert place_of(pupil.pay(due)) == f"/pay/{payment.id}?again=1"
    pupil.till.sandbox.payment_move("cashfree", tried, "FAILED")
    # A page left open asks by itself, each fourth time.
    fragment = {"HX-Request": "true"}
    for look, phase in ((1, "waiting"), (4, "failed")):
        shown = pupil.client.page("GET", f"/pay/{payment.id}?look={look}", headers=fragment).content.decode()
        assert f'data-phase="{phase}"' in shown
        assert "<html" not in shown
    assert pupil.client.page("GET", f"/pay/{payment.id}/go").status_code == 200
    pupil.till.pay(payment)
    pupil.till.refresh(payment)
    assert pupil.phase(payment) == "paid"
    assert len(pupil.payments()) == 1
    other = pupil.owe("Books", 1_500_00)
    pupil.pay(other)
    late = pupil.payments()[-1]
    clock.move(minutes=61)
    pupil.client = signed_in(pupil.business, "student", user=pupil.user, student=pupil.student.id)
    assert pupil.phase(late) == "ended"
    assert f"/pay?due={other.id}" in pupil.client.page("GET", f"/pay/{late.id}").content.decode()


def test_a_seat_is_paid_while_it_is_held_and_the_late_payer_is_told(pupil: Pupil, clock: Any) -> None:
    reading: Reading = reading_make(pupil.business)
    with tenant_scope(pupil.business):
        day = local_today() + timedelta(days=1)
        shift, seat = reading.shifts["morning"].id, reading.seats[0].id
        held = bookings.booking_hold(seat=seat, shift=shift, day=day, student=pupil.student.id)
    shown = pupil.client.page("GET", f"/pay?booking={held.id}").content.decode()
    assert "count-down" in shown
    place_of(pupil.pay(booking=str(held.id)))
    (payment,) = pupil.payments()
    clock.move(minutes=11)
    rival = Pupil(pupil.till, "Rohit Deshmukh")
    with tenant_scope(pupil.business):
        bookings.booking_hold(seat=seat, shift=shift, day=day, student=rival.student.id)
    pupil.client = signed_in(pupil.business, "student", user=pupil.user, student=pupil.student.id)
    over = pupil.client.page("GET", f"/pay?booking={held.id}")
    assert over.status_code in (302, 409)
    pupil.till.pay(payment)
    pupil.till.refresh(payment)
    jobs.drain(max_seconds=20)
    page = pupil.client.page("GET", f"/pay/{payment.id}").content.decode()
    assert "somebody else has it now" in page


def test_only_ones_own_and_only_students(pupil: Pupil) -> None:
    due = pupil.owe("November", 450_00)
    rival = Pupil(pupil.till, "Rohit Deshmukh")
    assert rival.pay(due).status_code == 404
    assert pupil.payments() == []
    pupil.pay(due)
    (payment,) = pupil.payments()
    for path in (f"/pay/{payment.id}", f"/pay/{payment.id}/go", f"/pay/back?payment={payment.id}"):
        assert rival.client.page("GET", path).status_code == 404
        assert Client(pupil.business).page("GET", path).status_code == 302
    assert staff(pupil.business).page("GET", f"/pay/{payment.id}").status_code == 403
    assert staff(pupil.business).page("POST", "/pay", {"due": str(due.id)}).status_code == 403
    assert pupil.client.page("GET", "/pay?due=nonsense").status_code == 404
    assert pupil.client.page("POST", "/pay", {"key": "x"}).status_code == 422


def test_forms_reach_the_gateway_from_the_checkout_alone(pupil: Pupil) -> None:
    due = pupil.owe("November", 450_00)
    pupil.pay(due)
    (payment,) = pupil.payments()
    out = pupil.client.page("GET", f"/pay/{payment.id}/go")
    policy = {part.split()[0]: part.split()[1:] for part in out["Content-Security-Policy"].split("; ")}
    (origin,) = policy["form-action"][1:]
    assert f'action="{origin}/razorpay/checkout"' in out.content.decode()
    assert (policy["default-src"], "script-src" in policy) == (["'self'"], False)
    for path in ("/pay/" + str(payment.id), "/dues", "/"):
        assert pupil.client.page("GET", path)["Content-Security-Policy"].endswith("form-action 'self'")


def test_a_gateway_that_is_away_is_said_and_nothing_is_taken(pupil: Pupil) -> None:
    due = pupil.owe("November", 450_00)
    for gateway in ("cashfree", "razorpay"):
        pupil.till.sandbox.refuse(gateway)
    try:
        refused = pupil.pay(due)
    finally:
        for gateway in ("cashfree", "razorpay"):
            pupil.till.sandbox.accept(gateway)
    assert refused.status_code == 503
    assert 'data-code="payments.no_gateway"' in refused.content.decode()
    assert pupil.state(due) == "open"
    assert place_of(pupil.pay(due)).endswith("/go")


def test_home_and_fees_ask_no_more_than_they_must(pupil: Pupil) -> None:
    for number in range(12):
        pupil.owe(f"Fee {number}", 100_00 + number)
    for path, most in (("/", 14), ("/dues", 8), ("/dues/paid", 6), ("/notices", 6), ("/me", 7), ("/today", 7)):
        pupil.client.page("GET", path)
        with CaptureQueriesContext(connection) as seen:
            assert pupil.client.page("GET", path).status_code == 200
        assert len(seen) <= most, (path, len(seen), [query["sql"][:90] for query in seen])
