"""The pages of staff and branches: invited, given roles, shut out; the last owner stays."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import RoleAssignment, User
from tenant_apps.people import rights
from tenant_apps.people.models import Branch
from tests.support.factories.people import branch_make
from tests.support.people import staff, user_make
from tests.support.queue import empty_queue

__all__ = ["empty_queue"]


def test_invited_given_other_roles_and_shut_out(academy: Business) -> None:
    branch = branch_make(academy)
    owner = staff(academy)
    given = {"name": "Neha Gupta", "email": "neha@example.in", "phone": "", "roles": "teacher", "branches": branch.id}
    assert owner.page("POST", "/settings/staff/invite", given).status_code == 302
    jobs.drain()
    with tenant_scope(academy):
        person = User.objects.get(email="neha@example.in")
        assert person.state == "invited"
        assert list(person.role_assignments.values_list("role", "branch")) == [("teacher", branch.id)]
    for wrong in ({"roles": "king"}, {"email": "x"}, {"name": ""}):
        assert (
            owner.page("POST", "/settings/staff/invite", given | {"email": "other@example.in"} | wrong).status_code
            == 422
        )
    with tenant_scope(academy):
        assert not User.objects.filter(email="other@example.in").exists()
    address = f"/settings/staff/{person.id}"
    assert owner.page("POST", address, {"roles": "manager"}).status_code == 302
    with tenant_scope(academy):
        assert list(person.role_assignments.values_list("role", "branch")) == [("manager", None)]
    assert owner.page("POST", f"{address}/state").status_code == 302
    with tenant_scope(academy):
        person.refresh_from_db()
        assert person.state == "deactivated"
    assert owner.page("POST", f"{address}/state", {"back": "1"}).status_code == 302
    found = owner.page("GET", "/settings/staff?q=neha&state=active").content.decode()
    assert "Neha Gupta" in found
    assert "Nobody fits" in owner.page("GET", "/settings/staff?q=nobody").content.decode()
    trail = owner.page("GET", f"/settings/staff/{owner.user.id}").content.decode()
    assert "Shut a person out" in trail.replace("&#x27;", "'")


def test_the_last_owner_stays_and_nobody_reaches_above(academy: Business) -> None:
    owner, manager = staff(academy), staff(academy, "manager")
    address = f"/settings/staff/{owner.user.id}"
    refused = manager.page("POST", f"{address}/state")
    assert (refused.status_code, "higher role than yours" in refused.content.decode()) == (403, True)
    slip = manager.page("POST", f"/settings/staff/{manager.user.id}", {"roles": "teacher"})
    assert (slip.status_code, "cannot do this to yourself" in slip.content.decode()) == (422, True)
    assert (
        manager.page(
            "POST", "/settings/staff/invite", {"name": "A", "email": "a@example.in", "roles": "owner"}
        ).status_code
        == 422
    )
    another = user_make(academy, role="owner")
    with tenant_scope(academy):
        RoleAssignment.objects.filter(user=owner.user).exclude(role="owner").delete()
    assert owner.page("POST", f"/settings/staff/{another.id}", {"roles": "teacher"}).status_code == 302
    mine = owner.page("POST", f"{address}/state")
    assert mine.status_code == 409
    with tenant_scope(academy):
        assert User.objects.get(id=owner.user.id).state == "active"
        assert RoleAssignment.objects.filter(user=owner.user, role="owner").exists()


def test_only_those_of_ones_branches_are_there(academy: Business, other_academy: Business) -> None:
    here, far = branch_make(academy), branch_make(academy)
    away = user_make(academy, role="teacher", branch=far.id, name="Far Away")
    near = staff(academy, "manager", branch=here.id)
    assert "Far Away" not in near.page("GET", "/settings/staff").content.decode()
    assert near.page("GET", f"/settings/staff/{away.id}").status_code == 404
    assert staff(other_academy).page("GET", f"/settings/staff/{away.id}").status_code == 404
    assert near.page("GET", f"/settings/branches/{far.id}").status_code == 404
    for _ in range(3):
        user_make(academy, role="teacher")
    owner = staff(academy)
    owner.page("GET", "/settings/staff")
    with CaptureQueriesContext(connection) as seen:
        assert owner.page("GET", "/settings/staff").status_code == 200
    assert len(seen) <= 6, [query["sql"] for query in seen]


def test_branches_are_added_and_closed_by_who_works_in_all(academy: Business) -> None:
    here = branch_make(academy, name="Kothrud")
    owner, near = staff(academy), staff(academy, "manager", branch=here.id)
    given = {"name": "Baner", "code": "ban", "kind": "academy", "city": "Pune", "address": ""}
    assert near.page("POST", "/settings/branches", given).status_code == 403
    assert owner.page("POST", "/settings/branches", given).status_code == 302
    assert owner.page("POST", "/settings/branches", given).status_code == 422
    assert owner.page("POST", "/settings/branches", given | {"code": "x"}).status_code == 422
    with tenant_scope(academy):
        row = Branch.objects.get(code="BAN")
    change = {"name": "Baner Road", "city": "Pune", "address": "", "state": "closed"}
    assert owner.page("POST", f"/settings/branches/{row.id}", change).status_code == 302
    with tenant_scope(academy):
        row.refresh_from_db()
        assert (row.name, row.state) == ("Baner Road", "closed")


def test_the_table_of_rights_says_what_the_doors_do(academy: Business) -> None:
    page = staff(academy, "manager").page("GET", "/settings/roles").content.decode()
    assert "Front desk" in page
    lines = {str(line.words): line.held for _, lines in rights.table() for line in lines}
    assert lines["Connect payment gateways"] == (True, False, False, False, False)
    assert lines["See students"] == (True, True, True, True, True)
    assert all(held[0] for held in lines.values()), "the owner may do everything"
