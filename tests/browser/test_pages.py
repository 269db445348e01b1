"""Pages in Chromium: what every page is held to, and the things only a browser can show."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from kernel import clock, jobs
from kernel.ids import public_id
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from shared_apps.accounts.models import SignIn, User
from shared_apps.plans.services import plans_ensure
from tenant_apps.fees import services as fees
from tenant_apps.fees.models import Due
from tests.support.browser import origin, visit
from tests.support.days import local_today
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.otp import code_sent
from tests.support.people import admin, signed_in, staff, user_make
from tests.support.queue import empty_queue
from tests.support.second_factor import code_of, factor_make
from tests.support.tenants import tenant_make

__all__ = ["empty_queue"]

PASSWORD = "a quiet river at dusk"
PASTE = """(field, text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def school() -> Business:
    """An academy with two students, of whom one owes and one is late."""
    business = tenant_make(kind="academy")
    branch = branch_make(business, name="Kothrud")
    ananya, rohit = (student_make(business, branch, name=name) for name in ("Ananya Iyer", "Rohit Deshmukh"))
    with tenant_scope(business):
        today = local_today()
        fees.due_create(student=ananya.id, title="December", amount_paise=18_500_00, due_on=today + timedelta(days=9))
        fees.due_create(student=rohit.id, title="November", amount_paise=6_500_00, due_on=today - timedelta(days=5))
    return business


def test_doors_and_refusals_in_every_look(browser: Browser, port: int, school: Business) -> None:
    with visit(browser, origin(platform_business(), port)) as seen:
        for name, path in {"styleguide": "/styleguide/", "suspended": "/styleguide/suspended"}.items():
            seen.look(name, path)
    with visit(browser, origin(school, port)) as seen:
        for name, path in {"sign-in-phone": "/students", "sign-in-staff": "/sign-in/staff", "404": "/nowhere"}.items():
            seen.look(name, path)


def test_the_console_in_every_look(browser: Browser, port: int, school: Business) -> None:
    with platform_scope():
        plans_ensure()
    with visit(browser, origin(platform_business(), port), client=admin()) as seen:
        pages = {"home": "/", "tenants": "/tenants", "tenant-new": "/tenants/new", "tenant": f"/tenants/{school.id}"}
        for name, path in pages.items():
            seen.look(f"console-{name}", path)


def test_a_tenants_pages_in_every_look(browser: Browser, port: int, school: Business) -> None:
    with visit(browser, origin(school, port), client=staff(school)) as seen:
        for name, path in {"home": "/", "students": "/students"}.items():
            seen.look(f"staff-{name}", path)
    with tenant_scope(school):
        student = Due.objects.get(title="December").student
    with tenant_scope(school):
        person = User.objects.get(id=user_of(school, student))
    client = signed_in(school, "student", user=person, student=student.id)
    with visit(browser, origin(school, port), client=client) as seen:
        seen.look("student-home", "/")


def test_an_admin_signs_in_makes_a_tenant_and_watches_it_open(browser: Browser, port: int) -> None:
    """Password kept while the code is asked for; the form shown again at 422; steps by socket; Back; expired session."""
    platform = platform_business()
    with platform_scope():
        plans_ensure()
    user = user_make(platform, role="operations", password=PASSWORD)
    secret, _ = factor_make(platform, user)
    slug = f"asha-{public_id()}"
    with visit(browser, origin(platform, port)) as seen:
        page = seen.page
        seen.go("/tenants/new")
        page.get_by_label("E-mail").fill(str(user.email))
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        code = page.get_by_label("Code of your authenticator app")
        expect(code).to_be_focused()
        expect(page.get_by_label("Password")).to_have_value(PASSWORD)
        code.fill(code_of(secret))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="New tenant")).to_be_visible()
        page.get_by_label("Address").press_sequentially("www")
        expect(page.get_by_text("kept for the platform")).to_be_visible()
        page.get_by_role("button", name="Make the tenant").click()
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_role("alert")).to_contain_text("Name")
        page.get_by_label("Name", exact=True).fill("Tilak Classes")
        page.get_by_label("Address").fill(slug)
        expect(page.get_by_text(f"{slug}.localhost is free.")).to_be_visible()
        page.get_by_label("Owner's name").fill("Asha Rao")
        page.get_by_label("Owner's e-mail").fill(f"owner@{slug}.example")
        page.get_by_label("Owner's mobile number").fill("98765 43210")
        page.get_by_role("button", name="Make the tenant").click()
        expect(page.get_by_role("heading", name="Tilak Classes")).to_be_visible()
        expect(page.get_by_text("Database schema and role")).to_be_visible()
        jobs.drain()
        # Told by the socket, well before the page would ask by itself.
        expect(page.get_by_text("Trial", exact=True)).to_be_visible(timeout=2_500)
        page.get_by_role("link", name="Tenants").first.click()
        page.get_by_label("Search tenants").press_sequentially(slug)
        expect(page).to_have_url(re.compile(rf"q={slug}"))
        expect(page.get_by_label("Search tenants")).to_be_focused()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("link", name="Tilak Classes").click()
        expect(page.get_by_role("heading", name="Tilak Classes")).to_be_visible()
        page.go_back()
        expect(page.get_by_label("Search tenants")).to_have_value(slug)
        # The sign-in ends elsewhere; the next search leads to the door, and from there back.
        with platform_scope():
            SignIn.objects.filter(user=user).update(ended_at=clock.now(), ended_because="test")
        page.get_by_label("Search tenants").press_sequentially("x")
        expect(page.get_by_text("You have been signed out")).to_be_visible()
        assert f"next=%2Ftenants%3Fq%3D{slug}" in page.url
        seen.silent()


def test_a_student_pastes_the_code_and_is_in(browser: Browser, port: int, school: Business) -> None:
    with tenant_scope(school):
        phone = Due.objects.get(title="December").student.phone
    with visit(browser, origin(school, port)) as seen:
        page = seen.page
        seen.go("/dues")
        page.get_by_label("Mobile number").fill(phone[3:])
        page.keyboard.press("Enter")
        field = page.get_by_label("Six digits from the message")
        expect(field).to_be_focused()
        expect(page.get_by_role("button", name="Send again")).to_be_disabled()
        code = code_sent(school, phone)
        field.evaluate(PASTE, f"Your code: {code[:3]} {code[3:]}")
        expect(page.get_by_role("heading", name="Fees")).to_be_visible()
        assert page.url.endswith("/dues")
        expect(page.get_by_text("₹18,500").first).to_be_visible()
        page.get_by_role("button", name="हिं").click()
        expect(page.get_by_role("heading", name="फ़ीस")).to_be_visible()
        page.context.set_offline(True)
        expect(page.locator("#offline")).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator("#offline")).to_be_hidden()
        seen.go("/me")
        page.get_by_role("button", name="साइन आउट").last.click()
        expect(page.get_by_role("heading", name="फ़ोन से साइन इन करें")).to_be_visible()
        seen.silent()
