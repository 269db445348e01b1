"""Who may follow a piece of long work on the socket."""

from kernel import realtime
from kernel.http.actor import Actor
from kernel.jobs.progress.selectors import progress_of


@realtime.topic("job.{id}")
def may_follow_job(actor: Actor, *, id: str) -> bool:  # noqa: A002 the topic's own word
    return progress_of(actor).filter(id=id).exists()
