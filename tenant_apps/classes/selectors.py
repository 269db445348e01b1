"""Reads of classes, cut to what the actor may see: students their own grade and board, teachers their own classes."""

from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.http.actor import Actor
from kernel.http.lookup import found
from tenant_apps.classes.models import ChatMessage, LiveClass, Presence, Slot
from tenant_apps.people import selectors as people

_LEADS = frozenset({"owner", "manager", "front_desk", "accountant"})


def slots_visible(actor: Actor) -> QuerySet[Slot]:
    """The timetable as the actor may see it."""
    return _cut(Slot.objects.filter(state=Slot.State.ACTIVE), actor)


def classes_visible(actor: Actor) -> QuerySet[LiveClass]:
    return _cut(LiveClass.objects.all(), actor)


def class_get(actor: Actor, class_id: UUID) -> LiveClass:
    """One visible class. Raises NotFound."""
    return found(classes_visible(actor), id=class_id)


def presences_of(actor: Actor, class_id: UUID) -> QuerySet[Presence]:
    """Who is or was in a visible class."""
    return Presence.objects.filter(live_class=class_get(actor, class_id))


def chat_of(actor: Actor, class_id: UUID) -> QuerySet[ChatMessage]:
    """What was said in a visible class."""
    return ChatMessage.objects.filter(live_class=class_get(actor, class_id))


def is_in(actor: Actor, class_id: UUID) -> bool:
    """Whether the actor is in the class at this moment."""
    return Presence.objects.filter(live_class=class_id, user=actor.user_id, left_at=None).exists()


def _cut(rows: QuerySet, actor: Actor) -> QuerySet:
    if actor.kind == "student":
        mine = people.students_visible(actor)
        if actor.student is not None:
            mine = mine.filter(id=actor.student)
        cohorts = Q(pk__in=[])
        for grade, board in mine.filter(state="active").values_list("grade", "board").distinct():
            cohorts |= Q(grade=grade, board=board)
        return rows.filter(cohorts)
    if _LEADS.isdisjoint(actor.roles):
        return rows.filter(teacher=actor.user_id)
    return rows
