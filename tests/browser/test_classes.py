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
        """One that starts so many minutes from now."""
        weekday, starts, ends = minute_of(clock.now() + timedelta(minutes=minutes), length)
        with tenant_scope(self.business):
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


def test_the_week_in_every_look(browser: Browser, port: int, school: School) -> None:
    with visit(browser, origin(school.business, port), client=school.manager) as seen:
        page = seen.page
        friday = clock.today() + timedelta(days=(4 - clock.today().weekday()) % 7 + 7)
        for name, path in {
            "timetable": f"/timetable?day={friday}",
            "timetable-empty-day": f"/timetable?day={friday + timedelta(days=2)}",
            "timetable-filtered": f"/timetable?day={friday}&room=R1",
            "slot": f"/timetable/{school.slots[3].id}?day={friday}",
            "slot-new": "/timetable/new?weekday=2&starts=17:00",
            "classes-staff": "/classes",
        }.items():
            seen.go(path)
            seen.look(name)
        seen.go(f"/timetable?day={friday}")
        page.locator("a.slot").first.focus()
        first = page.evaluate("document.activeElement.textContent")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.textContent") != first
        page.keyboard.press("PageDown")
        expect(page).to_have_url(re.compile(str(friday + timedelta(days=7))))
