"""Classes in Chromium: the week, the day, and a class room with a teacher and two students at once."""

import re
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from kernel import clock, quotas
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from shared_apps.accounts.selectors import actor_by_token
from tenant_apps.classes import services
from tenant_apps.classes.models import LiveClass, Slot
from tests.support.browser import origin, visit
from tests.support.days import local_today
from tests.support.factories.classes import minute_of
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, signed_in, staff, user_make
from tests.support.tenants import tenant_make

WEEK = [
    ("Organic Chemistry: Isomers", "12", "CBSE", 1, (0, 2, 4), (16, 0), 60, "Lab 2"),
    ("Algebra: quadratic equations", "11", "CBSE", 0, (0, 2, 4), (17, 0), 90, "R1"),
    ("Electrostatics", "12", "CBSE", 2, (1, 3), (18, 15), 60, "R1"),
    ("English", "9", "ICSE", 3, (0, 1, 2, 3, 4), (15, 30), 45, "R2"),
    ("NEET Biology with Dr Subramaniam", "12", "State", 4, (5,), (9, 0), 180, "Auditorium, second floor"),
    ("Doubts", "11", "CBSE", 0, (5,), (11, 0), 60, ""),
    ("Maths Olympiad", "9", "ICSE", 0, (1, 3), (17, 0), 60, "R2"),
]
TEACHERS = ("Ravi Sharma", "Ayesha Khan", "Sunita Menon", "Thomas D'Souza", "Dr Lakshmi Subramaniam Venkataraman")


NO_SOCKETS = """window.WebSocket = class {
    static OPEN = 1; static CLOSING = 2; readyState = 3;
    constructor() { setTimeout(() => this.onclose?.({ code: 1006 })); }
    close() {}
};"""
LINES = (
    "Open page 42. We begin with the three ratios of a right triangle.",
    "Good evening, sir",
    "सर, sin और cos का अंतर फिर से बताइए",
    "Is it sin²θ + cos²θ = 1 for every angle, or only for those under 90°? The book is not clear about it.",
    "Same doubt here",
)


@dataclass
class School:
    business: Business
    manager: Client
    teachers: list[Client]
    slots: list[Slot] = field(default_factory=list)

    def pupil(self, name: str) -> Client:
        profile = student_make(self.business, branch_make(self.business), name=name, grade="11", board="CBSE")
        with tenant_scope(self.business):
            person = User.objects.get(id=user_of(self.business, profile))
        return signed_in(self.business, "student", user=person, student=profile.id)

    def hour(self, minutes: int, *, subject: str, teacher: int = 0, grade: str = "11", length: int = 60) -> Slot:
        """One that starts so many minutes from now. What of the week could be in its way that day ends."""
        weekday, starts, ends = minute_of(clock.now() + timedelta(minutes=minutes), length)
        with tenant_scope(self.business):
            for slot in [one for one in self.slots if one.weekday == weekday]:
                if slot.grade == grade or slot.teacher_id == self.teacher(teacher):
                    services.slot_end(slot=slot)
                    self.slots.remove(slot)
            return services.slot_create(
                subject=subject,
                grade=grade,
                board="CBSE",
                teacher=self.teacher(teacher),
                weekday=weekday,
                starts=starts,
                ends=ends,
                room="R9",
            )

    def teacher(self, number: int) -> UUID:
        user = self.teachers[number].user
        assert user
        return user.id

    def started(self, slot: Slot, by: Client) -> LiveClass:
        with tenant_scope(self.business):
            return services.class_start(actor=actor_by_token(by.token), slot=slot)


def school_make() -> School:
    business = tenant_make(kind="academy")
    branch = branch_make(business, name="Kothrud")
    with tenant_scope(business):
        quotas.set_limits({"live_classes": quotas.Limit(1), "students": quotas.Limit(500)})
    teachers = [staff(business, user=user_make(business, role="teacher", name=name)) for name in TEACHERS]
    made = School(business, staff(business, "manager"), teachers)
    with tenant_scope(business):
        for subject, grade, board, teacher, days, (hour, minute), length, room in WEEK:
            ends = hour * 60 + minute + length
            facts: dict[str, Any] = {"subject": subject, "grade": grade, "board": board, "room": room}
            facts |= {"starts": time(hour, minute), "ends": time(ends // 60, ends % 60), "branch": branch.id}
            for day in days:
                made.slots.append(services.slot_create(teacher=made.teacher(teacher), weekday=day, **facts))
    return made


@pytest.fixture(scope="module")
def school() -> School:
    """An academy's week, five teachers of several grades."""
    return school_make()


def test_the_week_and_the_day_in_every_look(browser: Browser, port: int, school: School) -> None:
    friday = local_today() + timedelta(days=(4 - local_today().weekday()) % 7 + 7)
    looks = {
        "timetable": f"/timetable?day={friday}",
        "timetable-empty-day": f"/timetable?day={friday + timedelta(days=2)}&room=R1",
        "slot": f"/timetable/{school.slots[3].id}?day={friday}",
        "slot-new": "/timetable/new?weekday=2&starts=17:00",
        "classes-staff": "/classes",
    }
    for name, path in looks.items():
        with visit(browser, origin(school.business, port), client=staff(school.business, "manager")) as seen:
            seen.look(name, path)


def test_the_week_is_walked_by_keys_and_what_collides_is_shown(browser: Browser, port: int, school: School) -> None:
    friday = local_today() + timedelta(days=(4 - local_today().weekday()) % 7 + 7)
    with visit(browser, origin(school.business, port), client=school.manager) as seen:
        page = seen.page
        seen.go(f"/timetable?day={friday}")
        page.locator("a.slot").first.focus()
        first = page.evaluate("document.activeElement.href")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.href") != first
        page.keyboard.press("PageDown")
        expect(page).to_have_url(re.compile(str(friday + timedelta(days=7))))
        page.get_by_label("Teacher").select_option(label="Sunita Menon")
        expect(page.locator("a.slot")).to_have_count(2)
        seen.go("/timetable/new?weekday=0&starts=17:30")
        for label, text in {"Subject": "Geometry", "Grade": "11", "Board": "CBSE", "Room": "R1"}.items():
            page.get_by_label(label, exact=label != "Room").fill(text)
        page.get_by_label("Teacher").select_option(label="Ravi Sharma")
        page.get_by_role("button", name="Add to the timetable").click()
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_role("heading", name="What is there")).to_be_visible()
        expect(page.locator(".clash-both dd")).to_have_text(["collides: Ravi Sharma", "collides: 11 CBSE"])
        assert not seen.violations()
        page.get_by_role("button", name="Take Monday, 6:30 pm").click()
        expect(page.get_by_text("Geometry is in the timetable.")).to_be_visible()
        page.locator("a.slot", has_text="Geometry").click()
        page.get_by_label("Reason").fill("The teacher is at a conference")
        page.get_by_role("button", name="Cancel it on this day").click()
        expect(page.locator("a.slot", has_text="Geometry")).to_contain_text("Cancelled")
        page.locator("a.slot", has_text="Geometry").click()
        expect(page.get_by_text("The teacher is at a conference")).to_be_visible()
        page.get_by_role("button", name="Take it out").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Take it out").click()
        expect(page.get_by_text("Geometry is out of the timetable.")).to_be_visible()
        seen.silent()


def test_a_class_room_with_two_students(browser: Browser, port: int) -> None:
    """Start, join, count, chat both ways, typing, a hand up and answered, a lost network, leaving, the end."""
    school = school_make()
    school.hour(2, subject="Trigonometry", grade="11")
    asha, ravi = school.pupil("Asha Rao"), school.pupil("Ravi Deshmukh")
    base = origin(school.business, port)
    with (
        visit(browser, base, client=school.teachers[0]) as board,
        visit(browser, base, client=asha) as first,
        visit(browser, base, client=ravi) as second,
    ):
        teacher, one, two = board.page, first.page, second.page
        first.go("/classes")
        one.locator(".class-card", has_text="Trigonometry").get_by_role("link", name="Wait inside").click()
        expect(one.get_by_text("Starts in")).to_be_visible()
        board.go("/classes")
        teacher.locator(".class-card", has_text="Trigonometry").get_by_role("button", name="Start class").click()
        expect(teacher.locator("[data-count]").last).to_have_text("1")
        # The lobby leads on by itself.
        one.get_by_role("button", name="Join class").click()
        second.go("/classes")
        two.locator(".hero").get_by_role("button", name="Join class").click()
        for page in (teacher, one, two):
            expect(page.locator("[data-count]").last).to_have_text("3")
        expect(teacher.locator(".person")).to_have_count(3)

        two.keyboard.press("c")
        expect(two.locator("#say")).to_be_focused()
        two.locator("#say").press_sequentially("Is it ")
        expect(one.get_by_text("Ravi Deshmukh is typing…")).to_be_visible()
        two.locator("#say").press_sequentially("sin²?")
        two.keyboard.press("Enter")
        for page in (teacher, one):
            expect(page.locator(".chat-line", has_text="Is it sin²?")).to_contain_text("Ravi Deshmukh")
        expect(two.locator(".chat-own")).to_have_text(re.compile("Is it sin²"))
        teacher.locator("#say").fill("<b>Yes</b>")
        teacher.keyboard.press("Enter")
        expect(one.locator(".chat-text", has_text="<b>Yes</b>")).to_be_visible()

        one.locator("h1").click()
        one.keyboard.press("h")
        row = teacher.locator(".person", has_text="Asha Rao")
        expect(row.get_by_text("Hand up")).to_be_visible()
        expect(teacher.locator(".person").nth(1)).to_contain_text("Asha Rao")
        row.get_by_role("button", name="Let speak").click()
        expect(one.get_by_text("Your teacher lets you speak.")).to_be_visible()
        expect(two.locator(".person", has_text="Asha Rao").get_by_text("May speak")).to_be_visible()
        one.get_by_role("button", name="Lower hand").click()
        expect(row.get_by_text("May speak")).to_be_hidden()

        first.context.set_offline(True)
        expect(one.locator("#offline")).to_be_visible()
        one.locator("#say").fill("Written in a tunnel")
        one.keyboard.press("Enter")
        expect(one.get_by_text("Not sent yet.")).to_be_visible()
        two.locator("#say").fill("Who is there?")
        two.keyboard.press("Enter")
        expect(teacher.locator(".chat-line", has_text="Who is there?")).to_be_visible()
        expect(one.locator(".chat-line", has_text="Who is there?")).to_have_count(0)
        first.context.set_offline(False)
        expect(one.locator(".chat-line", has_text="Who is there?")).to_be_visible()
        expect(teacher.locator(".chat-line", has_text="Written in a tunnel")).to_be_visible()
        expect(one.get_by_text("Not sent yet.")).to_be_hidden()

        two.get_by_role("button", name="Leave", exact=True).click()
        expect(teacher.locator("[data-count]").last).to_have_text("2")
        # From here on without a socket: what happens is asked for.
        two.add_init_script(NO_SOCKETS)
        two.locator(".hero").get_by_role("button", name="Join class").click()
        expect(two.locator(".chat-line", has_text="Written in a tunnel")).to_be_visible()
        teacher.locator("#say").fill("Welcome back")
        teacher.keyboard.press("Enter")
        expect(two.locator(".chat-line", has_text="Welcome back")).to_be_visible(timeout=12_000)
        teacher.locator(".person", has_text="Ravi").get_by_role("button", name="Take out of the class").click()
        expect(two.get_by_text("The teacher took you out of this class")).to_be_visible(timeout=12_000)
        expect(teacher.locator("[data-count]").last).to_have_text("2")
        teacher.get_by_role("button", name="Let in again").click()
        expect(teacher.get_by_role("button", name="Let in again")).to_be_hidden()

        teacher.get_by_role("button", name="End class").click()
        teacher.get_by_role("dialog").get_by_role("button", name="End class").click()
        expect(one.get_by_text("The class ended at")).to_be_visible()
        expect(teacher.get_by_text("Who was there")).to_be_visible()
        for seen in (board, second):
            seen.silent()
        first.said = [line for line in first.said if "ERR_INTERNET_DISCONNECTED" not in line]
        first.silent()


def test_a_class_in_every_look(browser: Browser, port: int) -> None:
    """The student's day, the lobby, the room of both, taken out, over."""
    school = school_make()
    slot, later = school.hour(-12, subject="Trigonometry", length=75), school.hour(70, subject="Vectors", length=45)
    pupils = [school.pupil(name) for name in ("Ananya Iyer", "Rohit Deshmukh", "Fatima Shaikh", "Arjun Nair")]
    base = origin(school.business, port)
    live = school.started(slot, school.teachers[0])
    with tenant_scope(school.business):
        for number, client in enumerate([school.teachers[0], *pupils]):
            actor = actor_by_token(client.token)
            services.class_enter(actor=actor, live_class=live)
            line = LINES[number]
            services.chat_say(actor=actor, live_class=live, text=line, key=f"k{number}")
            if number in {2, 3}:
                services.hand_raise(actor=actor, live_class=live, raised=True)
        LiveClass.objects.filter(id=live.id).update(started_at=clock.now() - timedelta(minutes=12, seconds=40))
    for name, path, client in (
        ("classes-student", "/classes", pupils[0]),
        ("classes-lobby", f"/classes/lobby/{later.id}", pupils[0]),
        ("room-student", f"/classes/{live.id}", pupils[1]),
        ("room-teacher", f"/classes/{live.id}", school.teachers[0]),
        ("classes-live-staff", "/classes", school.manager),
        ("room-door", f"/classes/{live.id}", school.pupil("Kabir Nambiar")),
        ("classes-video", "/classes/video", staff(school.business)),
    ):
        with visit(browser, base, client=client) as seen:
            seen.look(name, path)
    school.teachers[0].page("POST", f"/classes/{live.id}/end")
    with visit(browser, base, client=signed_in(school.business, user=school.teachers[0].user)) as seen:
        seen.look("room-over", f"/classes/{live.id}")
