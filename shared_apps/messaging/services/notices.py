"""Notices inside the app: kept first, then told to the user's open pages."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from kernel import clock, realtime
from kernel.observe import context

from ..errors import NotificationMissing
from ..models import Notification


@transaction.atomic
def notification_send(
    *, users: Iterable[UUID], title: str, text: str = "", level: str = Notification.Level.INFO, link: str = ""
) -> int:
    """Leave a notice for each user, in the caller's transaction. `link` is a path of this business's pages."""
    now = clock.now()
    rows = [
        Notification(user=user, title=title, text=text, level=level, link=link, created_at=now)
        for user in dict.fromkeys(users)
    ]
    Notification.objects.bulk_create(rows, batch_size=1000)
    for row in rows:
        realtime.send(f"inbox.{row.user}", "notification.new", {"id": str(row.id), "title": title, "level": level})
    return len(rows)


def notification_read(*, notification_id: UUID, user: UUID) -> None:
    """Mark one of the user's notices as read; again changes nothing. Raises NotificationMissing."""
    mine = Notification.objects.filter(id=notification_id, user=user)
    if _is_support() and mine.exists():
        return
    if not mine.filter(read_at=None).update(read_at=clock.now()) and not mine.exists():
        raise NotificationMissing


def notifications_read(*, user: UUID) -> int:
    """Mark all of the user's notices as read; how many were not."""
    if _is_support():
        return 0
    return Notification.objects.filter(user=user, read_at=None).update(read_at=clock.now())


def _is_support() -> bool:
    """Whether the operator's support reads in the user's place: what it has seen, the user has not."""
    who = context.actor.get()
    return who is not None and who.support is not None
