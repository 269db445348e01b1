"""What sockets may follow of a business's settings: its own domains being looked at."""

from kernel import realtime
from kernel.http.actor import Actor


@realtime.topic("domains")
def domains_follow(actor: Actor) -> bool:
    """Whoever may see them."""
    return actor.can("domains.view")
