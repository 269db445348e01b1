"""Passwords: judged, hashed with Argon2id, and chosen through a link that works once."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from kernel import audit, clock, jobs
from kernel.observe.context import not_for_support
from kernel.sealing import seal

from ..errors import LinkVoid, PasswordWeak, TokenExpired, TokenInvalid
from ..events import PasswordLinkWanted
from ..models import User
from ..tokens import PasswordToken
from . import caps
from .ending import sign_ins_end
from .otp import challenge_put

SEAL = "accounts.password"


def password_check(*, password: str, user: User) -> None:
    """Raises PasswordWeak with what is wrong with it."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordWeak(" ".join(error.messages), field="password") from error


def password_set(*, user: User, password: str, keep: UUID | None = None) -> None:
    """Set a judged password and end the person's sign-ins, `keep` one if given. Raises PasswordWeak."""
    not_for_support()
    password_check(password=password, user=user)
    hashed = make_password(password)
    with transaction.atomic():
        User.objects.filter(id=user.id).update(password=hashed)
        sign_ins_end(user=user.id, because="password", but=keep)
        audit.record(action="accounts.password_set", subject_type="user", subject_id=str(user.id), changes={})
    user.password = hashed


def password_link_send(*, email: str, ip: str | None = None) -> None:
    """Have a link to choose a new password mailed to whoever signs in with `email`; silence for anyone else.

    Raises OtpTooSoon, OtpTooMany, alike for known and unknown addresses.
    """
    email = email.strip().lower()
    with caps.capped(), transaction.atomic():
        challenge_put(address=email, purpose="password", code=None, now=clock.now())
        caps.asking_count(address=email, purpose="password", ip=ip)
        user = User.objects.filter(email=email, state=User.State.ACTIVE).first()
        if user is not None:
            link_publish(user=user, reason="reset", life=PasswordToken.lifetime)


def link_publish(*, user: User, reason: str, life: timedelta) -> None:
    """Announce that `user`, who has an e-mail address, is to be sent a link; inside the caller's transaction."""
    token = PasswordToken()
    token.set_exp(from_time=clock.now(), lifetime=life)
    token["sub"] = str(user.id)
    token["was"] = user.fingerprint
    jobs.publish(
        PasswordLinkWanted(
            user=str(user.id),
            email=user.email or "",
            person=user.name,
            reason=reason,
            token_sealed=seal(str(token), context=SEAL),
            expires_at=(clock.now() + life).isoformat(),
        )
    )


def password_set_by_link(*, token: str, password: str) -> None:
    """Spend a link: the password is set, an invitation accepted, other devices signed out.

    Raises LinkVoid; PasswordWeak, which leaves the link good.
    """
    try:
        parsed = PasswordToken.parse(token)
        user_id = parsed.uuid("sub")
    except (TokenInvalid, TokenExpired) as error:
        raise LinkVoid from error
    with transaction.atomic():
        user = User.objects.select_for_update().filter(id=user_id).exclude(state=User.State.DEACTIVATED).first()
        if user is None or parsed.get("was") != user.fingerprint:
            raise LinkVoid
        password_set(user=user, password=password)
        User.objects.filter(id=user.id, state=User.State.INVITED).update(state=User.State.ACTIVE)
