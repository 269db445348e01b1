"""Whom a student's sign-in acts for, changed without signing in again."""

from uuid import UUID

from kernel import realtime

from ..errors import ProfileUnknown
from ..models import SignIn
from ..profiles import profiles_of


def profile_switch(*, sign_in: UUID, user: UUID, student: UUID) -> None:
    """Let a student's live sign-in act for another of the person's profiles; its sockets begin anew.

    Raises ProfileUnknown.
    """
    if student not in {one.id for one in profiles_of(user) if one.kind == "student"}:
        raise ProfileUnknown(field="profile")
    live = SignIn.objects.filter(id=sign_in, user_id=user, kind=SignIn.Kind.STUDENT, ended_at=None)
    if live.exclude(student=student).update(student=student) or live.filter(student=None).update(student=student):
        realtime.sign_in_ended(sign_in)
