"""Who may follow a class by socket."""

from uuid import UUID

from kernel import realtime
from kernel.http.actor import Actor
from tenant_apps.classes import selectors


@realtime.topic("class.{live_class}")
def class_topic(actor: Actor, *, live_class: str) -> bool:
    """Whoever may see the class, staff who hold or lead it and students of its grade and board; not who was taken out."""
    if not actor.can("classes.view") or not selectors.classes_visible(actor).filter(id=UUID(live_class)).exists():
        return False
    return not selectors.was_removed(actor, UUID(live_class))


@realtime.topic("slot.{slot}")
def slot_topic(actor: Actor, *, slot: str) -> bool:
    """Whoever sees the hour in their timetable: told when its class starts, ends or falls."""
    return actor.can("classes.view") and selectors.slots_visible(actor).filter(id=UUID(slot)).exists()
