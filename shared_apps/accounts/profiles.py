"""The seam through which the apps above say whom a person may act for; accounts itself knows no students.

A tenant's people app registers two functions at start-up. Both are asked inside the business's scope:

- `listed(user_id) -> list[Profile]`: what is offered after a code was right.
- `ids(user) -> QuerySet`: the same as a queryset of one column of ids, for an `OuterRef` to the user's id, so that a
  request's profiles are loaded by the very query that checks its token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kernel.tenancy import current


@dataclass(frozen=True, slots=True)
class Profile:
    """Someone a sign-in may act for. `relation`: self, mother, father, guardian. `kind`: student, or staff for the
    person's own place of work."""

    id: UUID
    name: str
    relation: str
    kind: str = "student"


_listed: Callable[[UUID], list[Profile]] | None = None
_ids: Callable[[Any], QuerySet] | None = None


def register(listed: Callable[[UUID], list[Profile]], *, ids: Callable[[Any], QuerySet] | None = None) -> None:
    """Called once, from the `ready` of the app that owns the profiles."""
    global _listed, _ids
    _listed, _ids = listed, ids


def profiles_of(user_id: UUID) -> list[Profile]:
    """Whom this person may act for; nobody on the platform's own host."""
    return [] if _listed is None or current().is_platform else _listed(user_id)


def ids_query(user: Any) -> QuerySet | None:
    """The provider's queryset of ids for `user` (an OuterRef), or None where there is none to ask."""
    return None if _ids is None or current().is_platform else _ids(user)
