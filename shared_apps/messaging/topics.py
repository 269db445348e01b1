"""What sockets may follow of messaging: each user their own notices."""

from kernel import realtime
from kernel.http.actor import Actor


@realtime.topic("inbox.{user}")
def inbox_follow(actor: Actor, *, user: str) -> bool:
    """Notices are their user's alone."""
    return actor.user_id is not None and str(actor.user_id) == user
