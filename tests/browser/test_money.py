"""Money in Chromium: a fee taken by keys alone, the payments and their route, receipts on paper, and home in figures."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, expect

from connectors.sandbox.client import SandboxClient
from kernel import clock, jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services as messaging
from shared_apps.payments import purposes, services
from shared_apps.payments.models import GatewayPayment, Payment
from tenant_apps.fees.models import Due
from tests.browser.test_portal import accounts_open
from tests.connectors.conftest import sandbox_urls
from tests.support.browser import origin, visit
from tests.support.factories.classes import minute_of, slot_of
from tests.support.factories.halls import busy_make
from tests.support.factories.libraries import reading_make
from tests.support.factories.money import due_make, taken_make
from tests.support.factories.people import branch_make, student_make
from tests.support.people import Client, staff
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue", "sandbox_urls"]

A_MINUTE = 2 if os.environ.get("SHALA_LOOKS") == "all" else 7
NAMES = (
    "Ananya Iyer",
    "Rohit Deshmukh",
    "Fatima Shaikh",
    "Venkatanarasimharajuvaripeta Subrahmanyam Chandrasekharan",
    "Simran Kaur",
    "Mohd. Irfan",
)

# Has the page ask for what is told live, and waits until it is shown.
FRESH = """target => new Promise((shown) => {
  document.addEventListener("htmx:after:swap", () => shown(), { once: true });
  htmx.trigger(`live-feed[hx-target="${target}"]`, "fresh");
})"""


@dataclass
class Office:
    """A business of both kinds that has taken money since last month, at the desk and online."""

    business: Business
    owner: Client
    teacher: Client
    students: list[Any]
    sandbox: SandboxClient
    online: Payment

    def paid(self, title: str) -> bool:
        with tenant_scope(self.business):
            return Due.objects.get(title=title).state == "paid"


def day_make(business: Business, owner: Client) -> Client:
    """A day with classes and a hall: for the pictures one in which people sit. Gives who teaches."""
    teacher = staff(business, "teacher")
    now = clock.now()
    for number, subject in enumerate(("Algebra: quadratics", "Optics", "Organic chemistry")):
        weekday, starts, ends = minute_of(now + timedelta(minutes=5 + 20 * number), 15)
        if starts < ends:
            hours = {"weekday": weekday, "starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"}
            slot_of(owner, teacher, subject=subject, room=f"R{number}", **hours)
    if os.environ.get("SHALA_LOOKS") == "all":
        busy_make(business)
    else:
        reading_make(business, seats=12)
    return teacher


def order_of(office: Business, student: Any, title: str, paise: int) -> Payment:
    due = due_make(office, student, title, paise, days=2)
    with tenant_scope(office):
        return services.payment_create(
            purpose="fees.due",
            subject=str(due.id),
            quote=purposes.Quote(
                amount_paise=paise,
                description=title,
                payer=purposes.Payer(id=student.id, name=student.name, phone=student.phone),
                branch=student.branch_id,
            ),
        )


def paid_online(office: Business, sandbox: SandboxClient, student: Any, title: str, paise: int) -> Payment:
    payment = order_of(office, student, title, paise)
    with tenant_scope(office):
        attempt = payment.attempts.get()
    order = attempt.client_ref if attempt.gateway == "cashfree" else attempt.gateway_order_id
    sandbox.pay(attempt.gateway, order, "SUCCESS" if attempt.gateway == "cashfree" else "captured")
    with tenant_scope(office):
        return services.payment_refresh(payment=payment.id)


@pytest.fixture(scope="module")
def office(sandbox_urls: dict[str, str]) -> Iterator[Office]:
    urls = {
        "CASHFREE_BASE_URL": sandbox_urls["cashfree"],
        "RAZORPAY_BASE_URL": sandbox_urls["razorpay"],
        "GATEWAY_READ_SECONDS": 2,
    }
    with override_settings(**urls):
        sandbox = SandboxClient(sandbox_urls["control"])
        business = tenant_make(kind="both")
        accounts_open(business, sandbox)
        branch = branch_make(business, name="Kothrud", kind="academy")
        with tenant_scope(business):
            messaging.templates_seed()
        students = [student_make(business, branch, name=name) for name in NAMES]
        owner = staff(business)
        by = owner.user.id
        now = clock.now()
        amounts = (18_500_00, 1_200_00, 24_000_00, 900_50, 6_500_00, 2_100_00)
        for back in reversed(range(40)):
            student = students[back % len(students)]
            at = now - timedelta(days=back, hours=back % 5)
            method = ("cash", "upi", "card")[back % 3]
            taken_make(business, student, f"Instalment {back}", amounts[back % 6], at=at, method=method, by=by)
        online = paid_online(business, sandbox, students[0], "JEE Main 2027, second instalment", 1_500_00)
        order_of(business, students[2], "Test series", 24_000_00)
        flagged = paid_online(business, sandbox, students[4], "Hostel", 6_500_00)
        with tenant_scope(business):
            Payment.objects.filter(id=flagged.id).update(flagged=True)
            GatewayPayment.objects.filter(payment=flagged).update(verdict="mismatch")
            services.refund_request(payment=online.id, key="part", amount_paise=200_00, reason="A week was missed")
        for number, student in enumerate(students):
            due_make(business, student, f"November {number}", amounts[number], days=number * 3 - 9)
        teacher = day_make(business, owner)
        jobs.drain()
        yield Office(business, owner, teacher, students, sandbox, online)


def test_every_page_of_money_in_every_look(browser: Browser, port: int, office: Office) -> None:
    with tenant_scope(office.business):
        pending = Payment.objects.get(description="Test series")
        flagged = Payment.objects.get(flagged=True)
    pages = {
        "home": "/",
        "payments": "/payments",
        "payments-flagged": "/payments?flagged=1",
        "payments-none": "/payments?q=nobody",
        "payment": f"/payments/{office.online.id}",
        "payment-flagged": f"/payments/{flagged.id}",
        "counter": "/counter",
        "counter-found": "/counter?q=an",
        "counter-student": f"/counter?student={office.students[0].id}",
        "counter-done": f"/counter?done={office.online.id}",
        "counter-waits": f"/counter/{pending.id}",
        "owed": "/owed",
        "due-new": f"/owed/new?student={office.students[3].id}",
        "receipt": f"/receipts/{office.online.id}",
    }
    few = list(pages.items())
    for some in range(0, len(few), A_MINUTE):
        # Nobody opens this many pages in a minute: each few are somebody else's.
        with visit(browser, origin(office.business, port), client=staff(office.business)) as seen:
            for name, path in few[some : some + A_MINUTE]:
                seen.look(f"money-{name}", path)
    with visit(browser, origin(office.business, port)) as seen:
        for name, path in {
            "link": f"/p/{pending.long_name}",
            "link-paid": f"/p/{office.online.long_name}",
            "check": f"/receipts/check/{office.online.long_name}",
        }.items():
            seen.look(f"money-{name}", path)


def test_homes_of_roles_and_of_a_first_day(browser: Browser, port: int, office: Office) -> None:
    for role, client in (("front_desk", staff(office.business, "front_desk")), ("teacher", office.teacher)):
        with visit(browser, origin(office.business, port), client=client) as seen:
            seen.look(f"money-home-{role}", "/")
    new = tenant_make(kind="academy")
    with visit(browser, origin(new, port), client=staff(new)) as seen:
        for name, path in {"home": "/", "payments": "/payments", "owed": "/owed", "counter": "/counter"}.items():
            seen.look(f"money-new-{name}", path)


def test_a_fee_is_taken_by_keys_alone(browser: Browser, port: int, office: Office) -> None:
    """From opening to the receipt, and on to the next student, without a pointer."""
    who = student_make(office.business, branch_make(office.business, kind="academy"), name="Zoya Merchant")
    due_make(office.business, who, "Zoya November", 1_500_50)
    due_make(office.business, who, "Zoya in spring", 2_000_00, days=90)
    with visit(browser, origin(office.business, port), client=office.owner) as seen:
        page = seen.page
        seen.go("/counter")
        expect(page.get_by_label("Student", exact=True)).to_be_focused()
        page.keyboard.type("zoya")
        page.keyboard.press("Enter")
        expect(page.get_by_role("radio", name="Cash")).to_be_focused()
        expect(page.get_by_role("button", name=re.compile("Take ₹1,500.50"))).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_text("₹1,500.50 taken")).to_be_visible()
        expect(page.get_by_text(re.compile(r"A/\d{4}-\d\d/\d{6}")).first).to_be_visible()
        assert office.paid("Zoya November")
        assert not office.paid("Zoya in spring")
        # The hands are at the search again; this time by arrows, UPI and a reference.
        expect(page.get_by_label("Next student")).to_be_focused()
        page.keyboard.type("zoya mer")
        expect(page.get_by_role("option")).to_have_count(1)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile("Take ₹2,000"))).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="UPI, paid to us")).to_be_checked()
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_role("alert")).to_contain_text("reference")
        page.get_by_label("Reference of the transfer").fill("412300998877")
        page.keyboard.press("Enter")
        expect(page.get_by_text("₹2,000 taken")).to_be_visible()
        assert office.paid("Zoya in spring")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("The receipt is on its way to Zoya Merchant.")).to_be_visible()
        seen.silent()


def test_a_payer_scans_pays_and_the_desk_sees_it(browser: Browser, port: int, office: Office) -> None:
    who = office.students[1]
    due_make(office.business, who, "Scanned", 450_00)
    with visit(browser, origin(office.business, port), client=office.owner) as seen:
        page = seen.page
        seen.go(f"/counter?student={who.id}")
        for box in page.get_by_role("checkbox").all():
            box.uncheck()
        page.get_by_role("checkbox", name="Scanned").check()
        page.get_by_text("QR to pay online").click()
        page.get_by_role("button", name=re.compile("Show the code for ₹450")).click()
        expect(page.get_by_role("img", name="Code to scan with a phone")).to_be_visible()
        expect(page.get_by_text("Nothing has been paid yet")).to_be_visible()
        link = page.locator(".waits a[href*='/p/']").get_attribute("href") or ""
        with visit(browser, origin(office.business, port)) as phone:
            phone.page.goto(f"{phone.base}{link[link.index('/p/') :]}")
            expect(phone.page.get_by_role("heading", name="₹450")).to_be_visible()
            with tenant_scope(office.business):
                attempt = Payment.objects.get(description="Scanned").attempts.get()
            reference = attempt.client_ref if attempt.gateway == "cashfree" else attempt.gateway_order_id
            office.sandbox.pay(attempt.gateway, reference, "SUCCESS" if attempt.gateway == "cashfree" else "captured")
            with tenant_scope(office.business):
                services.payment_refresh(payment=attempt.payment_id)
            # Told by the socket, well before the desk would ask by itself.
            expect(page.get_by_text("₹450 taken")).to_be_visible(timeout=4_000)
            phone.page.reload()
            expect(phone.page.get_by_role("heading", name="Paid")).to_be_visible()
        seen.silent()


def test_money_goes_back_in_part_and_the_form_answers_a_slip(browser: Browser, port: int, office: Office) -> None:
    payment = taken_make(office.business, office.students[5], "Given back", 5_000_00, by=office.owner.user.id)
    with visit(browser, origin(office.business, port), client=office.owner) as seen:
        page = seen.page
        seen.go(f"/payments/{payment.id}")
        page.get_by_label("Amount", exact=True).fill("9999999")
        page.get_by_label("Reason").fill("Wrong batch")
        page.get_by_label("Reason").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("more than can be given back")
        # What is told of the payment meanwhile leaves alone what is being written.
        page.evaluate(FRESH, "#payment")
        expect(page.get_by_role("alert")).to_contain_text("more than can be given back")
        expect(page.get_by_label("Reason")).to_have_value("Wrong batch")
        page.get_by_label("Amount", exact=True).fill("1000")
        page.get_by_label("Reason").press("Enter")
        expect(page.get_by_text("Given back.", exact=True)).to_be_visible()
        expect(page.get_by_text("Partly refunded").first).to_be_visible()
        seen.silent()


def test_searching_payments_keeps_the_hands_on_the_keys(browser: Browser, port: int, office: Office) -> None:
    with visit(browser, origin(office.business, port), client=office.owner) as seen:
        page = seen.page
        seen.go("/payments")
        field = page.get_by_label("Search payments")
        field.press_sequentially("simran")
        expect(page).to_have_url(re.compile("q=simran"))
        expect(field).to_be_focused()
        expect(page.locator("#list tbody tr").first).to_contain_text("Simran Kaur")
        page.locator("label.chip", has_text="Refunded").click()
        expect(page.get_by_text("Nothing matches")).to_be_visible()
        page.go_back()
        expect(page.locator("#list tbody tr").first).to_contain_text("Simran Kaur")
        page.locator("#list tbody tr a").first.click()
        expect(page.get_by_role("heading", name="Why this way")).to_be_visible()
        seen.silent()
