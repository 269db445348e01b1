"""What of people the search finds, and what of them belongs to a business's set-up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kernel.http import search
from kernel.http.actor import Actor
from kernel.phone import PhoneInvalid, phone
from shared_apps.accounts import selectors as accounts
from shared_apps.organisation import setup
from tenant_apps.people import selectors
from tenant_apps.people.models import Branch, Student

_NUMBERED = ("name", "code", "phone", "guardian_name", "guardian_phone")


def register() -> None:
    """Called once, when the app is ready."""
    search.register("students", students, title=_("Students"), permission="people.view", position=10)
    search.register("staff", staff, title=_("Staff"), permission="users.view", position=50)
    setup.register(
        "branch",
        title=_("Add your branch"),
        text=_("The place where you teach or where people sit."),
        icon="map-pin",
        page="page_branches",
        permission="organisation.view",
        position=20,
        done=Branch.objects.all,
    )
    setup.register(
        "students",
        title=_("Bring your students in"),
        text=_("From a list in Excel or CSV, or one by one."),
        icon="graduation-cap",
        page="page_students",
        permission="people.import",
        position=50,
        done=Student.objects.all,
    )


def students(actor: Actor, text: str) -> Iterator[search.Hit]:
    """By name, code, or a number the reader may see. A whole number or code names one alone."""
    if actor.kind == "student":
        return
    sees_numbers = actor.can("people.phones")
    number = _number(text) if sees_numbers else ""
    # Whose number is hidden from someone is not found by it either.
    columns = _NUMBERED if sees_numbers else ("name", "code")
    wanted = Q.create([(f"{column}__icontains", text) for column in columns], Q.OR)
    if number:
        wanted |= Q(phone=number) | Q(guardian_phone=number)
    rows: QuerySet[Any] = (
        selectors.students_listed(actor).filter(wanted).select_related("branch").order_by("name", "id")
    )
    for row in rows[: search.MOST]:
        facts = (row.code, row.grade, row.shown_phone or row.shown_guardian_phone, row.branch.name)
        yield search.Hit(
            title=row.name,
            note=" · ".join(fact for fact in facts if fact),
            address=search.address("page_student", row.id, otherwise=f"{reverse('page_students')}?q={row.code}"),
            icon="user",
            tone="primary",
            is_exact=bool(number) or text.upper() == row.code,
        )


def staff(actor: Actor, text: str) -> Iterator[search.Hit]:
    """By name, e-mail or number, those of the reader's branches."""
    if actor.kind != "staff":
        return
    wanted = Q(name__icontains=text) | Q(email__icontains=text) | Q(phone__icontains=text)
    for row in accounts.users_visible(actor).filter(wanted).order_by("name", "id")[: search.MOST]:
        yield search.Hit(
            title=row.name or str(row.email),
            note=str(row.email or row.phone),
            address=reverse("page_member", args=[row.id]),
            icon="briefcase",
            tone="neutral",
        )


def _number(text: str) -> str:
    """The text as a whole phone number, "" when it is none."""
    try:
        return phone(text) if sum(sign.isdigit() for sign in text) >= 10 else ""
    except PhoneInvalid:
        return ""
