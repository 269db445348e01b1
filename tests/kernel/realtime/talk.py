"""Topics and messages for the socket's tests, and who may use them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from kernel import clock, realtime
from kernel.errors import DomainError
from kernel.http.actor import Actor
from kernel.ids import uuid7
from kernel.jobs.progress.models import Progress
from kernel.observe import context
from kernel.tenancy import current

_NAMES = UUID("0192f000-0000-7000-8000-000000000000")


class Stranger(DomainError):
    code = "tests.stranger"
    status = 401


def sign_in_of(name: str) -> UUID:
    return uuid5(_NAMES, name)


def authenticate(scope: Mapping[str, Any]) -> Actor:
    """`bearer, asha.<schema>`: good at that business only; or the cookie `person`."""
    offered = list(scope["subprotocols"])
    name, _, schema = (offered[1] if len(offered) == 2 else scope["cookies"].get("person", "")).partition(".")
    if not name or schema != current().schema:
        raise Stranger()
    return Actor(kind="student", user_id=sign_in_of(name), sign_in=sign_in_of(name))


@realtime.topic("tests.room.{room}")
def may_enter(actor: Actor, *, room: str) -> bool:
    """The business's own rooms: those with a row."""
    return Progress.objects.filter(id=room).exists()


@realtime.topic("tests.open.{door}")
def may_pass(actor: Actor, *, door: str) -> bool:
    return door != "closed"


@realtime.message("tests.say")
def say(actor: Actor, topic: str, data: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    row = Progress.objects.create(id=uuid7(), kind=str(data["text"]), created_at=now, updated_at=now)
    realtime.send(topic, "tests.said", {"id": str(row.id)})
    speaker = context.actor.get()
    return {"id": str(row.id), "schema": current().schema, "by": str(speaker and speaker.user_id)}


@realtime.message("tests.break")
def break_down(actor: Actor, topic: str, data: dict[str, Any]) -> None:
    raise RuntimeError("phone +919800000009")


@realtime.message("tests.refuse")
def refuse(actor: Actor, topic: str, data: dict[str, Any]) -> None:
    raise Stranger("no")


def break_down_at_the_door(scope: Mapping[str, Any]) -> Actor:
    raise RuntimeError("the database is away")
