"""People who sign in and the roles they hold: made, invited, changed and deactivated, with every step audited."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from kernel import audit
from kernel.http.actor import Actor
from kernel.observe.context import not_for_support
from kernel.phone import phone as e164
from kernel.tenancy import current

from ..errors import EmailTaken, LastOwner, NotYourself, PhoneTaken, RoleAboveYours, RolesUneven, RoleUnknown
from ..models import RoleAssignment, User
from ..roles import highest, roles_of
from ..tokens import PasswordToken
from .ending import sign_ins_end
from .passwords import link_publish, password_check


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role in one branch, or in all when `branch` is None."""

    role: str
    branch: UUID | None = None


def user_create(
    *,
    name: str = "",
    phone: str | None = None,
    email: str | None = None,
    password: str | None = None,
    roles: Iterable[RoleHeld] = (),
    state: str = User.State.ACTIVE,
    by: Actor | None = None,
) -> User:
    """Make someone who can sign in by phone, by e-mail or both.

    Raises PhoneInvalid, PhoneTaken, EmailTaken, RoleUnknown, PasswordWeak, and RoleAboveYours when `by` (None: the
    product itself) may not give these roles; nothing is written then.
    """
    held = _judged(roles)
    if held:
        not_for_support()
    _refuse_above(by=by, roles=held)
    user = User(
        name=name.strip(),
        phone=e164(phone) if phone else None,
        email=email.strip().lower() if email else None,
        state=state,
    )
    if password is not None:
        password_check(password=password, user=user)
        user.set_password(password)
    with transaction.atomic():
        _save(user, force_insert=True)
        RoleAssignment.objects.bulk_create(RoleAssignment(user=user, role=h.role, branch=h.branch) for h in held)
        audit.record(
            action="accounts.user_create",
            subject_type="user",
            subject_id=str(user.id),
            changes={"roles": [[], _names(held)]},
        )
    return user


def staff_invite(
    *,
    email: str,
    name: str,
    roles: Iterable[RoleHeld],
    phone: str | None = None,
    by: Actor | None = None,
) -> User:
    """Make an invited member of staff and have them mailed a link to choose a password, good for seven days.

    Inviting someone who was invited and has not come sends a new link and takes the new roles. Raises as `user_create`.
    """
    not_for_support()
    held = _judged(roles)
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email, state=User.State.INVITED).first()
        if user is None:
            user = user_create(name=name, phone=phone, email=email, roles=held, state=User.State.INVITED, by=by)
        else:
            roles_set(user=user, roles=held, by=by)
        link_publish(user=user, reason="invite", life=PasswordToken.invitation)
    return user


def user_change(
    *,
    user: User,
    by: Actor | None = None,
    roles: Iterable[RoleHeld] | None = None,
    unless: Callable[[], None] | None = None,
    **changes: Any,
) -> User:
    """Change `name`, `phone`, `email`, `state` (active brings a deactivated person back) and `roles`.

    `unless` is called under the person's lock before anything changes, and may refuse by raising. Raises PhoneInvalid,
    PhoneTaken, EmailTaken, RoleUnknown, RolesUneven, RoleAboveYours, LastOwner; NotYourself for one's own roles.
    """
    not_for_support()
    if changes.get("phone"):
        changes["phone"] = e164(changes["phone"])
    if changes.get("email"):
        changes["email"] = changes["email"].strip().lower()
    with transaction.atomic():
        user = User.objects.select_for_update().get(id=user.id)
        _refuse_above(by=by, of=user)
        if unless is not None:
            unless()
        moved = {name: [getattr(user, name), new] for name, new in changes.items() if getattr(user, name) != new}
        for name, (_, new) in moved.items():
            setattr(user, name, new)
        if moved:
            _save(user, update_fields=list(moved))
            audit.record(action="accounts.user_change", subject_type="user", subject_id=str(user.id), changes=moved)
        if roles is not None:
            roles_set(user=user, roles=roles, by=by)
    return user


def profile_change(*, user: UUID, name: str) -> None:
    """One's own name; what one signs in with is changed by whoever may change users."""
    not_for_support()
    User.objects.filter(id=user).update(name=name.strip())


def roles_set(*, user: User, roles: Iterable[RoleHeld], by: Actor | None = None) -> None:
    """Make `roles` the roles this person holds. They count from their next request on, without a new sign-in.

    Raises RoleUnknown, RoleAboveYours, LastOwner; NotYourself when `by` is the person themselves.
    """
    not_for_support()
    held = _judged(roles)
    with transaction.atomic():
        _refuse_above(by=by, of=user)
        _keep_highest(user=user, still_held=RoleHeld(highest(platform=current().is_platform)) in held)
        rows = RoleAssignment.objects.filter(user=user)
        before = [RoleHeld(row.role, row.branch) for row in rows.order_by("role", "branch")]
        if set(before) == set(held):
            return
        if by is not None and by.user_id == user.id:
            raise NotYourself(field="roles")
        _refuse_above(by=by, roles=held)
        rows.delete()
        RoleAssignment.objects.bulk_create(RoleAssignment(user=user, role=h.role, branch=h.branch) for h in held)
        audit.record(
            action="accounts.roles_set",
            subject_type="user",
            subject_id=str(user.id),
            changes={"roles": [_names(before), _names(held)]},
        )


def user_deactivate(*, user: User, by: Actor | None = None) -> None:
    """Shut someone out: every sign-in ends at once; the row stays, for what they did still names them.

    Raises NotYourself, RoleAboveYours, LastOwner. Deactivating twice is no error.
    """
    not_for_support()
    if by is not None and by.user_id == user.id:
        raise NotYourself
    with transaction.atomic():
        user = User.objects.select_for_update().get(id=user.id)
        _refuse_above(by=by, of=user)
        _keep_highest(user=user, still_held=False)
        changed = User.objects.filter(id=user.id).exclude(state=User.State.DEACTIVATED)
        if changed.update(state=User.State.DEACTIVATED):
            audit.record(
                action="accounts.user_deactivate",
                subject_type="user",
                subject_id=str(user.id),
                changes={"state": [user.state, User.State.DEACTIVATED]},
            )
        sign_ins_end(user=user.id, because="deactivated")


def _keep_highest(*, user: User, still_held: bool) -> None:
    """Refuse to take the highest role from its last active holder."""
    top = RoleAssignment.objects.filter(role=highest(platform=current().is_platform), branch=None)
    # Locked in one order for everyone; read again afterwards, for whoever held the locks may have changed the answer.
    list(top.select_for_update(of=("self",)).order_by("id").values_list("id"))
    holders = set(top.filter(user__state=User.State.ACTIVE).values_list("user_id", flat=True))
    if holders == {user.id} and not still_held:
        raise LastOwner


def _refuse_above(*, by: Actor | None, roles: Iterable[RoleHeld] = (), of: User | None = None) -> None:
    """Refuse what is above the one who asks: the highest role, and roles outside their branches, given or touched."""
    if by is None:
        return
    touched = list(roles)
    if of is not None:
        touched += [RoleHeld(row.role, row.branch) for row in of.role_assignments.all()]
    top = highest(platform=current().is_platform)
    if top not in by.roles and any(held.role == top for held in touched):
        raise RoleAboveYours(f"Only who is {top} can do this.", field="roles")
    if by.branches is not None and any(held.branch not in by.branches for held in touched):
        raise RoleAboveYours("That reaches beyond your branches.", field="roles")


def _judged(roles: Iterable[RoleHeld]) -> list[RoleHeld]:
    known = roles_of(platform=current().is_platform)
    held = list(dict.fromkeys(roles))
    branches: dict[str, set[UUID | None]] = {}
    for each in held:
        if each.role not in known:
            raise RoleUnknown(f"There is no role {each.role!r} here.", field="roles", roles=list(known))
        branches.setdefault(each.role, set()).add(each.branch)
    # An actor carries permissions and branches apart; a manager here who minds the desk there must not manage there.
    if any(places != branches[held[0].role] for places in branches.values()):
        raise RolesUneven(field="roles")
    return held


def _names(roles: Iterable[RoleHeld]) -> list[str]:
    return sorted(f"{held.role}@{held.branch}" if held.branch else held.role for held in roles)


def _save(user: User, **how: Any) -> None:
    try:
        with transaction.atomic():
            user.save(**how)
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint == "accounts_user_phone_once":
            raise PhoneTaken(field="phone", user=_id_of(phone=user.phone)) from error
        if constraint == "accounts_user_email_once":
            raise EmailTaken(field="email", user=_id_of(email=user.email)) from error
        raise


def _id_of(**address: str | None) -> UUID | None:
    return User.objects.filter(**address).values_list("id", flat=True).first()
