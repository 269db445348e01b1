"""Who is asking: the frozen value every request, socket and job carries in place of a user row."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

if TYPE_CHECKING:
    from rest_framework.request import Request

Kind = Literal["admin", "staff", "student", "job", "vendor", "nobody"]


@dataclass(frozen=True, slots=True)
class Support:
    """Who of the operator's people acts in a tenant's owner's place, why, and until when; `admin` is theirs, not ours."""

    admin: UUID
    name: str
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller and what they may do.

    `branches` is None for all branches; `students` are the profiles this sign-in may act for and `student` the picked
    one. `permissions` are names such as `people.view`; a caller without a name in it is refused. With `support`, the
    operator's support acts in this person's place.
    """

    kind: Kind
    user_id: UUID | None = None
    sign_in: UUID | None = None
    roles: tuple[str, ...] = ()
    branches: frozenset[UUID] | None = None
    students: frozenset[UUID] = frozenset()
    student: UUID | None = None
    permissions: frozenset[str] = frozenset()
    support: Support | None = None

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody signed in stands behind the call."""
        return self.kind != "nobody"

    @property
    def name(self) -> str:
        """A stable name for logs, audit and counters: `staff:0192…`, `support:0192…`, `job`, `nobody`."""
        if self.support:
            return f"support:{self.support.admin}"
        return f"{self.kind}:{self.user_id}" if self.user_id else self.kind

    def can(self, permission: str) -> bool:
        """Whether the caller's roles give this permission."""
        return permission in self.permissions


NOBODY = Actor(kind="nobody")


def actor_of(request: "Request") -> Actor:
    """Who makes this request; `ApiView` has put an Actor there."""
    return cast(Actor, request.user)
