"""Branches and students for tests, made through the services, so with codes, sign-ins and quota."""

from uuid import UUID

import factory

from kernel import quotas
from kernel.tenancy import Business, tenant_scope
from tenant_apps.people import services
from tenant_apps.people.drafts import draft_of
from tenant_apps.people.models import Branch, Student
from tests.support.people import phone_make


class BranchFacts(factory.DictFactory):
    """What `branch_create` is told."""

    code = factory.Sequence(lambda number: f"B{number + 1}")
    name = factory.LazyAttribute(lambda facts: f"Branch {facts.code}")
    kind = "library"
    city = "Pune"


class StudentFacts(factory.DictFactory):
    """What a form or a row of a file says of a student."""

    name = "Kavya Nair"
    phone = factory.LazyFunction(phone_make)


def limits_set(business: Business, *, students: int = 20_000, libraries: int = 100) -> None:
    with tenant_scope(business):
        quotas.set_limits(
            {
                "students": quotas.Limit(students, "enterprise"),
                "libraries": quotas.Limit(libraries, "enterprise"),
            }
        )


def branch_make(business: Business, **facts: str) -> Branch:
    """A branch of a business whose limits are generous unless they were set before."""
    with tenant_scope(business):
        if not quotas.usage():
            limits_set(business)
        return services.branch_create(**BranchFacts(**facts))


def student_make(business: Business, branch: Branch, **facts: str) -> Student:
    with tenant_scope(business):
        return services.student_create(draft=draft_of(StudentFacts(**facts)), branch=branch)


def user_of(business: Business, student: Student) -> UUID:
    """Whoever signs in with the student's own number."""
    from shared_apps.accounts.services.phones import users_by_phone

    with tenant_scope(business):
        return users_by_phone([student.phone])[student.phone]
