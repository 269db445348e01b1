"""Where what happens to classes is told, and who holds one."""

from typing import cast
from uuid import UUID

from kernel.http.actor import Actor
from tenant_apps.classes import errors
from tenant_apps.classes.models import LiveClass, Presence


def topic(live_class: UUID) -> str:
    """Where what happens in a class is told."""
    return f"class.{live_class}"


def slot_topic(slot: UUID) -> str:
    """Where an hour's class is told to start and to end, for those who wait for it."""
    return f"slot.{slot}"


def who(actor: Actor) -> UUID:
    """The user behind an actor whose views ask for a sign-in."""
    return cast(UUID, actor.user_id)


def hold_refuse(actor: Actor, teacher: UUID) -> None:
    """A class is held by its teacher; owners and managers may step in. Raises NotYours."""
    if actor.user_id != teacher and not {"owner", "manager"} & set(actor.roles):
        raise errors.NotYours


def stay_of(actor: Actor, live_class: LiveClass) -> Presence:
    """The actor's stay in a class. Raises NotLive when they are not in it."""
    stay = Presence.objects.filter(live_class=live_class, user=actor.user_id, left_at=None).first()
    if stay is None:
        raise errors.NotLive("Join the class first.", state=live_class.state)
    return stay
