"""The reads of accounts: who is behind a token, whom an actor may see, who signed in where."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from kernel import clock
from kernel.http.actor import Actor, Support
from kernel.tenancy import current

from .actor_sql import NOW, REFRESH, SIGN_IN, signed_in
from .errors import SignedOut, TokenInvalid
from .models import RecoveryCode, RoleAssignment, SecondFactor, SignIn, SupportVisit, User
from .profiles import profiles_of
from .roles import NOT_FOR_SUPPORT, STUDENT, permissions_of, roles_of
from .tokens import AccessToken, EnrolmentToken, SessionToken


def actor_by_token(text: str) -> Actor:
    """Who shows this access token, with roles and profiles as they are now. One query.

    Raises TokenInvalid, TokenExpired, SignedOut.
    """
    return actor_of(AccessToken.parse(text).uuid("sid"))


def actor_by_session(text: str) -> Actor:
    """Who shows this session's cookie, as `actor_by_token`. Raises TokenInvalid, TokenExpired, SignedOut."""
    token = SessionToken.parse(text)
    return actor_of(token.uuid("sid"), refresh=token.uuid("jti"))


def actor_by_enrolment(text: str) -> Actor:
    """Who set out to enrol a second factor; may nothing that asks for a permission. Raises TokenInvalid, TokenExpired."""
    token = EnrolmentToken.parse(text)
    user = User.objects.filter(id=token.uuid("sub"), state=User.State.ACTIVE, second_factor__confirmed_at=None).first()
    if user is None or token.get("was") != user.fingerprint:
        raise TokenInvalid
    return Actor(kind="admin" if current().is_platform else "staff", user_id=user.id)


def actor_of(sign_in: UUID, *, refresh: UUID | None = None) -> Actor:
    """Who is signed in on this device; with `refresh`, only while that is what the sign-in goes by.

    Raises SignedOut when the sign-in or the person's account has ended.
    """
    platform = current().is_platform
    told = signed_in(
        {SIGN_IN: sign_in, NOW: clock.now(), REFRESH: refresh}, platform=platform, refreshed=refresh is not None
    )
    if told is None:
        raise SignedOut
    if (actor := _told_all(told, platform=platform)) is not None:
        return actor
    row = orjson.loads(told)
    return _actor(row, platform=platform) if row["ends_at"] is None else _support_actor(row)


@lru_cache(maxsize=4096)
def _told_all(told: str, *, platform: bool) -> Actor | None:
    """The actor, where what `signed_in` found says all there is to say. Remembered, as most requests find the same."""
    row = orjson.loads(told)
    is_all = row["ends_at"] is None and (row["kind"] != SignIn.Kind.STUDENT or "profiles" in row)
    return _actor(row, platform=platform) if is_all else None


def _actor(row: dict[str, Any], *, platform: bool) -> Actor:
    """Of what `signed_in` found."""
    user, sign_in = UUID(row["user"]), UUID(row["id"])
    if row["kind"] == SignIn.Kind.STUDENT:
        students = frozenset(map(UUID, row["profiles"]) if "profiles" in row else [one.id for one in profiles_of(user)])
        student = row["student"] and UUID(row["student"])
        return Actor(
            kind="student",
            user_id=user,
            sign_in=sign_in,
            roles=(STUDENT,),
            students=students,
            student=student if student in students else None,
            permissions=permissions_of((STUDENT,)),
        )
    known = roles_of(platform=platform)
    held = [each for each in row["held"] if each["role"] in known]
    roles = tuple(dict.fromkeys(each["role"] for each in held))
    everywhere = any(each["branch"] is None for each in held)
    return Actor(
        kind=row["kind"],
        user_id=user,
        sign_in=sign_in,
        roles=roles,
        branches=None if everywhere else frozenset(UUID(each["branch"]) for each in held),
        permissions=permissions_of(roles),
    )


def _support_actor(row: dict[str, Any]) -> Actor:
    """The owner in whose place the operator's support acts, without what is the owner's alone."""
    visit = SupportVisit.objects.filter(sign_in=row["id"], ended_at=None).first()
    if visit is None:
        raise SignedOut
    actor = _actor(row, platform=current().is_platform)
    return replace(
        actor,
        permissions=actor.permissions - NOT_FOR_SUPPORT,
        support=Support(visit.admin, visit.admin_name, visit.reason, visit.ends_at),
    )


def support_visits() -> QuerySet[SupportVisit]:
    """Every visit of the operator's support here, newest first."""
    return SupportVisit.objects.order_by("-id")


def users_shown() -> QuerySet[User]:
    """Everyone who can sign in here, with `roles` as [{role, branch}]."""
    return User.objects.annotate(
        roles=ArraySubquery(
            RoleAssignment.objects.filter(user=OuterRef("id"))
            .order_by("role", "branch")
            .values(json=JSONObject(role="role", branch="branch"))
        )
    )


def users_visible(actor: Actor) -> QuerySet[User]:
    """Those of them who hold a role, cut to the actor's branches; students are listed by the people app."""
    held = RoleAssignment.objects.filter(user=OuterRef("id"))
    if actor.branches is not None:
        held = held.filter(branch__in=actor.branches)
    return users_shown().filter(Exists(held))


def staff_seen(actor: Actor) -> QuerySet[User]:
    """`users_visible` with `seen_at`, when each was last here."""
    last = SignIn.objects.filter(user=OuterRef("id")).order_by("-seen_at").values("seen_at")[:1]
    return users_visible(actor).annotate(seen_at=Subquery(last))


def users_seen(users: QuerySet[User]) -> QuerySet[User]:
    """Those users with `seen_at`, when they were last here, and `has_factor`, whether a second factor is on."""
    latest = SignIn.objects.filter(user=OuterRef("id")).order_by("-seen_at").values("seen_at")[:1]
    factor = SecondFactor.objects.filter(user=OuterRef("id"), confirmed_at__isnull=False)
    return users.annotate(seen_at=Subquery(latest), has_factor=Exists(factor))


def users_promotable(actor: Actor) -> QuerySet[User]:
    """Those who hold no role, such as a parent or a student, for whoever may add users."""
    held = RoleAssignment.objects.filter(user=OuterRef("id"))
    people = users_shown().filter(~Exists(held), state=User.State.ACTIVE)
    return people if actor.can("users.add") else people.none()


def users_holding(users: QuerySet[User], role: str) -> QuerySet[User]:
    """Those among `users` who hold `role`, wherever."""
    return users.filter(Exists(RoleAssignment.objects.filter(user=OuterRef("id"), role=role)))


def second_factor_of(user_id: UUID) -> SecondFactor | None:
    """The second factor a person signs in with, when it is on."""
    return SecondFactor.objects.filter(user_id=user_id, confirmed_at__isnull=False).first()


def recovery_codes_left(user_id: UUID) -> int:
    """How many recovery codes a person has not used."""
    return RecoveryCode.objects.filter(factor_id=user_id, used_at=None).count()


def user_by_id(user_id: UUID) -> User | None:
    """A person of this business."""
    return User.objects.filter(id=user_id).first()


def user_by_phone(phone: str) -> User | None:
    """Who signs in with this number (E.164) here, whatever their state."""
    return User.objects.filter(phone=phone).first()


def user_by_email(email: str) -> User | None:
    """Who signs in with this address here, whatever their state."""
    return User.objects.filter(email=email.strip().lower()).first()


def users_with_role(role: str, *, branch: UUID | None = None) -> QuerySet[User]:
    """Active people who hold `role`; with `branch`, those whose role reaches there."""
    held = RoleAssignment.objects.filter(user=OuterRef("id"), role=role)
    if branch is not None:
        held = held.filter(Q(branch=branch) | Q(branch=None))
    return User.objects.filter(Exists(held), state=User.State.ACTIVE)


def sign_ins_live(user_id: UUID) -> QuerySet[SignIn]:
    """The devices a person is signed in on."""
    return SignIn.objects.filter(user_id=user_id, ended_at=None, expires_at__gt=clock.now())


def users_count() -> int:
    """How many people can sign in here, staff and students together."""
    return User.objects.filter(state=User.State.ACTIVE).count()


def staff_count() -> int:
    """How many active people hold a role here."""
    return User.objects.filter(
        Exists(RoleAssignment.objects.filter(user=OuterRef("id"))), state=User.State.ACTIVE
    ).count()


def seen_last() -> datetime | None:
    """When anybody of this business last did something, signed in; the operator's support does not count."""
    seen: datetime | None = SignIn.objects.filter(support=None).aggregate(last=Max("seen_at"))["last"]
    return seen
