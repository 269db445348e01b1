"""Branches and students for tests, made through the services, so with codes, sign-ins and quota."""

import itertools
from uuid import UUID

from kernel import quotas
from kernel.tenancy import Business, tenant_scope
from tenant_apps.people import services
from tenant_apps.people.drafts import draft_of
from tenant_apps.people.models import Branch, Student
from tests.support.people import phone_make

_codes = itertools.count(1)


def limits_set(business: Business, *, students: int = 20_000, libraries: int = 100) -> None:
    with tenant_scope(business):
        quotas.set_limits(
            {
                "students": quotas.Limit(students, "enterprise"),
                "libraries": quotas.Limit(libraries, "enterprise"),
            }
        )


def branch_make(
    business: Business, *, code: str = "", kind: str = "library", city: str = "Pune", **more: str
) -> Branch:
    """A branch of a business whose limits are generous unless they were set before."""
    with tenant_scope(business):
        if not quotas.usage():
            limits_set(business)
        code = code or f"B{next(_codes)}"
        return services.branch_create(name=f"Branch {code}", code=code, kind=kind, city=city, **more)


def student_make(
    business: Business, branch: Branch, *, name: str = "Kavya Nair", phone: str = "", **more: str
) -> Student:
    with tenant_scope(business):
        draft = draft_of({"name": name, "phone": phone or phone_make(), **more})
        return services.student_create(draft=draft, branch=branch)


def user_of(business: Business, student: Student) -> UUID:
    """Whoever signs in with the student's own number."""
    from shared_apps.accounts.services.phones import users_by_phone

    with tenant_scope(business):
        return users_by_phone([student.phone])[student.phone]
