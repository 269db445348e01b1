"""Where pages are measured: a stack of its own, a business with a year's worth of everything, and who looks at it."""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import django
import pyotp
from playwright.sync_api import Browser, Page

from scripts.benches.pages import Viewer
from scripts.stack import whole
from scripts.stack.chromium import browser_open
from scripts.stack.days import INDIA
from scripts.stack.progress import doing
from scripts.stack.report import Report
from scripts.story.cast import Play, Tenant
from scripts.story.client import Host, until
from scripts.story.fees import LARGE, SMALL, due_make, pay
from scripts.story.opening import gateways_open
from scripts.story.people import FILE, imported

NAME = "bench"
# One caller asks for everything: what a crowd behind one address would meet is not measured here.
SETTINGS = {"REQUESTS_PER_MINUTE": "10000000", "READY_SCHEMAS": "1"}
DUES, PAID, ROWS, COLUMNS, BOOKED = 40, 6, 6, 10, 24
_SIGN_IN = re.compile(r"^  (\w+) +(\S+@\S+) +(\S+)(?:  authenticator: (\S+))?$", re.MULTILINE)
_TOKEN = re.compile(r"/support\?token=([^\"&]+)")
_SEND = """([action, values]) => {
    const form = document.createElement("form");
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    Object.assign(form, { method: "post", action });
    for (const [name, value] of Object.entries({ ...values, csrfmiddlewaretoken: token })) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(form);
    form.submit();
}"""
_LONG_NAME = re.compile(r"/p/([\w-]+)")
_RUN = re.compile(r"/fleet/([0-9a-f-]{36})")
_SIX = re.compile(r"\b\d{6}\b")


@contextmanager
def furnished() -> Iterator[tuple[Browser, list[Viewer]]]:
    """A stack of its own with a rich business, and everybody signed in in Chromium. Ends with the block."""
    whole.forget(NAME)
    stack = whole.start(NAME, settings=SETTINGS)
    try:
        # The map of addresses is read in this process, as the stack's own processes read it.
        os.environ.update({**stack.env, "SHALA_PROCESS": "manage"})
        django.setup()
        play = Play(stack, Report(story=NAME, run=1))
        with doing("furnishing a business"):
            samples = _furnish(play)
        with browser_open() as browser:
            with doing("signing everybody in"):
                viewers = _viewers(play, browser, samples)
            yield browser, viewers
    finally:
        stack.stop()


def _furnish(play: Play) -> dict[str, str]:
    """Students, dues, payments, seats, a class, a campaign: by the doors everybody uses. The ids pages are asked for."""
    address, password = "operator@shala.example", f"{secrets.token_urlsafe(14)}-Aa1"
    play.stack.manage("createadmin", f"--email={address}", "--name=Operator", env={"ADMIN_PASSWORD": password})
    play.admin = play.operator(address, password)
    tenant = play.asha = play.gyan = play.tenant(
        play.opened(name="Saraswati Classes and Library", slug="saraswati", kind="both", plan="professional")
    )
    owner = tenant.owner
    play.admin.post("admin/credits/purchase", {"vendor": "msg91", "channel": "sms", "units": 20_000}, key="stock")
    play.admin.post("admin/credits/allocate", {"tenant": tenant.id, "units": 5_000}, key="give")
    gateways_open(play.sandbox, play.admin, f"http://localhost:{play.stack.port}", "op")
    gateways_open(play.sandbox, owner, f"http://{tenant.public_id}.localhost:{play.stack.port}", "sara")
    tenant.branch = owner.post("branches", {"name": "Main", "code": "MAIN", "kind": "academy"})["id"]
    done = imported(tenant, FILE.read_bytes())
    tenant.students = owner.all("students")
    samples = {
        "tenant": tenant.id,
        "branch": tenant.branch,
        "job": done["id"],
        "student_import": done["id"],
        "size": "192",
    }
    samples |= _money(play, tenant) | _hall(play, owner, tenant) | _classes(play, owner, tenant)
    campaign = owner.post("campaigns", {"name": "Holidays", "template": "welcome"})["id"]
    owner.post(f"campaigns/{campaign}/send", key="send")
    order = owner.post("credits/purchase", {"channel": "sms", "units": 500}, key="order")
    until("messages to leave", lambda: owner.get("messages/log")["results"])
    first = {
        "gateway": "payments/gateways",
        "user": "users",
        "message": "messages/log",
        "template": "messages/templates",
    }
    samples |= {name: owner.get(path)["results"][0]["id"] for name, path in first.items()}
    bundles = f"tenants/{tenant.id}/export"
    bundle = play.admin.post(bundles, {"reason": "Before the move"}, key="bundle")["id"]
    until("the bundle to be packed", lambda: play.admin.get(bundles)["results"][0]["state"] == "done")
    play.stack.manage("fleet", "run", "check")
    return {**samples, "campaign": campaign, "order": order["id"], "bundle": bundle}


def _money(play: Play, tenant: Tenant) -> dict[str, str]:
    """Dues of many students; some paid, one with its payment still open, all of one student who will look."""
    phones = [s["phone"] for s in tenant.students] + [s["guardian_phone"] for s in tenant.students]
    student = next(s for s in tenant.students if s["phone"] and phones.count(s["phone"]) == 1)
    person = play.student(tenant, student["phone"])
    play.payers = [(student, person)]
    for one in tenant.students[:DUES]:
        due_make(play, one["id"], LARGE)
    for number in range(PAID):
        paid = pay(play, person, due_make(play, student["id"], SMALL if number % 2 else LARGE))
    until("the payment to settle", lambda: person.get(f"payments/{paid['id']}")["state"] == "paid")
    due = due_make(play, student["id"], LARGE)
    opened = person.post("payments/create", {"purpose": "fees.due", "reference": due}, key=f"open-{uuid4()}")
    samples = {"student": student["id"], "due": due, "payment": paid["id"]}
    return {**samples, "page_counter_payment.payment": opened["id"]}


def _hall(play: Play, owner: Host, tenant: Tenant) -> dict[str, str]:
    """A hall of sixty seats, two shifts, and a day on which many are taken."""
    library = owner.post("libraries", {"name": "Reading hall", "code": "READ", "city": "Pune"})["id"]
    hall = owner.post(f"libraries/{library}/rooms", {"name": "Ground floor"})["id"]
    seats = owner.post(f"libraries/{library}/seats", {"hall": hall, "rows": ROWS, "columns": COLUMNS})["results"]
    shifts = [
        owner.post("shifts", {"library": library, "name": name, "starts": starts, "ends": ends, "price_paise": 6_000})
        for name, starts, ends in (("Morning", "06:00", "12:00"), ("Evening", "14:00", "22:00"))
    ]
    day = (play.now().astimezone(INDIA) + timedelta(days=1)).date().isoformat()
    held = [
        owner.post("bookings/hold", {"seat": seat["id"], "shift": shifts[0]["id"], "day": day, "student": one["id"]})
        for seat, one in zip(seats[:BOOKED], tenant.students, strict=False)
    ]
    mine = play.payers[0][1].post("bookings/hold", {"seat": seats[-1]["id"], "shift": shifts[1]["id"], "day": day})
    return {
        "library": library,
        "hall": hall,
        "seat": seats[BOOKED + 1]["id"],
        "shift": shifts[0]["id"],
        "day": day,
        "booking": mine["id"],
        "held": held[0]["id"],
    }


def _classes(play: Play, owner: Host, tenant: Tenant) -> dict[str, str]:
    """A week of lessons for the student's own class; the one of this hour is live, and something was said in it."""
    invitation = {"email": "teacher@saraswati.example", "name": "Meera Iyer", "roles": [{"role": "teacher"}]}
    teacher = {"id": owner.post("users/invite", invitation)["id"]}
    host = play.invited(tenant.host, invitation["email"])  # type: ignore[arg-type]
    student, person = play.payers[0]
    local = play.now().astimezone(INDIA)
    hours = [("Physics", local.weekday(), f"{local:%H:%M}", f"{local + timedelta(hours=1):%H:%M}")]
    hours += [
        (subject, day, f"{hour:02}:00", f"{hour:02}:50")
        for day in range(7)
        if day != local.weekday()
        for hour, subject in ((8, "Physics"), (9, "Chemistry"), (17, "Mathematics"))
    ]
    slots = [
        owner.post(
            "timetable",
            {
                "subject": subject,
                "grade": student["grade"],
                "board": student["board"],
                "teacher": teacher["id"],
                "weekday": day,
                "starts": starts,
                "ends": ends,
            },
        )["id"]
        for subject, day, starts, ends in hours
    ]
    live = host.post("classes/start", {"slot": slots[0]})["id"]
    for who, line in ((host, "Good morning, everybody"), (person, "नमस्ते")):
        who.post(f"classes/{live}/join")
        socket = who.live()
        socket.say("subscribe", f"class.{live}")
        socket.say("chat.message", f"class.{live}", {"text": line, "key": str(uuid4())})
        socket.close()
    return {"class_id": live, "slot_id": slots[0], "page_class_card.day": local.date().isoformat()}


def _viewers(play: Play, browser: Browser, samples: dict[str, str]) -> list[Viewer]:
    """The operator's admin, the owner, one student; and anyone, at both kinds of host."""
    port, tenant = play.stack.port, play.asha
    public, ours = f"http://localhost:{port}", f"http://{tenant.slug}.localhost:{port}"
    told = play.stack.manage("seed_signins", "--at", tenant.slug)
    people = {role: (address, password, secret) for role, address, password, secret in _SIGN_IN.findall(told)}
    admin = _signed_in(browser, f"{public}/sign-in", lambda page: _by_password(page, *people["super_admin"]))
    owner = _signed_in(browser, f"{ours}/sign-in/staff", lambda page: _by_password(page, *people["owner"]))
    export, _ = _posted(browser, owner, f"{ours}/students", "/students/export", "**/jobs/*", query="", format="xlsx")
    samples = {**samples, "page_export.work": export}
    phone = play.payers[0][0]["phone"]
    play.clock_move(timedelta(minutes=2))  # past the time for which no second code is sent
    student = _signed_in(browser, f"{ours}/sign-in", lambda page: _by_code(page, play, phone))
    # The last, for its link is good for two minutes.
    at = f"/tenants/{tenant.id}"
    visit, shown = _posted(browser, admin, public + at, f"{at}/support", "**/support/*", reason="A receipt is missing")
    link = _TOKEN.search(shown)
    assert link is not None, "the page of a visit shows no link"
    samples["support"] = link.group(1)
    console = Viewer("console", "public", "super_admin", public, samples, admin)
    operators = {
        **samples,
        "run": _RUN.findall(console.get("/fleet").text)[0],
        "user_id": play.admin.get("users")["results"][0]["id"],
        "code": "starter",
        "visit": visit,
        "callback": play.admin.get("webhook-logs")["results"][0]["id"],
    }
    desk = Viewer("staff", "tenant", "owner", ours, samples, owner)
    # A payment's long name stands on pages alone; whoever has it may pay, and ask whether a receipt is genuine.
    name = _LONG_NAME.search(desk.get(f"/counter/{samples['page_counter_payment.payment']}").text)
    samples |= {"page_pay_link.name": name.group(1), "page_receipt_check.name": name.group(1)} if name else {}
    return [
        replace(console, samples=operators),
        desk,
        Viewer("student", "tenant", "student", ours, samples, student),
        Viewer("door", "public", "", public, operators),
        Viewer("portal", "tenant", "", ours, samples),
    ]


def _signed_in(browser: Browser, address: str, by: Any) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    by(page)
    page.wait_for_url(lambda url: "/sign-in" not in url)
    state = context.storage_state()
    context.close()
    return state


def _posted(browser: Browser, state: Any, address: str, action: str, wanted: str, **values: str) -> tuple[str, str]:
    """Send a form as the page at `address` would; where it led to, an address like `wanted`, and what stands there."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    page.goto(address)
    page.evaluate(_SEND, [action, values])
    page.wait_for_url(wanted)
    found = page.url.rpartition("/")[2], page.content()
    context.close()
    return found


def _by_password(page: Page, address: str, password: str, secret: str) -> None:
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")
    if secret:
        page.get_by_label("Code of your authenticator app").fill(pyotp.TOTP(secret).now())
        page.keyboard.press("Enter")


def _by_code(page: Page, play: Play, phone: str) -> None:
    before = len(play.sandbox.messages(phone))
    page.get_by_label("Mobile number").fill(phone[3:])
    page.keyboard.press("Enter")
    sent = until(f"the code for {phone}", lambda: play.sandbox.messages(phone)[before:])
    found = _SIX.search(json.dumps(sent[-1]["values"]))
    assert found is not None, "the message carries no code"
    page.get_by_label("Six digits from the message").fill(found.group())  # and it is sent
