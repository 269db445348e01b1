"""Sign-ins: started by a proof, kept by rotating refresh tokens, ended once for tokens, session and sockets alike."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.hashers import make_password

from kernel import clock
from kernel.ids import uuid7
from kernel.tenancy import current

from ..errors import CredentialsWrong, ProfileUnknown, SignedOut
from ..models import SignIn, User
from ..profiles import profiles_of
from ..tokens import AccessToken, EnrolmentToken, RefreshToken
from .attempts import attempt_count, attempts_forget
from .ending import rows_end
from .second_factor import factor_check, factor_is_on, factor_required


@dataclass(frozen=True, slots=True)
class Device:
    """What a person signs in on: the name their client gives, and the address the proxy saw."""

    name: str = ""
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair for one sign-in; `expires_in` is the access token's life in seconds, `is_new` whether it made the user."""

    access: str
    refresh: str
    sign_in: UUID
    expires_in: int = int(AccessToken.lifetime.total_seconds())
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class EnrolmentDue:
    """The password was right, and a second factor must be set up first: `token` opens that within `expires_in` s."""

    token: str
    expires_in: int = int(EnrolmentToken.lifetime.total_seconds())


def sign_in_start(*, user: User, device: Device | None = None, student: UUID | None = None) -> Tokens:
    """Sign `user` in on `device`, as an admin or member of staff, or for the profile `student`.

    Whoever holds no role is a student even without a profile: they see only what is theirs, which is nothing yet.
    """
    device = device or Device()
    now = clock.now()
    kind = SignIn.Kind.STUDENT
    if student is None and user.role_assignments.exists():
        kind = SignIn.Kind.ADMIN if current().is_platform else SignIn.Kind.STAFF
    row = SignIn.objects.create(
        user=user,
        kind=kind,
        student=student,
        device=device.name[:200],
        ip=device.ip,
        created_at=now,
        seen_at=now,
        expires_at=now + RefreshToken.lifetime,
    )
    return _pair(row, refresh=row.refresh)


def _pair(row: SignIn, *, refresh: UUID) -> Tokens:
    access, next_refresh = AccessToken(), RefreshToken()
    for token in (access, next_refresh):
        token["sub"] = str(row.user_id)
        token["sid"] = str(row.id)
        token["kind"] = row.kind
    next_refresh["jti"] = str(refresh)
    return Tokens(access=str(access), refresh=str(next_refresh), sign_in=row.id)


def login(
    *,
    email: str,
    password: str,
    second_factor: str | None = None,
    device: Device | None = None,
    profile: UUID | None = None,
) -> Tokens | EnrolmentDue:
    """Sign in by e-mail and password, and by a code of the second factor when that is on.

    Staff come in as staff; a student with one profile comes in for it, with several must name it. Where a second factor
    is required and not yet on, the answer is leave to set it up. Raises CredentialsWrong, LoginLocked; FactorNeeded,
    FactorWrong, FactorLocked; ProfileUnknown for a foreign `profile`.
    """
    email = email.strip().lower()
    attempt_count(subject=email)
    user = User.objects.filter(email=email).first()
    # A hash is computed for strangers too, so that the time of the answer does not tell who has an account.
    if user is None or not user.password:
        make_password(password)
        right = False
    else:
        right = user.check_password(password)
    if user is None or not right or user.state != User.State.ACTIVE:
        raise CredentialsWrong
    attempts_forget(subject=email)
    if factor_required() and not factor_is_on(user.id):
        return EnrolmentDue(token=_enrolment_token(user))
    student = _student_for(user, profile)
    factor_check(user=user.id, code=second_factor)
    return sign_in_start(user=user, device=device, student=student)


def _enrolment_token(user: User) -> str:
    token = EnrolmentToken()
    token["sub"] = str(user.id)
    token["was"] = user.fingerprint
    return str(token)


def _student_for(user: User, profile: UUID | None) -> UUID | None:
    if profile is None and (current().is_platform or user.role_assignments.exists()):
        return None
    mine = [each.id for each in profiles_of(user.id)]
    if profile is None:
        return mine[0] if len(mine) == 1 else None
    if profile not in mine:
        raise ProfileUnknown(field="profile")
    return profile


def sign_in_refresh(*, refresh: str, device: Device | None = None) -> Tokens:
    """Swap a refresh token for a new pair. Raises TokenInvalid, TokenExpired, SignedOut.

    Each refresh token counts once. Seeing an old one again means that two parties hold the family, and nobody can say
    which is the thief: the sign-in ends.
    """
    token = RefreshToken.parse(refresh)
    sign_in, old, new, now = token.uuid("sid"), token.uuid("jti"), uuid7(), clock.now()
    changes = {"refresh": new, "seen_at": now, "expires_at": now + RefreshToken.lifetime}
    if device is not None and device.ip:
        changes["ip"] = device.ip
    # One table in the condition: with a join Django would update by a sub-select, which a racer's commit does not redo.
    live = SignIn.objects.filter(id=sign_in, ended_at=None, ends_at=None)
    if live.filter(refresh=old).update(**changes):
        row = SignIn.objects.filter(id=sign_in, user__state=User.State.ACTIVE).first()
        if row is None:
            raise SignedOut
        return _pair(row, refresh=new)
    rows_end(live, because="reuse")
    raise SignedOut
