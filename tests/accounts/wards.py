"""Students a person may act for, as rows of the people app."""

from datetime import date
from uuid import UUID

from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tenant_apps.people.models import Access, Branch, Student


def ward_make(business: Business, user: User, name: str, relation: str = "mother") -> UUID:
    """A student of the business for whom `user` may act; gives the student's id."""
    with tenant_scope(business):
        branch, _ = Branch.objects.get_or_create(code="MAIN", defaults={"name": "Main", "kind": "academy"})
        student = Student.objects.create(
            code=f"MAIN-{uuid7().hex[-12:]}",
            name=name,
            branch=branch,
            guardian_phone=user.phone,
            joined_on=date(2026, 4, 1),
        )
        Access.objects.create(user=user, student=student, relation=relation)
        return student.id
