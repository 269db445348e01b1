"""The part of a student's page that is about live classes: which they were in and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel.http.actor import Actor
from tenant_apps.classes import selectors
from tenant_apps.classes.models import Presence
from tenant_apps.people.dossier import Entry, Figure, Part, register

SHOWN = 60


def register_part() -> None:
    """Called when the app is ready."""
    register(
        Part(
            "classes",
            gettext_lazy("Classes"),
            "presentation",
            "classes.view",
            30,
            entries=entries,
            template="classes/on_student.html",
            told=told,
            figures=figures,
        )
    )


def _attended(actor: Actor, student: UUID) -> QuerySet[Presence]:
    return Presence.objects.filter(student=student, live_class__in=selectors.classes_visible(actor))


def stays(actor: Actor, student: UUID) -> Any:
    """One line a class they were in: the first time they came, the last they left (None: still in)."""
    return (
        _attended(actor, student)
        .values("live_class", "live_class__title", "live_class__subject", "live_class__starts_at")
        .annotate(came=Min("joined_at"), left=Max("left_at"), times=Count("id"))
    )


def entries(actor: Actor, student: UUID, until: datetime, limit: int) -> Iterator[Entry]:
    for stay in stays(actor, student).filter(came__lte=until).order_by("-came", "-live_class")[:limit]:
        yield Entry(
            stay["came"],
            str(stay["live_class"]),
            "classes",
            "presentation",
            _("Was in the class %(title)s") % {"title": stay["live_class__title"]},
            _minutes(stay),
            "primary",
        )


def told(actor: Actor, student: UUID) -> dict[str, Any]:
    mine = list(stays(actor, student).order_by("-came")[:SHOWN])
    for stay in mine:
        stay["minutes"] = _minutes(stay)
    return {"stays": mine}


def figures(actor: Actor, student: UUID) -> list[Figure]:
    count = _attended(actor, student).values("live_class").distinct().count()
    return [Figure(_("Classes attended"), str(count))] if count else []


def _minutes(stay: dict[str, Any]) -> str:
    if stay["left"] is None:
        return ""
    minutes = max(1, round((stay["left"] - stay["came"]).total_seconds() / 60))
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
