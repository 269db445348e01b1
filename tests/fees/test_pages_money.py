"""The staff's pages of money: what each role may, what is refused changes nothing, and how much each asks."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from kernel import clock, jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services as messaging
from shared_apps.messaging.models import Message
from shared_apps.payments.models import Payment
from tenant_apps.fees.models import Due
from tests.payments.conftest import Till, deliver
from tests.support.days import local_today, receipt_of
from tests.support.factories.money import due_make, taken_make
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, anyone, signed_in, staff


@pytest.fixture
def school(academy: Business) -> tuple[Business, Any]:
    return academy, student_make(academy, branch_make(academy, name="Kothrud"), name="Asha Rao")


def take(client: Client, who: Any, dues: list[Due], **more: Any) -> Any:
    form = {"student": str(who.id), "method": "cash", "key": str(uuid7()), **more}
    body = [*form.items()] + [("due", str(due.id)) for due in dues]
    return client.page("POST", "/counter", body)  # type: ignore[arg-type]


def test_a_fee_is_taken_at_the_counter_once(school: tuple[Business, Any]) -> None:
    business, asha = school
    desk = staff(business, "front_desk")
    soon, later = due_make(business, asha, "November", 1_500_50), due_make(business, asha, "May", 2_000_00, days=90)
    found = desk.page("GET", "/counter/students?q=asha", headers={"HX-Request": "true"}).content.decode()
    assert "₹3,500.50" in found
    assert asha.code in desk.page("GET", f"/counter?q={asha.phone[-6:]}").content.decode()
    page = desk.page("GET", f"/counter?student={asha.id}").content.decode()
    # What is owed by now is chosen, what comes in spring is not.
    assert re.search(rf'value="{soon.id}" data-paise="150050" checked', page)
    assert not re.search(rf'value="{later.id}" data-paise="200000" checked', page)
    key = str(uuid7())
    done = take(desk, asha, [soon], key=key)
    assert done.status_code == 302
    assert take(desk, asha, [soon], key=key)["Location"] == done["Location"]
    shown = desk.page("GET", done["Location"]).content.decode()
    assert "₹1,500.50 taken" in shown
    assert receipt_of(1) in shown
    assert "autofocus" in shown
    with tenant_scope(business):
        assert Payment.objects.count() == 1
        assert Payment.objects.get().created_by == desk.user.id
    again = take(desk, asha, [soon])
    assert again.status_code == 409
    assert "not open any more" in again.content.decode()
    missing = take(desk, asha, [later], method="upi")
    assert missing.status_code == 422
    assert "reference of the transfer is missing" in missing.content.decode()
    assert take(desk, asha, []).status_code == 422
    assert take(desk, asha, [later], student="nobody").status_code == 302
    with tenant_scope(business):
        assert [due.state for due in Due.objects.order_by("id")] == ["paid", "open"]
        assert Payment.objects.count() == 1


def test_the_same_by_the_api(school: tuple[Business, Any]) -> None:
    business, asha = school
    due = due_make(business, asha, "November", 1_500_50)
    desk = staff(business, "front_desk")
    body = {"student": str(asha.id), "dues": [str(due.id)], "method": "upi", "reference": "4123 0099"}
    first, second = desk.post("payments/desk", body, key="once"), desk.post("payments/desk", body, key="once")
    assert (first.status_code, first.json()) == (201, second.json())
    assert (first.json()["receipt"], first.json()["amount_paise"]) == (receipt_of(1), 1_500_50)
    for changes, status in (
        ({"dues": []}, 400),
        ({"method": "cheque"}, 400),
        ({"student": str(uuid7())}, 404),
        ({}, 409),
    ):
        assert desk.post("payments/desk", {**body, **changes}, key=str(uuid7())).status_code == status
    assert staff(business, "teacher").post("payments/desk", body, key="x").status_code == 403


def test_who_may_what(school: tuple[Business, Any]) -> None:
    business, asha = school
    payment = taken_make(business, asha, "November", 20_000_00)
    with tenant_scope(business):
        person = user_of(business, asha)
    pupil = signed_in(business, "student", user=person_of(business, person), student=asha.id)
    other = student_make(business, branch_make(business), name="Ravi Shah")
    far = staff(business, "accountant", branch=other.branch_id)
    doors = {
        "/payments": {"owner": 200, "front_desk": 200, "teacher": 403, "pupil": 403, "far": 200},
        f"/payments/{payment.id}": {"owner": 200, "front_desk": 200, "teacher": 403, "pupil": 403, "far": 404},
        "/payments/sheet?as=csv": {"owner": 200, "front_desk": 403, "teacher": 403, "pupil": 403, "far": 200},
        "/counter": {"owner": 200, "front_desk": 200, "teacher": 403, "pupil": 403, "far": 200},
        f"/counter?student={asha.id}": {"owner": 200, "far": 404},
        f"/counter/{payment.id}": {"owner": 200, "pupil": 403, "far": 404},
        "/owed": {"owner": 200, "front_desk": 200, "teacher": 403, "pupil": 403},
        f"/owed/new?student={asha.id}": {"owner": 200, "front_desk": 403, "pupil": 403, "far": 404},
        f"/receipts/{payment.id}": {"owner": 200, "front_desk": 200, "teacher": 403, "pupil": 200, "far": 404},
        f"/receipts/{payment.id}/pdf": {"pupil": 200, "far": 404},
    }
    clients = {
        "pupil": pupil,
        "far": far,
        **{role: staff(business, role) for role in ("owner", "front_desk", "teacher")},
    }
    for path, answers in doors.items():
        for who, status in answers.items():
            assert clients[who].page("GET", path).status_code == status, (path, who)
    assert asha.name not in far.page("GET", "/payments").content.decode()
    assert "₹20,000" not in far.page("GET", "/").content.decode()
    # The desk sees no sums and gives nothing back; a manager up to the limit, the owner all.
    desk = clients["front_desk"].page("GET", f"/payments/{payment.id}").content.decode()
    assert 'id="refund"' not in desk
    assert "Kept" not in clients["front_desk"].page("GET", "/payments").content.decode()
    assert "Collected this month" not in clients["front_desk"].page("GET", "/").content.decode()
    assert "Collected this month" in clients["owner"].page("GET", "/").content.decode()


def person_of(business: Business, user: Any) -> Any:
    from shared_apps.accounts.models import User

    with tenant_scope(business):
        return User.objects.get(id=user)


def test_money_goes_back_by_limit_key_and_reason(school: tuple[Business, Any]) -> None:
    business, asha = school
    payment = taken_make(business, asha, "November", 20_000_00)
    path, key = f"/payments/{payment.id}/refund", str(uuid7())
    manager, owner = staff(business, "manager"), staff(business)
    form = {"amount": "10000.01", "reason": "left", "key": key}
    refused = manager.page("POST", path, form)
    assert refused.status_code == 403
    assert "more than your role may give back" in refused.content.decode()
    for wrong in ({"amount": "0"}, {"amount": "1.234"}, {"reason": ""}, {"key": "<x>"}, {"amount": "9e99"}):
        assert owner.page("POST", path, {**form, **wrong}).status_code == 422
    assert owner.page("POST", path, {**form, "amount": "20000.01"}).status_code == 409
    assert staff(business, "front_desk").page("POST", path, form).status_code == 403
    with tenant_scope(business):
        assert Payment.objects.get().refunded_paise == 0
    for _ in range(2):
        assert manager.page("POST", path, {**form, "amount": "10000"}).status_code == 302
    with tenant_scope(business):
        assert Payment.objects.get().refunded_paise == 10_000_00
    page = owner.page("GET", f"/payments/{payment.id}").content.decode()
    assert "Partly refunded" in page
    assert "Up to ₹10,000 can be given back" in page
    receipt = owner.page("GET", f"/receipts/{payment.id}").content.decode()
    assert "₹10,000 of this was given back" in receipt


def test_the_list_is_searched_filtered_summed_and_taken_away(school: tuple[Business, Any]) -> None:
    business, asha = school
    ravi = student_make(business, branch_make(business), name="=HYPERLINK(1)")
    taken_make(business, asha, "November", 1_500_50)
    taken_make(business, ravi, "Books", 450_00, method="upi")
    old = taken_make(business, asha, "October", 900_00, at=clock.now() - timedelta(days=40))
    owner = staff(business)

    def shown(query: str) -> set[str]:
        page = owner.page("GET", f"/payments?{query}").content.decode()
        return set(re.findall(r'<small class="clip block">([^<]+)</small>', page))

    assert shown("") == {"November", "Books", "October"}
    assert shown("q=asha") == {"November", "October"}
    assert shown(f"q={old.receipt}") == {"October"}
    assert shown("method=upi") == {"Books"}
    assert shown("gateway=cashfree") == set()
    assert shown(f"from={local_today()}") == {"November", "Books"}
    assert shown(f"to={local_today() - timedelta(days=1)}") == {"October"}
    assert shown("state=refunded") == set()
    assert shown("flagged=1") == set()
    assert shown("from=soon&state=nonsense&page=x") == {"November", "Books", "October"}
    assert "₹2,850.50" in owner.page("GET", "/payments").content.decode()
    csv = owner.page("GET", "/payments/sheet?as=csv&q=hyper")
    assert csv["Content-Disposition"] == 'attachment; filename="payments.csv"'
    assert "'=HYPERLINK(1)" in csv.content.decode()
    assert "Asha" not in csv.content.decode()
    book = CalamineWorkbook.from_filelike(io.BytesIO(owner.page("GET", "/payments/sheet?as=xlsx").content))
    rows = book.get_sheet_by_index(0).to_python()
    assert len(rows) == 4
    assert sum(row[5] for row in rows[1:]) == 2_850.5


def test_dues_are_asked_for_taken_back_and_reminded_of(school: tuple[Business, Any]) -> None:
    business, asha = school
    with tenant_scope(business):
        messaging.templates_seed()
    accountant = staff(business, "accountant")
    form = {"student": str(asha.id), "title": "December", "amount": "1500.50", "due_on": str(local_today())}
    for wrong in ({"amount": "0"}, {"amount": "1.555"}, {"title": ""}, {"due_on": "x"}):
        assert accountant.page("POST", "/owed/new", {**form, **wrong}).status_code == 422
    assert accountant.page("POST", "/owed/new", {**form, "student": str(uuid7())}).status_code == 404
    with tenant_scope(business):
        assert not Due.objects.exists()
    assert accountant.page("POST", "/owed/new", form).status_code == 302
    late = due_make(business, asha, "September", 900_00, days=-60)
    assert "September" in accountant.page("GET", "/owed?state=overdue").content.decode()
    assert "December" not in accountant.page("GET", "/owed?state=overdue").content.decode()
    assert "December" in accountant.page("GET", "/owed?q=december").content.decode()
    with tenant_scope(business):
        december = Due.objects.get(title="December")
    assert december.amount_paise == 1_500_50
    for _ in range(2):
        assert accountant.page("POST", "/owed/remind", {"due": str(late.id)}).status_code == 302
    with tenant_scope(business):
        [reminder] = Message.objects.filter(template="reminder")
        assert reminder.to == asha.phone
    assert accountant.page("POST", f"/owed/{december.id}/cancel").status_code == 302
    assert staff(business, "front_desk").page("POST", f"/owed/{late.id}/cancel").status_code == 403
    with tenant_scope(business):
        assert Due.objects.get(id=december.id).state == "cancelled"
        assert Due.objects.get(id=late.id).state == "open"


def test_a_receipt_prints_in_both_languages_and_says_it_is_genuine(school: tuple[Business, Any]) -> None:
    business, asha = school
    owner = staff(business)
    payment = taken_make(business, asha, "<b>November</b>", 1_23_456_78, method="upi", by=owner.user.id)
    english = owner.page("GET", f"/receipts/{payment.id}").content.decode()
    for words in (
        payment.receipt,
        "₹1,23,456.78",
        "Rupees one lakh twenty-three thousand four hundred fifty-six and seventy-eight paise only",
        "Asha Rao",
        asha.code,
        "Kothrud",
        "Meera Iyer",
        "&lt;b&gt;November",
    ):
        assert words in english, words
    hindi = owner.page("GET", f"/receipts/{payment.id}?language=hi").content.decode()
    assert "एक लाख तेईस हज़ार चार सौ छप्पन रुपये और अठहत्तर पैसे मात्र" in hindi
    for language in ("en", "hi"):
        made = owner.page("GET", f"/receipts/{payment.id}/pdf?language={language}")
        assert made["Content-Type"] == "application/pdf"
        assert made.content.startswith(b"%PDF-")
        assert made.content.count(b"/Type /Page\n") + made.content.count(b"/Type /Page/") <= 1
        assert 4_000 < len(made.content) < 200_000
    checked = anyone(business).page("GET", f"/receipts/check/{payment.long_name}").content.decode()
    assert "genuine" in checked
    assert "A••• R•••" in checked
    assert "Asha" not in checked
    assert anyone(business).page("GET", "/receipts/check/nothing").status_code == 404
    unpaid_id = uuid7()
    assert owner.page("GET", f"/receipts/{unpaid_id}").status_code == 404
    with tenant_scope(business):
        messaging.templates_seed()
        jobs.drain()
    before = sent(business)
    for key in ("one", "one", "two"):
        assert owner.page("POST", f"/receipts/{payment.id}/send", {"key": key, "next": "//evil"})["Location"] == (
            f"/receipts/{payment.id}"
        )
    assert sent(business) == before + 2


def sent(business: Business) -> int:
    with tenant_scope(business):
        return Message.objects.filter(template="payment").count()


def test_without_its_libraries_a_pdf_is_refused_in_words(school: tuple[Business, Any], monkeypatch: Any) -> None:
    business, asha = school
    payment = taken_make(business, asha, "November", 1_00)
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    answer = staff(business).page("GET", f"/receipts/{payment.id}/pdf")
    assert answer.status_code == 503
    assert "Print the receipt from its page" in answer.content.decode()


def test_home_for_each_role_and_the_first_day(school: tuple[Business, Any]) -> None:
    business, asha = school
    owner = staff(business)
    new = owner.page("GET", "/").content.decode()
    assert "Nothing came in yet this month" in new
    assert "<svg viewBox" not in new.split('id="main"')[1].split("Recent payments")[0] or 'class="plot"' not in new
    taken_make(business, asha, "November", 1_000_00)
    one_day = owner.page("GET", "/").content.decode()
    assert "Nothing to compare with yet" in one_day
    month_ago = local_today().replace(day=1) - timedelta(days=1)
    with tenant_scope(business):
        first = clock.now() - timedelta(days=(local_today() - month_ago.replace(day=1)).days)
    taken_make(business, asha, "October", 500_00, at=first)
    due_make(business, asha, "Late", 700_00, days=-2)
    page = owner.page("GET", "/").content.decode()
    assert "+100.0 %" in page
    assert "₹700 overdue" in page
    assert f"/payments?state=paid&amp;from={local_today()}" in page
    with tenant_scope(business):
        Payment.objects.filter(description="October").update(flagged=True)
    assert "1 payment unmatched" in owner.page("GET", "/").content.decode()
    hindi = owner.page("GET", "/", cookies={"language": "hi"}).content.decode()
    assert "₹700" in hindi


def test_every_list_asks_as_much_of_few_as_of_many(school: tuple[Business, Any]) -> None:
    business, asha = school
    owner = staff(business)
    payment = taken_make(business, asha, "November 0", 100)
    paths = {
        "/": 18,
        "/payments": 8,
        f"/payments/{payment.id}": 10,
        "/counter": 5,
        "/counter?q=asha": 7,
        f"/counter?student={asha.id}": 9,
        "/owed": 7,
        f"/receipts/{payment.id}": 9,
    }

    def asked(path: str) -> int:
        assert owner.page("GET", path).status_code == 200
        with CaptureQueriesContext(connection) as seen:
            owner.page("GET", path)
        return len(seen)

    few = {path: asked(path) for path in paths}
    for number in range(1, 12):
        taken_make(business, asha, f"November {number}", 100)
        due_make(business, asha, f"December {number}", 100)
    many = {path: asked(path) for path in paths}
    assert all(many[path] <= most for path, most in paths.items()), many
    # Some ask for one thing more once there is something to show it for.
    more = {path: (few[path], many[path]) for path in paths if many[path] > few[path] + 2}
    assert not more


def test_a_payment_online_tells_its_whole_way(asha: Till) -> None:
    """Its order, its callback, its money and its receipt, in order; and money of the wrong amount kept apart."""
    business = asha.business
    who = student_make(business, branch_make(business), name="Ravi Shah")
    due = due_make(business, who, "May", 45_000)
    owner = staff(business)
    made = owner.post("payments/create", {"purpose": "fees.due", "reference": str(due.id)}, key="online").json()
    with tenant_scope(business):
        payment = Payment.objects.get(id=made["id"])
    waiting = owner.page("GET", f"/counter/{payment.id}").content.decode()
    assert "Nothing has been paid yet" in waiting
    assert f"/p/{payment.long_name}" in waiting
    link = anyone(business).page("GET", f"/p/{payment.long_name}")
    assert "Pay with Razorpay" in link.content.decode()
    assert "form-action 'self' http" in link["Content-Security-Policy"]
    asha.pay(payment)
    for heard in asha.heard():
        assert deliver(business, heard) == 200
    jobs.drain()
    partial = owner.page("GET", f"/counter/{payment.id}", headers={"HX-Request": "true"})
    assert partial["HX-Redirect"] == f"/counter?done={payment.id}"
    assert owner.page("POST", f"/counter/{payment.id}")["Location"] == f"/counter?done={payment.id}"
    page = owner.page("GET", f"/payments/{payment.id}").content.decode()
    order = [
        page.index(words)
        for words in ("Asked for<", "Order at Razorpay", "Callback of Razorpay", f"Receipt {receipt_of(1)}")
    ]
    assert order == sorted(order)
    assert "Sent by Razorpay: ₹0.89 cheaper than Cashfree for ₹450; both were well." in page
    paid = anyone(business).page("GET", f"/p/{payment.long_name}").content.decode()
    assert "Show this at the desk" in paid
    assert anyone(business).page("GET", f"/p/back?payment={payment.id}")["Location"] == f"/p/{payment.long_name}"
    assert anyone(business).page("GET", "/p/back?payment=x")["Location"] == "/"
    assert owner.page("POST", f"/payments/{payment.id}/ask").status_code == 302
    assert asha.books().difference == 0
    other = due_make(business, who, "June", 45_000)
    asked = take(owner, who, [other], method="link")
    assert asked.status_code == 302
    assert asked["Location"].startswith("/counter/")
    assert take(owner, who, [other], method="link")["Location"] == asked["Location"]
