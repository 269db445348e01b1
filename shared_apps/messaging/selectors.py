"""Reads of messaging: the log, its figures, the texts, a user's notices."""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum

from kernel.http.actor import Actor
from kernel.tenancy.replica import reading

from .models import Channel, Message, Notification, Template

MESSAGE_STATES = tuple(str(state) for state in Message.State.values)


def messages_visible(actor: Actor) -> QuerySet[Message]:
    """Every message of the business, for who may read the log; nobody else's eyes."""
    return Message.objects.all() if actor.can("messages.view") else Message.objects.none()


def templates_visible(actor: Actor) -> QuerySet[Template]:
    """The business's texts."""
    return Template.objects.all() if actor.can("messages.view") else Template.objects.none()


def notifications_of(actor: Actor) -> QuerySet[Notification]:
    """The caller's own notices."""
    return Notification.objects.filter(user=actor.user_id) if actor.user_id else Notification.objects.none()


def notifications_unread(actor: Actor) -> int:
    """How many of the caller's notices are not read yet."""
    return notifications_of(actor).filter(read_at=None).count()


def messages_under(actor: Actor, *, key: str) -> QuerySet[Message]:
    """The visible messages whose keys begin with `key`."""
    return messages_visible(actor).filter(key__gte=key, key__lt=f"{key}\U0010ffff")


def texts_for_many(actor: Actor) -> list[Template]:
    """The approved SMS texts that carry no code, for whoever writes to many."""
    if not actor.can("campaigns.send"):
        return []
    rows = Template.objects.filter(channel=Channel.SMS, state=Template.State.APPROVED).order_by("name", "language")
    return [row for row in rows if not any(one.get("secret") for one in row.variables)]


def outcomes(*, key: str) -> dict[str, int]:
    """How many of the messages whose keys begin with `key` are in which state, for other apps."""
    counted = Message.objects.filter(key__gte=key, key__lt=f"{key}\U0010ffff").values("state").annotate(n=Count("id"))
    return {line["state"]: line["n"] for line in counted.order_by("state")}


@reading()
def message_stats(*, since: datetime | None = None, until: datetime | None = None) -> list[dict[str, Any]]:
    """Messages and units by channel, template and state, made in [since, until)."""
    rows = Message.objects.all()
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    lines = rows.values("channel", "template", "state").annotate(messages=Count("id"), segments=Sum("units"))
    return [
        {
            "channel": line["channel"],
            "template": line["template"],
            "state": line["state"],
            "messages": line["messages"],
            "units": line["segments"],
        }
        for line in lines.order_by("channel", "template", "state")
    ]
