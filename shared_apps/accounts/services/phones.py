"""Users found and made by phone number, many at a time: how the apps above link the people they know to sign-ins."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from ..models import User


def users_ensure(people: Mapping[str, str]) -> dict[str, UUID]:
    """Phone (E.164) → user, making those who are missing with the name given; in the caller's transaction.

    Two callers racing for one number end with the same user.
    """
    known = users_by_phone(people)
    missing = [number for number in sorted(people) if number not in known]
    if missing:
        User.objects.bulk_create(
            (User(phone=number, name=people[number], state=User.State.ACTIVE) for number in missing),
            ignore_conflicts=True,
        )
        known |= users_by_phone(missing)
    return known


def users_by_phone(phones: Iterable[str]) -> dict[str, UUID]:
    """Phone → user for those numbers someone signs in with."""
    return dict(User.objects.filter(phone__in=list(phones)).values_list("phone", "id"))  # type: ignore[arg-type]


def user_phones(users: Iterable[UUID]) -> dict[UUID, str]:
    """User → phone for those of them who have one."""
    return {user: phone for user, phone in User.objects.filter(id__in=list(users)).values_list("id", "phone") if phone}
