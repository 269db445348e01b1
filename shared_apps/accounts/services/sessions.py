"""A browser's session: another face of a sign-in, beside its tokens and sockets, and ended with them."""

from datetime import datetime, timedelta
from uuid import UUID

from kernel import clock

from ..errors import SignedOut
from ..models import SignIn, User
from ..tokens import SessionToken

# An admin's browser is forgotten after a night, anyone else's after a week without use.
LIVES = {SignIn.Kind.ADMIN: timedelta(hours=12)}
USED_EVERY = timedelta(hours=1)


def session_open(*, sign_in: UUID) -> str:
    """The text of the cookie that stands for a sign-in just made. Raises SignedOut."""
    row = SignIn.objects.filter(id=sign_in, ended_at=None).first()
    if row is None:
        raise SignedOut
    return _text(row, now=clock.now())


def session_renew(*, text: str) -> str | None:
    """A cookie that lives on, when this one has been in use for an hour; None while it need not be changed.

    The caller has checked it. Its secret stays the same, so requests under way with the old one still count.
    """
    token, now = SessionToken.parse(text), clock.now()
    if datetime.fromtimestamp(token["iat"], now.tzinfo) > now - USED_EVERY:
        return None
    row = SignIn.objects.filter(
        id=token.uuid("sid"), refresh=token.uuid("jti"), ended_at=None, user__state=User.State.ACTIVE
    ).first()
    return None if row is None else _text(row, now=now)


def session_sign_in(text: str) -> UUID:
    """Which sign-in a cookie names, whether or not that still stands. Raises TokenInvalid, TokenExpired."""
    return SessionToken.parse(text).uuid("sid")


def _text(row: SignIn, *, now: datetime) -> str:
    until = now + LIVES.get(SignIn.Kind(row.kind), SessionToken.lifetime)
    if row.ends_at is not None:
        until = min(until, row.ends_at)
    SignIn.objects.filter(id=row.id, ended_at=None).update(seen_at=now, expires_at=until)
    token = SessionToken()
    token.set_exp(from_time=until, lifetime=timedelta())
    token["sub"], token["sid"], token["jti"] = str(row.user_id), str(row.id), str(row.refresh)
    return str(token)
