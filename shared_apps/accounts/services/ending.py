"""Sign-ins ended: once, for tokens, session and sockets alike."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from kernel import clock, realtime
from kernel.observe.context import not_for_support

from ..models import SignIn


def sign_in_end(*, sign_in: UUID, because: str = "logout") -> None:
    """End one sign-in: its tokens, web session and sockets. Ending it twice is no error."""
    rows_end(SignIn.objects.filter(id=sign_in), because=because)


def sign_in_revoke(*, user: UUID, sign_in: UUID) -> bool:
    """End a sign-in of this user's; False when they have no such live one."""
    not_for_support()
    return rows_end(SignIn.objects.filter(id=sign_in, user_id=user), because="revoked") > 0


def sign_ins_end(*, user: UUID, because: str, but: UUID | None = None) -> int:
    """End all of a person's sign-ins, `but` one if given; how many there were."""
    rows = SignIn.objects.filter(user_id=user)
    return rows_end(rows.exclude(id=but) if but else rows, because=because)


@transaction.atomic
def rows_end(rows: QuerySet[SignIn], *, because: str) -> int:
    """End those of `rows` that stand, and their sockets with them. Gives how many."""
    ended = list(rows.filter(ended_at=None).select_for_update(of=("self",)).values_list("id", flat=True))
    SignIn.objects.filter(id__in=ended).update(ended_at=clock.now(), ended_because=because)
    for sign_in in ended:
        realtime.sign_in_ended(sign_in)
    return len(ended)
