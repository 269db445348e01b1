"""One-time codes: one live per address and purpose, sent at most once a minute and within the caps, tried three times.

A stranger's number takes the same path as a known one, to a challenge with a code that nobody is told: the answers,
the waiting times and the tries left are those of anyone, and no message is paid for.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from kernel import clock, jobs
from kernel.ids import uuid7
from kernel.sealing import seal
from kernel.tenancy import current

from ..errors import OtpTooSoon, OtpVoid, OtpWrong, ProfileUnknown, SelectionUsed
from ..events import OtpWanted
from ..models import OtpChallenge, User
from ..profiles import Profile, profiles_of
from ..tokens import SelectionToken
from . import caps
from .second_factor import factor_check
from .sign_in import Device, Tokens, sign_in_start

LIFE = timedelta(minutes=5)
BETWEEN = timedelta(seconds=60)
KEPT = timedelta(hours=1)
SIGN_IN = "sign_in"
SEAL = "accounts.otp"


@dataclass(frozen=True, slots=True)
class OtpSent:
    """What anyone is told after asking: seconds the code lives, and until another may be asked for."""

    expires_in: int = int(LIFE.total_seconds())
    resend_in: int = int(BETWEEN.total_seconds())


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """The code was right and stands for several; `selection` is good for one choice within `expires_in` seconds."""

    profiles: list[Profile]
    selection: str
    expires_in: int = int(SelectionToken.lifetime.total_seconds())


def otp_send(*, address: str, ip: str | None = None, purpose: str = SIGN_IN) -> OtpSent:
    """Make a code for a phone (E.164) or e-mail address and have it sent if someone here signs in with that.

    Raises OtpTooSoon, OtpTooMany, alike for known and unknown addresses; nothing is counted or changed then.
    """
    code = f"{secrets.randbelow(1_000_000):06d}"
    key = "email" if "@" in address else "phone"
    with caps.capped(), transaction.atomic():
        now = clock.now()
        challenge_put(address=address, purpose=purpose, code=code, now=now)
        caps.asking_count(address=address, purpose=purpose, ip=ip)
        sealed = seal(code, context=SEAL)
        is_known = User.objects.filter(**{key: address}).exclude(state=User.State.DEACTIVATED).exists()
        if is_known:
            to = {"phone": "", "email": ""} | {key: address}
            jobs.publish(OtpWanted(**to, code_sealed=sealed, purpose=purpose, expires_at=(now + LIFE).isoformat()))
        caps.spending_count(messages=int(is_known))
    caps.SENT.inc(int(is_known))
    return OtpSent()


def challenge_put(*, address: str, purpose: str, code: str | None, now: datetime) -> None:
    """Replace the live code, in one statement so that racing sends leave one; a send too soon changes nothing.

    A code sent more than a minute from now was sent before the clock was set back, and keeps nobody waiting. Without a
    code it only keeps sends to the address apart. Raises OtpTooSoon.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_otpchallenge AS live
                (id, address, purpose, code_hash, tries, sent_at, expires_at)
            VALUES (%(id)s, %(address)s, %(purpose)s, %(hash)s, 0, %(now)s, %(expires)s)
            ON CONFLICT (address, purpose) DO UPDATE SET
                id = EXCLUDED.id, code_hash = EXCLUDED.code_hash, tries = 0, selection = NULL,
                sent_at = EXCLUDED.sent_at, expires_at = EXCLUDED.expires_at
            WHERE live.sent_at NOT BETWEEN %(minute_ago)s AND %(minute_ahead)s
            RETURNING id
            """,
            {
                "id": (challenge := uuid7()),
                "address": address,
                "purpose": purpose,
                "hash": _hash(challenge=challenge, address=address, purpose=purpose, code=code),
                "now": now,
                "expires": now + LIFE,
                # Open at this end: exactly a minute is enough.
                "minute_ago": now - BETWEEN + timedelta.resolution,
                "minute_ahead": now + BETWEEN,
            },
        )
        if cursor.fetchone():
            return
    live = OtpChallenge.objects.get(address=address, purpose=purpose)
    wait = live.sent_at + BETWEEN - now
    raise OtpTooSoon(retry_after=max(int(wait.total_seconds()), 0) + 1)


def _hash(*, challenge: UUID, address: str, purpose: str, code: str | None) -> str | None:
    """HMAC of the code under the installation's pepper: useless at another business, address, purpose or sending."""
    if code is None:
        return None
    bound = f"{current().public_id}|{challenge}|{address}|{purpose}|{code}"
    return hmac.new(settings.OTP_PEPPER.encode(), bound.encode(), hashlib.sha256).hexdigest()


def otp_verify(
    *,
    address: str,
    code: str,
    second_factor: str | None = None,
    device: Device | None = None,
    profile: UUID | None = None,
    purpose: str = SIGN_IN,
) -> Tokens | ProfileChoice:
    """Trade a code for a sign-in, or for the choice among several profiles when `profile` names none.

    Raises OtpWrong (with `tries_left`), OtpVoid; ProfileUnknown for a foreign `profile`, FactorNeeded, FactorWrong and
    FactorLocked, which leave the code good.
    """
    challenge = _try(address=address, purpose=purpose, code=code)
    key = "email" if "@" in address else "phone"
    user = User.objects.filter(**{key: address}).exclude(state=User.State.DEACTIVATED).first()
    if user is None:  # a stranger's one in a million guess: nobody to sign in
        raise OtpWrong(tries_left=OtpChallenge.TRIES - challenge.tries)
    offered = _offered(user)
    picked = _pick(offered, profile)
    selection = uuid7() if picked is None and len(offered) > 1 else None
    if selection is None:
        factor_check(user=user.id, code=second_factor)
    with transaction.atomic():
        spent = OtpChallenge.objects.filter(id=challenge.id, code_hash=challenge.code_hash)
        if not spent.update(code_hash=None, selection=selection):
            raise OtpVoid
        caps.RIGHT.inc()
        if selection is None:
            return _start(user, picked, device)
    token = SelectionToken()
    token["jti"] = str(selection)
    token["sub"] = str(user.id)
    return ProfileChoice(profiles=offered, selection=str(token))


def _try(*, address: str, purpose: str, code: str) -> OtpChallenge:
    """Count a try, commit it, and only then compare: however many race, three codes are looked at.

    A code from before the clock was set back is void: by its end alone it would live far longer than five minutes.
    """
    now = clock.now()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_otpchallenge SET tries = tries + 1
            WHERE address = %s AND purpose = %s AND code_hash IS NOT NULL AND tries < %s AND expires_at > %s
              AND sent_at <= %s
            RETURNING id, code_hash, tries
            """,
            [address, purpose, OtpChallenge.TRIES, now, now + BETWEEN],
        )
        row = cursor.fetchone()
    if row is None:
        raise OtpVoid
    challenge = OtpChallenge(id=row[0], code_hash=row[1], tries=row[2])
    given = _hash(challenge=challenge.id, address=address, purpose=purpose, code=code)
    if given is None or not hmac.compare_digest(given, row[1]):
        raise OtpWrong(tries_left=OtpChallenge.TRIES - challenge.tries)
    return challenge


def profile_select(
    *, selection: str, profile: UUID, second_factor: str | None = None, device: Device | None = None
) -> Tokens:
    """Sign in for one of the profiles a right code offered. Raises TokenInvalid, TokenExpired, SelectionUsed; and
    ProfileUnknown, FactorNeeded, FactorWrong, FactorLocked, which leave the choice open."""
    token = SelectionToken.parse(selection)
    user = User.objects.filter(id=token.uuid("sub")).exclude(state=User.State.DEACTIVATED).first()
    if user is None:
        raise SelectionUsed
    picked = _pick(_offered(user), profile)
    factor_check(user=user.id, code=second_factor)
    with transaction.atomic():
        if not OtpChallenge.objects.filter(selection=token.uuid("jti")).update(selection=None):
            raise SelectionUsed
        return _start(user, picked, device)


def _offered(user: User) -> list[Profile]:
    """Everyone this person may come in as: themselves at work, if they hold a role, and the profiles of students."""
    at_work = user.role_assignments.exists()
    return [Profile(user.id, user.name, "self", "staff")] * at_work + profiles_of(user.id)


def _pick(offered: list[Profile], profile: UUID | None) -> Profile | None:
    if profile is None:
        return offered[0] if len(offered) == 1 else None
    picked = next((each for each in offered if each.id == profile), None)
    if picked is None:
        raise ProfileUnknown(field="profile")
    return picked


def _start(user: User, picked: Profile | None, device: Device | None) -> Tokens:
    # A right code proves as much as the link of an invitation does.
    User.objects.filter(id=user.id, state=User.State.INVITED).update(state=User.State.ACTIVE)
    student = picked.id if picked is not None and picked.kind == "student" else None
    return sign_in_start(user=user, device=device, student=student)


def otp_forget() -> int:
    """Blank every expired code and delete those of an hour ago; how many rows were touched."""
    now = clock.now()
    expired = OtpChallenge.objects.filter(expires_at__lte=now)
    blanked = expired.exclude(code_hash=None, selection=None).update(code_hash=None, selection=None)
    deleted, _ = expired.filter(sent_at__lte=now - KEPT).delete()
    return blanked + deleted
