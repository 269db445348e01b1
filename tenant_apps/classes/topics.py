"""Who may follow a class by socket."""

from uuid import UUID

from kernel import realtime
from kernel.http.actor import Actor
from tenant_apps.classes import selectors


@realtime.topic("class.{live_class}")
def class_topic(actor: Actor, *, live_class: str) -> bool:
    """Whoever may see the class: staff who hold or lead it, students of its grade and board."""
    return actor.can("classes.view") and selectors.classes_visible(actor).filter(id=UUID(live_class)).exists()
