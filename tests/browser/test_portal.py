"""The student's portal in Chromium: paying through the gateways' own pages, and what stays when there is no network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from connectors.sandbox.client import SandboxClient
from kernel import jobs, quotas
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from shared_apps.messaging import services as messaging
from shared_apps.payments import services as payments
from shared_apps.payments.models import Payment
from tenant_apps.bookings import services as bookings
from tenant_apps.fees import services as fees
from tenant_apps.fees.models import Due
from tenant_apps.libraries import services as libraries
from tests.connectors.conftest import sandbox_urls
from tests.support.browser import Visit, origin, until, visit
from tests.support.days import local_now, local_today
from tests.support.factories.classes import slot_of
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.otp import code_sent
from tests.support.people import Client, signed_in, staff, user_make
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue", "sandbox_urls"]

LIMITS = ("students", "libraries", "live_classes")


@dataclass
class School:
    """An academy with accounts at both gateways and a student who owes."""

    business: Business
    student: Any
    user: User
    sandbox: SandboxClient
    held: str = ""

    def pupil(self) -> Client:
        return signed_in(self.business, "student", user=self.user, student=self.student.id)

    def owe(self, title: str, paise: int, *, days: int = 9) -> Due:
        with tenant_scope(self.business):
            due_on = local_today() + timedelta(days=days)
            return fees.due_create(student=self.student.id, title=title, amount_paise=paise, due_on=due_on)

    def state(self, due: Due) -> str:
        with tenant_scope(self.business):
            return Due.objects.get(id=due.id).state


def accounts_open(business: Business, sandbox: SandboxClient) -> None:
    name = uuid7().hex[-12:]
    with tenant_scope(business):
        for gateway in ("cashfree", "razorpay"):
            key_id = f"{'rzp_test_' if gateway == 'razorpay' else 'TEST'}{name}"
            secret, webhook = f"secret-{gateway}-{name}", f"webhook-{name}"
            more = {"webhook_secret": webhook, "account_id": f"acc_{name}"}
            sandbox.account(
                gateway,
                key_id,
                secret,
                webhook_url=f"{payments.home()}/api/v1/payments/webhook/{gateway}",
                **more,
            )
            kept: Any = more if gateway == "razorpay" else {"webhook_secret": "", "account_id": ""}
            payments.account_save(gateway=gateway, environment="sandbox", key_id=key_id, key_secret=secret, **kept)


@pytest.fixture(scope="module")
def school(port: int, sandbox_urls: dict[str, str]) -> Iterator[School]:
    urls = {"CASHFREE_BASE_URL": sandbox_urls["cashfree"], "RAZORPAY_BASE_URL": sandbox_urls["razorpay"]}
    with override_settings(DOMAIN=f"localhost:{port}", REQUESTS_PER_MINUTE=100_000, **urls):
        sandbox = SandboxClient(sandbox_urls["control"])
        business = tenant_make(kind="both")
        accounts_open(business, sandbox)
        branch = branch_make(business, name="Kothrud")
        student = student_make(business, branch, name="Ananya Iyer", grade="11", board="CBSE")
        with tenant_scope(business):
            quotas.set_limits({name: quotas.Limit(1_000, "enterprise") for name in LIMITS})
            user = User.objects.get(id=user_of(business, student))
        yield School(business, student, user, sandbox)


def test_paid_at_the_gateways_page_and_seen_by_itself(browser: Browser, port: int, school: School) -> None:
    one, two = school.owe("November", 450_00), school.owe("Study material", 1_500_00)
    with visit(browser, origin(school.business, port), client=school.pupil()) as seen:
        page = seen.page
        seen.go("/dues")
        expect(page.get_by_role("button", name="Pay what is chosen")).to_contain_text("₹1,950")
        page.get_by_role("button", name="Pay what is chosen").click()
        expect(page.get_by_role("heading", name="Check and pay")).to_be_visible()
        page.get_by_role("button", name="Pay ₹1,950").click()
        expect(page.get_by_role("heading", name=re.compile("test checkout"))).to_be_visible()
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.get_by_role("heading", name="Paid")).to_be_visible()
        jobs.drain()
        assert (school.state(one), school.state(two)) == ("paid", "paid")
        seen.silent()


def test_a_bank_that_has_not_answered_is_waited_for_and_nobody_pays_twice(
    browser: Browser, port: int, school: School
) -> None:
    due = school.owe("December", 1_500_00)
    with visit(browser, origin(school.business, port), client=school.pupil()) as seen:
        page = seen.page
        seen.go(f"/pay?due={due.id}")
        page.get_by_role("button", name="Pay ₹1,500").click()
        expect(page.get_by_role("heading", name="Cashfree test checkout")).to_be_visible()
        order = page.locator("b").first.inner_text()
        # The browser's own way back leads to how it stands, not out again.
        page.go_back()
        expect(page.get_by_role("heading", name="Not paid yet")).to_be_visible()
        tried = school.sandbox.pay("cashfree", order, "PENDING")
        page.get_by_role("button", name="Check again").click()
        expect(page.get_by_role("heading", name="Your bank has not answered yet")).to_be_visible()
        seen.look("portal-payment-waiting")
        status = page.url
        seen.go(f"/pay?due={due.id}")
        expect(page.get_by_text("no second one was made")).to_be_visible()
        school.sandbox.payment_move("cashfree", tried, "SUCCESS")
        expect(page.locator("[data-phase=waiting]")).to_be_visible()
        with tenant_scope(school.business):
            payments.payment_refresh(payment=UUID(status.split("/pay/")[1].split("?")[0]))
        # Told by the socket, before the page would ask by itself.
        expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible(timeout=3_500)
        jobs.drain()
        assert school.state(due) == "paid"
        seen.look("portal-payment-paid", status.removeprefix(seen.base))
        seen.silent()


def test_without_scripts_a_student_signs_in_pays_and_reads_how_it_stands(
    browser: Browser, port: int, school: School
) -> None:
    due = school.owe("Identity card", 450_00)
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{origin(school.business, port)}/dues")
        page.get_by_label("Mobile number").fill(school.student.phone[3:])
        page.get_by_role("button", name="Send the code").click()
        page.get_by_label("Six digits from the message").fill(code_sent(school.business, school.student.phone))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Fees", exact=True)).to_be_visible()
        for box in page.get_by_role("checkbox").all():
            box.set_checked(box.get_attribute("value") == str(due.id))
        page.get_by_role("button", name="Pay what is chosen").click()
        page.get_by_role("button", name="Pay ₹450").click()
        page.get_by_role("button", name="Continue to Razorpay").click()
        page.get_by_role("button", name="Fail the payment").click()
        page.get_by_role("button", name="Return to the shop").click()
        expect(page.get_by_role("heading", name="That did not go through")).to_be_visible()
        page.get_by_role("link", name="Try again").click()
        page.get_by_role("button", name="Continue to Razorpay").click()
        page.get_by_role("button", name="Pay", exact=True).click()
        page.get_by_role("button", name="Return to the shop").click()
        expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()
        jobs.drain()
        assert school.state(due) == "paid"
        page.reload()
        expect(page.get_by_role("link", name="Receipt")).to_be_visible()
    finally:
        context.close()


def kept(page: Page) -> dict[str, list[str]]:
    """Every cache of the host, with the paths in it."""
    found: dict[str, list[str]] = page.evaluate(
        """async () => {
            const kept = {};
            for (const name of await caches.keys()) {
                const requests = await (await caches.open(name)).keys();
                kept[name] = requests.map((one) => new URL(one.url).pathname);
            }
            return kept;
        }"""
    )
    return found


def test_today_and_the_pass_without_network_and_nothing_after_leaving(
    browser: Browser, port: int, school: School
) -> None:
    with visit(browser, origin(school.business, port), client=school.pupil()) as seen:
        page = seen.page
        seen.go("/dues")
        manifest = page.evaluate("fetch(document.querySelector('[rel=manifest]').href).then((one) => one.json())")
        assert (manifest["display"], manifest["start_url"], manifest["name"]) == (
            "standalone",
            "/",
            school.business.name,
        )
        for icon in manifest["icons"]:
            asked = "(src) => fetch(src).then((one) => [one.status, one.headers.get('Content-Type')])"
            assert page.evaluate(asked, icon["src"]) == [200, icon["type"]]
        # What Chromium would hold against installing it; a page in a profile of no trace is the one thing left.
        session = page.context.new_cdp_session(page)
        errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert [one["errorId"] for one in errors if one["errorId"] != "in-incognito"] == []
        until(page, lambda: any("/today" in paths for paths in kept(page).values()))
        ((name, paths),) = kept(page).items()
        assert urlsplit(seen.base).netloc in name
        assert {path for path in paths if not path.startswith("/static/")} <= {"/today", "/pass", "/offline"}
        page.context.set_offline(True)
        seen.go("/dues")
        expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
        expect(page.get_by_text("This is what your phone kept")).to_be_visible()
        page.context.set_offline(False)
        seen.said.clear()  # the socket said that there was no network
        seen.go("/me")
        page.get_by_role("button", name="Sign out", exact=True).last.click()
        expect(page.get_by_role("heading", name="Sign in with your phone")).to_be_visible()
        until(page, lambda: not any("/today" in paths for paths in kept(page).values()))
        assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
        seen.silent()


def day_fill(school: School) -> None:
    """A day of that student: a class that is live, others, a seat that is theirs, another held, and news."""
    manager, teacher = (
        staff(school.business, "manager"),
        signed_in(school.business, user=user_make(school.business, role="teacher", name="R. Sharma")),
    )
    now = local_now()
    subjects = {"Organic Chemistry: isomers": -3, "Algebra: quadratic equations": 0, "Electrostatics doubts": 3}
    for subject, hours in subjects.items():
        starts = now + timedelta(hours=hours)
        facts = {"subject": subject, "weekday": starts.weekday(), "starts": starts.strftime("%H:%M")}
        ends = (starts + timedelta(minutes=50)).strftime("%H:%M")
        slot = slot_of(manager, teacher, **facts, ends=ends)
        if hours == 0:
            assert teacher.post("classes/start", {"slot": slot}).status_code == 201
    reading = reading_make(school.business, seats=12)
    with tenant_scope(school.business):
        # That is on now at every hour, over midnight too.
        begun = now.replace(second=0, microsecond=0) - timedelta(hours=1)
        whole = (begun.time(), (begun + timedelta(hours=14)).time(), 0)
        kinds = {"Whole day": whole, "Morning": (time(6), time(12), 60_00)}
        shifts = {
            name: libraries.shift_create(
                branch=reading.branch.id, name=name, starts=starts, ends=ends, price_paise=price
            ).id
            for name, (starts, ends, price) in kinds.items()
        }
        hold = {"student": school.student.id, "seat": reading.seats[5].id}
        bookings.booking_hold(shift=shifts["Whole day"], day=begun.date(), **hold)
        later = bookings.booking_hold(shift=shifts["Morning"], day=now.date() + timedelta(days=2), **hold)
        school.held = str(later.id)
        notices = (
            ("₹1,500 has arrived", "Receipt A/2026-27/000012", "success", "/dues/paid"),
            (
                "The class at 5:00 pm is cancelled",
                "R. Sharma is away. Physics is held on Saturday instead.",
                "warning",
                "",
            ),
            ("New fee: December", "₹18,500, due on 30 Nov 2026", "info", "/dues"),
        )
        for title, text, level, link in notices:
            messaging.notification_send(users=[school.user.id], title=title, text=text, level=level, link=link)


def failed_and_ended(seen: Visit, school: School) -> None:
    """One payment that did not go through and then ran out of time, both looked at."""
    due = school.owe("Lab coat", 450_00)
    seen.go(f"/pay?due={due.id}")
    seen.page.get_by_role("button", name="Pay ₹450").click()
    seen.page.get_by_role("button", name="Fail the payment").click()
    expect(seen.page.get_by_role("heading", name="That did not go through")).to_be_visible()
    seen.look("portal-payment-failed")
    with tenant_scope(school.business):
        assert Payment.objects.filter(subject=str(due.id)).update(state="expired") == 1
    seen.page.reload()
    expect(seen.page.get_by_role("heading", name="The time to pay is over")).to_be_visible()
    seen.look("portal-payment-ended")


def test_every_page_in_every_look(browser: Browser, port: int, school: School) -> None:
    with visit(browser, origin(school.business, port), client=school.pupil()) as seen:
        seen.look("portal-home-empty", "/")
        school.owe("October, second instalment", 12_34_567_00, days=-12)
        school.owe("Study material", 1_500_00)
        seen.look("portal-home-overdue", "/")
        failed_and_ended(seen, school)
        day_fill(school)
        pages = {
            "home": "/",
            "dues": "/dues",
            "paid": "/dues/paid",
            "me": "/me",
            "notices": "/notices",
            "today": "/today",
        }
        pages["pay-seat"] = f"/pay?booking={school.held}"
        for name, path in pages.items():
            seen.look(f"portal-{name}", path)
