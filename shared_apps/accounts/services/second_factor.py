"""The second factor: an authenticator app's six digits (RFC 6238), or one of ten recovery codes for the day it is lost.

Platform admins must have one, everyone else may. A code is good for its half minute and the ones beside it, and once:
steps only move on. Tries are counted before they are looked at, like guesses at passwords.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pyotp
from django.conf import settings
from django.db import transaction

from kernel import audit, clock
from kernel.observe.context import not_for_support
from kernel.sealing import seal, unseal
from kernel.tenancy import current

from ..errors import FactorAbsent, FactorLocked, FactorNeeded, FactorOn, FactorWrong
from ..models import RecoveryCode, SecondFactor, User
from .attempts import attempt_count, attempts_forget
from .ending import sign_ins_end

STEP_S = 30
DRIFT = 1
WINDOW = timedelta(minutes=15)
RECOVERY_CODES = 10
_HALF = 5
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS = re.compile(r"[0-9]{6}\Z")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the app is to keep: `secret` in base 32 for typing, `uri` (otpauth://) for a QR code. Shown once."""

    secret: str
    uri: str


def factor_required() -> bool:
    """Whether nobody works here without a second factor."""
    return current().is_platform


def factor_is_on(user: UUID) -> bool:
    """Whether signing in as this person takes a code."""
    return SecondFactor.objects.filter(user_id=user, confirmed_at__isnull=False).exists()


def factor_enrol(*, user: UUID) -> Enrolment:
    """Make a new secret, which asks for nothing until it is confirmed; an earlier unconfirmed one is dropped.

    Raises FactorOn.
    """
    not_for_support()
    secret = pyotp.random_base32()
    with transaction.atomic():
        person = User.objects.select_for_update().get(id=user)
        if factor_is_on(user):
            raise FactorOn
        facts = {"secret": seal(secret, context=_context(user)), "step": 0, "created_at": clock.now()}
        SecondFactor.objects.update_or_create(user=person, defaults=facts)
    return _enrolment(person, secret)


def factor_enrolment(*, user: UUID) -> Enrolment:
    """The secret once more, until it is confirmed: a first code may be mistyped. Raises FactorAbsent, FactorOn."""
    not_for_support()
    factor = SecondFactor.objects.select_related("user").filter(user_id=user).first()
    if factor is None:
        raise FactorAbsent
    if factor.confirmed_at is not None:
        raise FactorOn
    return _enrolment(factor.user, unseal(factor.secret, context=_context(user)))


def _enrolment(person: User, secret: str) -> Enrolment:
    name = person.email or person.phone or str(person.id)
    return Enrolment(secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=current().name))


def factor_confirm(*, user: UUID, code: str) -> list[str]:
    """Turn the factor on by a first code of the app; gives the recovery codes, which are told this once.

    Raises FactorOn, FactorAbsent, FactorWrong, FactorLocked.
    """
    not_for_support()
    factor = SecondFactor.objects.filter(user_id=user).first()
    if factor is None:
        raise FactorAbsent
    if factor.confirmed_at is not None:
        raise FactorOn
    _count(user)
    step = _step_of(factor, _plain(code))
    if step is None:
        raise FactorWrong
    with transaction.atomic():
        pending = SecondFactor.objects.filter(user_id=user, secret=factor.secret, confirmed_at=None)
        if not pending.update(confirmed_at=clock.now(), step=step):
            raise FactorOn
        codes = _codes_put(factor)
        _audit("accounts.factor_confirm", user)
    attempts_forget(subject=_subject(user))
    return codes


def factor_seed(*, user: UUID) -> str:
    """Set up and confirm a factor without its person, on development stacks; gives the secret for their app."""
    secret = factor_enrol(user=user).secret
    # The code before the present one, which is theirs to use.
    step = int(clock.now().timestamp()) // STEP_S - 1
    factor_confirm(user=user, code=pyotp.TOTP(secret).generate_otp(step))
    return secret


def factor_check(*, user: UUID, code: str | None) -> None:
    """Let a sign-in pass whose person has no second factor, or gives a code of theirs, which is spent.

    Raises FactorNeeded, FactorWrong, FactorLocked. Outside a transaction: tries are committed one by one.
    """
    factor = SecondFactor.objects.filter(user_id=user, confirmed_at__isnull=False).first()
    if factor is None:
        return
    if not code:
        raise FactorNeeded
    _spend(factor, code)


def factor_disable(*, user: UUID, code: str) -> None:
    """Turn the factor off by a code. Where one is required that ends every sign-in: the next begins with enrolment.

    Raises FactorAbsent, FactorWrong, FactorLocked.
    """
    not_for_support()
    factor = _on(user)
    _spend(factor, code)
    with transaction.atomic():
        if SecondFactor.objects.filter(user_id=user, secret=factor.secret).delete()[0]:
            _audit("accounts.factor_disable", user)
            if factor_required():
                sign_ins_end(user=user, because="second_factor")


def factor_forget(*, user: UUID) -> bool:
    """Take the factor from someone who has lost app and recovery codes, and end their sign-ins. False when none is on.

    For whoever may run commands at the server: no door leads here.
    """
    with transaction.atomic():
        if not SecondFactor.objects.filter(user_id=user).delete()[0]:
            return False
        sign_ins_end(user=user, because="second_factor")
        _audit("accounts.factor_forget", user)
    return True


def recovery_codes_renew(*, user: UUID, code: str) -> list[str]:
    """Ten new recovery codes in place of all others, for a code. Raises FactorAbsent, FactorWrong, FactorLocked."""
    not_for_support()
    factor = _on(user)
    _spend(factor, code)
    with transaction.atomic():
        if not SecondFactor.objects.select_for_update().filter(user_id=user, secret=factor.secret).exists():
            raise FactorAbsent
        factor.recovery_codes.all().delete()
        codes = _codes_put(factor)
        _audit("accounts.recovery_codes_renew", user)
    return codes


def _on(user: UUID) -> SecondFactor:
    factor = SecondFactor.objects.filter(user_id=user, confirmed_at__isnull=False).first()
    if factor is None:
        raise FactorAbsent
    return factor


def _spend(factor: SecondFactor, code: str) -> None:
    """Count the try, then use the code up by a conditional UPDATE: of racers with one code, one passes."""
    _count(factor.user_id)
    given = _plain(code)
    if _DIGITS.match(given):
        step = _step_of(factor, given)
        mine = SecondFactor.objects.filter(user_id=factor.user_id, secret=factor.secret)
        is_right = step is not None and mine.filter(step__lt=step).update(step=step) > 0
    else:
        with transaction.atomic():
            unused = RecoveryCode.objects.filter(factor=factor, code_hash=_hash(factor.user_id, given), used_at=None)
            is_right = unused.update(used_at=clock.now()) > 0
            if is_right:
                _audit("accounts.recovery_code_use", factor.user_id)
    if not is_right:
        raise FactorWrong
    attempts_forget(subject=_subject(factor.user_id))


def _step_of(factor: SecondFactor, digits: str) -> int | None:
    """The step these digits are the code of, among the present one and its neighbours."""
    app = pyotp.TOTP(unseal(factor.secret, context=_context(factor.user_id)), interval=STEP_S)
    now = int(clock.now().timestamp()) // STEP_S
    steps = [
        step for step in range(now - DRIFT, now + DRIFT + 1) if hmac.compare_digest(app.generate_otp(step), digits)
    ]
    # Neighbours may share their six digits: the later one counts, so that the same digits never come in twice.
    return max(steps, default=None)


def _codes_put(factor: SecondFactor) -> list[str]:
    plain = ["".join(secrets.choice(_ALPHABET) for _ in range(2 * _HALF)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(factor=factor, code_hash=_hash(factor.user_id, code)) for code in plain
    )
    return [f"{code[:_HALF]}-{code[_HALF:]}" for code in plain]


def _plain(code: str) -> str:
    """A code as it is kept: people type spaces, dashes and capitals."""
    return re.sub(r"[\s-]", "", code).lower()


def _hash(user: UUID, code: str) -> str:
    """HMAC under the installation's pepper: useless at another business or for another person."""
    bound = f"{current().public_id}|recovery|{user}|{code}"
    return hmac.new(settings.OTP_PEPPER.encode(), bound.encode(), hashlib.sha256).hexdigest()


def _count(user: UUID) -> None:
    attempt_count(subject=_subject(user), window=WINDOW, refusal=FactorLocked)


def _subject(user: UUID) -> str:
    return f"second_factor:{user}"


def _context(user: UUID) -> str:
    return f"accounts.second_factor:{user}"


def _audit(action: str, user: UUID) -> None:
    audit.record(action=action, subject_type="user", subject_id=str(user), changes={})
