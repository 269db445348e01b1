"""The main job by eye and hand: from an operator's sign-in to a class that is heard, every step on a page in Chromium."""

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import public_id
from kernel.tenancy import Business, business_by_host, platform_business, platform_scope
from kernel.tenancy.directory import forget
from shared_apps.credits import services as credits
from shared_apps.plans.services import plans_ensure
from tests.connectors.conftest import sandbox_urls
from tests.support.browser import PHONE, Visit, origin, visit
from tests.support.days import local_now, local_today
from tests.support.otp import code_sent, links_sent
from tests.support.people import user_make
from tests.support.queue import empty_queue
from tests.support.second_factor import code_of, factor_make

__all__ = ["empty_queue", "sandbox_urls"]

PASSWORD = "a quiet river at dusk"
OWNER, TEACHER, PHONE_OF_STUDENT = "Priya Deshmukh", "Meera Iyer", "98220 00001"
SHEET = (
    "name,phone,grade,board\nAnanya Kulkarni,98220 00001,11,CBSE\nRohit Joshi,98220 00002,11,CBSE\nKabir,12,11,CBSE\n"
)


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """A story with four browsers at once is no place to be short of time."""
    expect.set_options(timeout=15_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def sandbox(port: int, sandbox_urls: dict[str, str]) -> Iterator[SandboxClient]:
    """Gateways that can be reached, from a platform that knows its own address."""
    urls = {"CASHFREE_BASE_URL": sandbox_urls["cashfree"], "RAZORPAY_BASE_URL": sandbox_urls["razorpay"]}
    with override_settings(DOMAIN=f"localhost:{port}", REQUESTS_PER_MINUTE=100_000, **urls):
        with platform_scope():
            plans_ensure()
            credits.defaults_ensure()
        yield SandboxClient(sandbox_urls["control"])


def pressed(page: Page, name: str, **more: Any) -> None:
    page.get_by_role("button", name=name, **more).first.click()


def followed(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()


def filled(page: Page, facts: dict[str, str]) -> None:
    """Fill fields in by their labels, choose in those that are chosen from."""
    for label, text in facts.items():
        field = page.get_by_label(re.compile(rf"^{re.escape(label)}( \W?optional.*)?$")).first
        if field.evaluate("one => one.tagName") == "SELECT":
            labels = field.locator("option").all_inner_texts()
            field.select_option(label=next(one.strip() for one in labels if text.lower() in one.lower()))
        else:
            field.fill(text)


def test_from_the_operators_sign_in_to_a_class_that_is_heard(
    browser: Browser, port: int, sandbox: SandboxClient
) -> None:
    slug = f"asha-{public_id()}"
    base = f"http://{slug}.localhost:{port}"
    with ExitStack() as profiles:
        operator = profiles.enter_context(visit(browser, origin(platform_business(), port)))
        owner, teacher, student = (profiles.enter_context(visit(browser, base)) for _ in range(3))
        student.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        signed_in_with_a_second_factor(operator)
        made_and_stocked(operator, slug)
        forget()
        business = business_by_host(f"{slug}.{configured.BARE_DOMAIN}")
        assert business is not None
        invited(owner, business, f"owner@{slug}.example")
        set_up(owner, sandbox, business)
        students_imported(owner)
        teacher_invited(owner, slug)
        invited(teacher, business, f"teacher@{slug}.example")
        hour_planned(owner)
        asked_for_a_fee(owner)
        signed_in_by_code(student, business)
        paid(student)
        seated(student)
        class_heard(teacher, student)
        seen_by_staff(owner)
        seen_by_the_operator(operator, slug)
        for seen in (operator, owner, teacher, student):
            seen.silent()


def signed_in_with_a_second_factor(seen: Visit) -> None:
    platform = platform_business()
    user = user_make(platform, role="super_admin", password=PASSWORD)
    secret, _ = factor_make(platform, user)
    page = seen.page
    seen.go("/")
    filled(page, {"E-mail": str(user.email), "Password": PASSWORD})
    page.keyboard.press("Enter")
    page.get_by_label("Code of your authenticator app").fill(code_of(secret))
    pressed(page, "Sign in")
    expect(page.get_by_role("navigation", name="You are here")).to_be_visible()


def made_and_stocked(seen: Visit, slug: str) -> None:
    """A tenant is asked for and opens before one's eyes; it is given credits out of a stock that was bought."""
    page = seen.page
    seen.go("/tenants/new")
    filled(
        page,
        {
            "Name": "Asha Classes",
            "Address": slug,
            "Kind": "both",
            "Plan": "Professional",
            "Owner's name": OWNER,
            "Owner's e-mail": f"owner@{slug}.example",
            "Owner's mobile number": "98765 43210",
        },
    )
    pressed(page, "Make the tenant")
    expect(page.get_by_role("heading", name="Asha Classes")).to_be_visible()
    jobs.drain()
    expect(page.get_by_text("Trial", exact=True)).to_be_visible()
    seen.go("/credits/buy")
    filled(page, {"Units": "2000"})
    page.keyboard.press("Enter")
    expect(page.get_by_text("2,000 units are in stock")).to_be_visible()
    seen.go("/credits/give")
    filled(page, {"Search tenants": slug})
    page.get_by_role("link", name="Asha Classes").click()
    filled(page, {"Units": "250"})
    page.keyboard.press("Enter")
    expect(page.get_by_text("250 units are in the wallet of Asha Classes.")).to_be_visible()


def invited(seen: Visit, business: Business, address: str) -> None:
    """The link of the mail leads to a password, and that one in."""
    page = seen.page
    seen.go(f"/password?token={links_sent(business, address)[-1]}")
    page.locator("input[type=password]").first.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The password is set").first).to_be_visible()
    seen.go("/sign-in/staff")
    filled(page, {"E-mail": address, "Password": PASSWORD})
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="You are here")).to_be_visible()


def set_up(seen: Visit, sandbox: SandboxClient, business: Business) -> None:
    """A branch to teach at, an account at a gateway, a library with a hall and a shift: each from the checklist's page."""
    page = seen.page
    seen.go("/setup")
    expect(page.get_by_role("heading", name="Get ready in 15 minutes")).to_be_visible()
    seen.go("/settings/branches")
    filled(page, {"Name": "Kothrud", "Code": "KTH"})
    pressed(page, "Add the branch")
    expect(page.get_by_role("link", name="Kothrud")).to_be_visible()
    key, secret, webhook = f"rzp_test_{public_id()}", secrets.token_hex(16), secrets.token_hex(16)
    sandbox.account(
        "razorpay", key, secret, webhook_url=f"{seen.base}/api/v1/payments/webhook/razorpay", webhook_secret=webhook
    )
    seen.go("/settings/gateways/new")
    filled(page, {"Gateway": "Razorpay", "Key id": key, "Key secret": secret, "Webhook secret": webhook})
    pressed(page, "Connect the gateway")
    pressed(page, "Test the connection")
    expect(page.get_by_text("The connection works")).to_be_visible()
    seen.go("/libraries/new")
    filled(page, {"Name": "Reading rooms", "Code": "READ", "City": "Pune"})
    pressed(page, "Save")
    followed(page, "New hall")
    filled(page, {"Name": "Hall A", "Rows": "2", "Seats in a row": "4"})
    pressed(page, "Save")
    seen.go("/libraries")
    followed(page, "Reading rooms")
    followed(page, "New shift")
    filled(page, {"Name": "Evening", "From": "00:30", "Till": "23:30", "Price in rupees": "60"})
    pressed(page, "Save")
    expect(page.get_by_text("Evening").first).to_be_visible()


def students_imported(seen: Visit) -> None:
    page = seen.page
    seen.go("/students/import")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "students.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
    )
    filled(page, {"Branch": "Kothrud"})
    pressed(page, "Read the file")
    pressed(page, "Try it, write nothing")
    jobs.drain()
    expect(page.get_by_text("Nothing is written yet")).to_be_visible(timeout=8_000)
    pressed(page, "Import 2 students")
    jobs.drain()
    expect(page.get_by_text("Done, with problems")).to_be_visible(timeout=8_000)
    seen.go("/students")
    expect(page.get_by_role("link", name="Ananya Kulkarni")).to_be_visible()


def teacher_invited(seen: Visit, slug: str) -> None:
    page = seen.page
    seen.go("/settings/staff/invite")
    filled(page, {"Name": TEACHER, "E-mail": f"teacher@{slug}.example"})
    page.get_by_label("Teacher", exact=True).check()
    pressed(page, "Send the invitation")
    expect(page.get_by_text(TEACHER).first).to_be_visible()


def hour_planned(seen: Visit) -> None:
    """The present hour of the students' class, for the teacher."""
    page = seen.page
    now = local_now()
    ends = now + timedelta(hours=1)  # over midnight, when it is late
    seen.go(f"/timetable/new?weekday={now.weekday()}")
    filled(page, {"Subject": "Physics", "Grade": "11", "Board": "CBSE", "Teacher": TEACHER})
    filled(page, {"Day of the week": f"{now:%A}", "Starts": f"{now:%H:%M}", "Ends": f"{ends:%H:%M}"})
    pressed(page, "Add to the timetable")
    expect(page.get_by_text("Physics is in the timetable.")).to_be_visible()


def asked_for_a_fee(seen: Visit) -> None:
    page = seen.page
    seen.go("/students")
    followed(page, "Ananya Kulkarni")
    student = page.url.rpartition("/")[2]
    seen.go(f"/owed/new?student={student}")
    today = local_today()
    filled(page, {"For what": "December", "Amount": "450", "Due on": (today + timedelta(days=9)).isoformat()})
    pressed(page, "Ask for it")
    expect(page.get_by_text("₹450").first).to_be_visible()


def signed_in_by_code(seen: Visit, business: Business) -> None:
    page = seen.page
    seen.go("/dues")
    page.get_by_label("Mobile number").fill(PHONE_OF_STUDENT)
    page.keyboard.press("Enter")
    field = page.get_by_label("Six digits from the message")
    expect(field).to_be_focused()
    field.fill(code_sent(business, "+91" + PHONE_OF_STUDENT.replace(" ", "")))
    expect(page.get_by_role("heading", name="Fees")).to_be_visible()


def paid(seen: Visit) -> None:
    """A due is paid at the gateway's own page; back here it is told when the money is known of."""
    page = seen.page
    seen.go("/dues")
    pressed(page, "Pay what is chosen")
    pressed(page, "Pay ₹450")
    at_the_gateway(page)
    jobs.drain()


def at_the_gateway(page: Page) -> None:
    expect(page.get_by_role("heading", name=re.compile("test checkout"))).to_be_visible()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()


def seated(seen: Visit) -> None:
    """A seat is held for a while, paid, and has its pass."""
    page = seen.page
    today = local_today()
    seen.go(f"/seat?day={(today + timedelta(days=1)).isoformat()}")
    page.get_by_role("link", name=re.compile("A02")).click()
    pressed(page, "Hold A02")
    page.get_by_role("link", name="Pay ₹60 and confirm A02").click()
    pressed(page, "Pay ₹60")
    at_the_gateway(page)
    jobs.drain()
    seen.go("/pass")
    expect(page.get_by_text("A02").first).to_be_visible()


def class_heard(board: Visit, seat: Visit) -> None:
    """The teacher starts, the student joins, and each hears the other."""
    teacher, student = board.page, seat.page
    board.go("/classes")
    teacher.locator(".class-card", has_text="Physics").get_by_role("button", name="Start class").click()
    seat.go("/classes")
    student.locator(".hero").get_by_role("button", name="Join class").click()
    for page in (teacher, student):
        expect(page.locator("[data-count]").last).to_have_text("2")
    for page, line in ((teacher, "Good morning"), (student, "नमस्ते")):
        page.get_by_label("Write to everyone").fill(line)
        page.get_by_label("Write to everyone").press("Enter")
        for heard in (teacher, student):
            expect(heard.get_by_role("log", name="Chat").get_by_text(line)).to_be_visible()
    pressed(teacher, "End class")
    teacher.get_by_role("dialog").get_by_role("button", name="End class").click()
    expect(student.get_by_text("The class ended at")).to_be_visible()


def seen_by_staff(seen: Visit) -> None:
    """What came in, who sits where."""
    page = seen.page
    seen.go("/payments")
    expect(page.get_by_text("Ananya Kulkarni").first).to_be_visible()
    for amount in ("₹450", "₹60"):
        expect(page.get_by_text(amount, exact=True).first).to_be_visible()
    today = local_today()
    seen.go(f"/seats?day={(today + timedelta(days=1)).isoformat()}&view=list")
    expect(page.get_by_text("Ananya Kulkarni").first).to_be_visible()
    seen.go("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def seen_by_the_operator(seen: Visit, slug: str) -> None:
    """Credits that were used, callbacks that were taken."""
    page = seen.page
    seen.go("/credits/wallets")
    expect(page.get_by_role("row", name=re.compile("Asha Classes")).first).to_be_visible()
    seen.go("/callbacks")
    expect(page.get_by_text("payment.captured").first).to_be_visible()
    seen.go(f"/tenants?q={slug}")
    expect(page.get_by_role("link", name="Asha Classes")).to_be_visible()
