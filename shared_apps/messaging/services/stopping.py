"""Ending what was on its way, where rows were brought back from an earlier day, and forgetting whom messages were for."""

from django.db import transaction

from kernel import clock

from ..models import Batch, Message

# The quota that, at 0, lets no message of a business go out: a sandbox has it.
SENDING = "sending"


@transaction.atomic
def messages_stop(*, code: str) -> int:
    """Cancel what waits and give up on what was being sent, with `code` as the reason; gives how many messages.

    Whether they went out after the day the rows are from, nobody here knows: sent again, they would come twice.
    """
    now = clock.now()
    waiting = Message.objects.filter(state=Message.State.PENDING)
    stopped = waiting.update(state=Message.State.CANCELLED, sealed="", code=code, ended_at=now)
    sending = Message.objects.filter(state=Message.State.SENDING)
    stopped += sending.update(state=Message.State.UNKNOWN, sealed="", code=code, ended_at=now)
    chosen = Batch.objects.filter(state=Batch.State.INTENT)
    chosen.update(state=Batch.State.REFUSED, code=code, settled_at=now)
    asked = Batch.objects.filter(state__in=[Batch.State.ASKED, Batch.State.UNKNOWN])
    asked.update(state=Batch.State.RELEASED, code=code, settled_at=now)
    return stopped


@transaction.atomic
def messages_forget(*, key_prefix: str) -> int:
    """Forget to whom the present business's messages of these keys went and what they said; gives how many.

    That they went and what they cost stays; what still waits is cancelled. Repeating it finds none.
    """
    found = Message.objects.filter(key__startswith=key_prefix).exclude(to="")
    found.filter(state=Message.State.PENDING).update(
        state=Message.State.CANCELLED, sealed="", code="messaging.forgotten", ended_at=clock.now()
    )
    return found.update(to="", subject="", text="", values={}, reason="")
