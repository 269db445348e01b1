"""What people itself knows of a student's past: how they came, what was changed, and the messages they were sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.audit.models import Entry as Deed
from kernel.http.actor import Actor
from shared_apps.accounts import selectors as accounts
from shared_apps.messaging import selectors as messaging
from tenant_apps.people.dossier import Entry, Part, register
from tenant_apps.people.models import Access, Student

LATELY = 50
DEEDS: dict[str, tuple[Any, str, str]] = {
    "people.student_create": (gettext_lazy("Joined"), "user-plus", "ok"),
    "people.student_change": (gettext_lazy("Changed"), "pencil", "neutral"),
    "people.student_suspended": (gettext_lazy("Suspended"), "pause", "bad"),
    "people.student_active": (gettext_lazy("Let in again"), "check", "ok"),
    "people.student_left": (gettext_lazy("Left"), "log-out", "neutral"),
    "people.guardian_add": (gettext_lazy("A guardian was given access"), "user-plus", "info"),
    "people.guardian_remove": (gettext_lazy("A guardian's access was ended"), "user-minus", "neutral"),
}
FIELDS: dict[str, Any] = {
    "name": gettext_lazy("Name"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
    "branch_id": gettext_lazy("Branch"),
    "grade": gettext_lazy("Grade"),
    "board": gettext_lazy("Board"),
    "guardian_name": gettext_lazy("Guardian's name"),
    "guardian_phone": gettext_lazy("Guardian's phone"),
    "guardian_relation": gettext_lazy("Relation"),
    "joined_on": gettext_lazy("Joined on"),
    "tags": gettext_lazy("Tags"),
    "state": gettext_lazy("State"),
    "reason": gettext_lazy("Reason"),
    "relation": gettext_lazy("Relation"),
    "student": gettext_lazy("Code"),
}


def register_parts() -> None:
    """Called when the app is ready."""
    register(Part("changes", gettext_lazy("Changes"), "history", "people.view", 90, entries=changes))
    register(
        Part(
            "messages",
            gettext_lazy("Messages"),
            "message-circle",
            "messages.view",
            50,
            entries=messages,
            template="people/parts/messages.html",
            told=messages_told,
        )
    )
    register(
        Part(
            "audit",
            gettext_lazy("Audit"),
            "shield-check",
            "audit.view",
            80,
            template="people/parts/audit.html",
            told=deeds_told,
        )
    )


def deeds_of(student: UUID) -> Any:
    """What was done to a student's row, the newest first."""
    return Deed.objects.filter(subject_type="student", subject_id=str(student)).order_by("-id")


def changes(actor: Actor, student: UUID, until: datetime, limit: int) -> Iterator[Entry]:
    """Deeds in words without their values: those are for the audit's readers. An imported student joined by import."""
    told = False
    for deed in deeds_of(student).filter(at__lte=until)[:limit]:
        title, icon, tone = DEEDS.get(deed.action, (deed.action, "circle", "neutral"))
        told = told or deed.action == "people.student_create"
        yield Entry(deed.at, str(deed.id), "changes", icon, str(title), _note(deed), tone)
    row = Student.objects.select_related("imported").filter(id=student, created_at__lte=until).first()
    if row is not None and not told and row.imported is not None:
        note = _("From the file %(name)s") % {"name": row.imported.file_name}
        yield Entry(row.created_at, f"i{row.id}", "changes", "file-up", _("Joined"), note, "ok")


def _note(deed: Deed) -> str:
    reason = deed.changes.get("reason", ["", ""])[1]
    if reason:
        return str(reason)
    if deed.action in {"people.student_create", "people.guardian_add", "people.guardian_remove"}:
        return ""
    return ", ".join(str(FIELDS.get(name, name)) for name in deed.changes if name != "state")


def messages_of(student: UUID, actor: Actor) -> Any:
    """Messages to the student's numbers and to those who may act for them, for who may read the log."""
    row = Student.objects.get(id=student)
    to = [one for one in (row.phone, row.guardian_phone, row.email) if one]
    users = list(Access.objects.filter(student=student).values_list("user_id", flat=True))
    return messaging.messages_visible(actor).filter(Q(to__in=to) | Q(person__in=users))


def messages(actor: Actor, student: UUID, until: datetime, limit: int) -> Iterator[Entry]:
    for one in messages_of(student, actor).filter(created_at__lte=until).order_by("-created_at", "-id")[:limit]:
        tone = "bad" if one.state == "failed" else "info"
        icon = "mail" if one.channel == "email" else "message-circle"
        yield Entry(one.created_at, str(one.id), "messages", icon, one.text[:160] or one.template, "", tone, one.state)


def messages_told(actor: Actor, student: UUID) -> dict[str, Any]:
    return {"sent": list(messages_of(student, actor).order_by("-created_at", "-id")[:LATELY])}


def deeds_told(actor: Actor, student: UUID) -> dict[str, Any]:
    """Deeds with the values before and after, and who did them."""
    deeds = list(deeds_of(student)[:LATELY])
    doers = accounts.users_shown().filter(id__in={deed.actor_id for deed in deeds if deed.actor_id})
    names = dict(doers.values_list("id", "name"))
    for deed in deeds:
        deed.title = str(DEEDS.get(deed.action, (deed.action, "", ""))[0])
        deed.who = names.get(deed.actor_id, "")
        deed.lines = [(str(FIELDS.get(name, name)), *map(_said, pair)) for name, pair in deed.changes.items()]
    return {"deeds": deeds}


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")
