"""People with roles: added, invited, changed, shut out; who may do it to whom; and what is written down about it."""

from typing import Any
from uuid import UUID

import pytest

from kernel.audit.models import Entry
from kernel.ids import uuid7
from kernel.tenancy import Business, business_scope, tenant_scope
from shared_apps.accounts.models import RoleAssignment, User
from tests.support.otp import events, links_sent
from tests.support.people import Client, admin, anyone, api, email_make, signed_in, staff, user_make
from tests.support.racing import race
from tests.support.second_factor import admin_signed_in

PASSWORD = "three-copper-kettles"
HERE = UUID(int=7)


def everything(business: Business) -> list[Any]:
    """People, roles and audit: what a refusal must leave as it was."""
    with business_scope(business):
        return [
            list(User.objects.order_by("id").values_list("id", "name", "email", "phone", "state", "password")),
            list(RoleAssignment.objects.order_by("id").values_list("user", "role", "branch")),
            Entry.objects.count(),
        ]


def refused(client: Client, call: str, body: Any, status: int, code: str) -> dict[str, Any]:
    method, path = call.split()
    before = everything(client.business)
    answer = client.call(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert everything(client.business) == before
    return answer.json()


def new_user(**more: Any) -> dict[str, Any]:
    return {"email": email_make(), "name": "Imran Shaikh", "roles": [{"role": "front_desk"}], **more}


def test_an_owner_adds_someone_who_signs_in_at_once(academy: Business) -> None:
    owner = staff(academy, "owner")
    branch = uuid7()
    body = new_user(
        email="Imran@Example.in",
        phone="98765 43210",
        password=PASSWORD,
        roles=[{"role": "teacher", "branch": str(branch)}, {"role": "front_desk", "branch": str(branch)}],
    )
    answer = owner.post("users", body)
    assert answer.status_code == 201
    shown = answer.json()
    assert {k: shown[k] for k in ("name", "email", "phone", "state", "roles")} == {
        "name": "Imran Shaikh",
        "email": "imran@example.in",
        "phone": "+919876543210",
        "state": "active",
        "roles": [{"role": "front_desk", "branch": str(branch)}, {"role": "teacher", "branch": str(branch)}],
    }
    assert owner.get(f"users/{shown['id']}").json() == shown
    login = anyone(academy).post("auth/login", {"email": "imran@example.in", "password": PASSWORD})
    assert login.status_code == 200
    with tenant_scope(academy):
        assert User.objects.get(id=shown["id"]).password.startswith("argon2")


def test_an_invitation_is_mailed_and_ends_in_a_password(academy: Business) -> None:
    owner = staff(academy, "owner")
    body = new_user()
    answer = owner.post("users/invite", body)
    assert (answer.status_code, answer.json()["state"]) == (201, "invited")
    (link,) = links_sent(academy, body["email"])
    (event,) = [e for e in events(academy, "tests.password_link_wanted") if e["email"] == body["email"]]
    assert (event["reason"], event["person"]) == ("invite", "Imran Shaikh")
    assert link not in str(event)
    weak = anyone(academy).post("auth/password/reset", {"token": link, "password": "imran shaikh"})
    assert (weak.status_code, weak.json()["code"], weak.json()["field"]) == (422, "accounts.password_weak", "password")
    chosen = anyone(academy).post("auth/password/reset", {"token": link, "password": PASSWORD})
    assert chosen.status_code == 204
    login = anyone(academy).post("auth/login", {"email": body["email"], "password": PASSWORD})
    assert api(academy, login.json()["access"]).get("auth/me").json()["roles"] == ["front_desk"]
    spent = anyone(academy).post("auth/password/reset", {"token": link, "password": PASSWORD + "!"})
    assert (spent.status_code, spent.json()["code"]) == (410, "accounts.link_void")


def test_inviting_again_sends_a_new_link_and_takes_the_new_roles(academy: Business) -> None:
    owner = staff(academy, "owner")
    body = new_user()
    first = owner.post("users/invite", body).json()
    second = owner.post("users/invite", body | {"roles": [{"role": "teacher"}]})
    assert (second.status_code, second.json()["id"]) == (201, first["id"])
    assert second.json()["roles"] == [{"role": "teacher", "branch": None}]
    assert len(links_sent(academy, body["email"])) == 2


@pytest.mark.parametrize("body", [{}, {"token": "a"}, {"password": PASSWORD}, {"email": "a@example.in", "token": "b"}])
def test_a_reset_is_one_step_at_a_time(academy: Business, body: dict[str, Any]) -> None:
    answer = anyone(academy).post("auth/password/reset", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.invalid")


def test_an_invitation_lasts_seven_days(academy: Business, other_academy: Business, clock: Any) -> None:
    owner = staff(academy, "owner")
    body = new_user()
    owner.post("users/invite", body)
    given = {"token": links_sent(academy, body["email"])[0], "password": PASSWORD}
    assert anyone(other_academy).post("auth/password/reset", given).json()["code"] == "accounts.link_void"
    clock.move(days=7, seconds=1)
    assert anyone(academy).post("auth/password/reset", given).json()["code"] == "accounts.link_void"
    with tenant_scope(academy):
        assert User.objects.get(email=body["email"]).state == "invited"


def test_a_forgotten_password_is_chosen_anew_and_signs_every_device_out(academy: Business) -> None:
    user = user_make(academy, role="teacher", password=PASSWORD)
    client = signed_in(academy, user=user)
    for email in (str(user.email), "nobody@example.in"):
        assert anyone(academy).post("auth/password/reset", {"email": email}).status_code == 204
        soon = anyone(academy).post("auth/password/reset", {"email": email})
        assert (soon.status_code, soon.json()["code"]) == (429, "accounts.otp_too_soon")
    assert links_sent(academy, "nobody@example.in") == []
    (link,) = links_sent(academy, str(user.email))
    assert (
        anyone(academy).post("auth/password/reset", {"token": link, "password": "four-brass-lamps"}).status_code == 204
    )
    assert client.get("auth/me").json()["code"] == "accounts.signed_out"
    old, new = (
        anyone(academy).post("auth/login", {"email": user.email, "password": password}).status_code
        for password in (PASSWORD, "four-brass-lamps")
    )
    assert (old, new) == (401, 200)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"roles": [{"role": "super_admin"}]}, 422, "accounts.role_unknown"),
        ({"roles": [{"role": "student"}]}, 422, "accounts.role_unknown"),
        ({"roles": [{"role": "manager", "branch": str(HERE)}, {"role": "teacher"}]}, 422, "accounts.roles_uneven"),
        ({"roles": []}, 400, "http.invalid"),
        ({"roles": None}, 400, "http.invalid"),
        ({"roles": [{}]}, 400, "http.invalid"),
        ({"email": "no address"}, 400, "http.invalid"),
        ({"phone": "+14155550100"}, 422, "phone.invalid"),
        ({"password": "short"}, 422, "accounts.password_weak"),
        ({"password": "qwerty123456"}, 422, "accounts.password_weak"),
        ({"password": "839201748392017"}, 422, "accounts.password_weak"),
        ({"state": "active"}, 400, "http.unknown_field"),
        ({"name": "a\u0000b"}, 400, "http.invalid"),
    ],
    ids=str,
)
def test_what_cannot_be_added_is_refused(academy: Business, change: dict[str, Any], status: int, code: str) -> None:
    owner = staff(academy, "owner")
    refused(owner, "POST users", new_user() | change, status, code)


def test_addresses_are_taken_once_whatever_their_case(academy: Business) -> None:
    owner = staff(academy, "owner")
    known = user_make(academy)
    refused(owner, "POST users", new_user(email=str(known.email).upper()), 409, "accounts.email_taken")
    refused(owner, "POST users", new_user(phone=known.phone), 409, "accounts.phone_taken")
    refused(owner, "POST users/invite", new_user(email=known.email), 409, "accounts.email_taken")
    assert owner.user
    refused(owner, f"PATCH users/{owner.user.id}", {"phone": known.phone}, 409, "accounts.phone_taken")


def test_racing_for_one_address_makes_one_person(academy: Business) -> None:
    owner = staff(academy, "owner")
    email = email_make()
    outcomes = race(16, lambda _: api(academy, owner).post("users", new_user(email=email)).status_code)
    assert outcomes == {201: 1, 409: 15}


def test_roles_count_from_the_next_request_on(academy: Business) -> None:
    owner, teacher = staff(academy, "owner"), staff(academy, "teacher")
    assert teacher.user
    assert teacher.get("users").status_code == 403
    changed = owner.patch(f"users/{teacher.user.id}", {"roles": [{"role": "manager"}], "name": "Promoted"})
    assert (changed.status_code, changed.json()["name"]) == (200, "Promoted")
    assert teacher.get("users").status_code == 200
    owner.patch(f"users/{teacher.user.id}", {"roles": [{"role": "accountant"}]})
    assert teacher.get("users").json()["code"] == "http.forbidden"


def test_an_edit_of_a_version_that_is_gone_is_refused(academy: Business) -> None:
    owner = staff(academy, "owner")
    user = user_make(academy, role="teacher")
    path = f"users/{user.id}"
    seen = owner.get(path).headers["ETag"]
    first = owner.patch(path, {"name": "One"}, headers={"If-Match": seen})
    assert first.status_code == 200
    late = owner.patch(path, {"name": "Two"}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "http.changed_meanwhile")
    assert owner.get(path).json()["name"] == "One"
    assert owner.patch(path, {"name": "Two"}, headers={"If-Match": first.headers["ETag"]}).status_code == 200


def test_whoever_is_shut_out_is_out_at_once_and_may_be_let_in_again(academy: Business) -> None:
    owner, teacher = staff(academy, "owner"), staff(academy, "teacher")
    assert teacher.user
    path = f"users/{teacher.user.id}"
    assert owner.delete(path).status_code == 204
    assert teacher.get("auth/me").json()["code"] == "accounts.signed_out"
    assert owner.get(path).json()["state"] == "deactivated"
    assert owner.delete(path).status_code == 204
    assert owner.patch(path, {"state": "active"}).json()["state"] == "active"
    assert teacher.get("auth/me").json()["code"] == "accounts.signed_out"
    assert signed_in(academy, user=teacher.user).get("auth/me").status_code == 200


def test_nobody_rises_by_their_own_hand_or_above_it(academy: Business) -> None:
    owner, manager = staff(academy, "owner"), staff(academy, "manager")
    assert owner.user
    assert manager.user
    top, mine = f"users/{owner.user.id}", f"users/{manager.user.id}"
    above = "accounts.role_above_yours"
    refused(manager, "POST users", new_user(roles=[{"role": "owner"}]), 403, above)
    refused(manager, "POST users/invite", new_user(roles=[{"role": "owner"}]), 403, above)
    refused(manager, f"PATCH {mine}", {"roles": [{"role": "owner"}]}, 409, "accounts.not_yourself")
    refused(manager, f"PATCH {top}", {"name": "Mine now"}, 403, above)
    refused(manager, f"PATCH {top}", {"roles": [{"role": "teacher"}]}, 403, above)
    refused(manager, f"DELETE {top}", None, 403, above)
    refused(manager, f"DELETE {mine}", None, 409, "accounts.not_yourself")
    refused(owner, f"DELETE {top}", None, 409, "accounts.not_yourself")


def test_a_parent_is_promoted_and_demoted_and_stays_a_parent(academy: Business) -> None:
    owner = staff(academy, "owner")
    parent = signed_in(academy, "student")
    assert parent.user
    taken = owner.post("users/invite", new_user(phone=parent.user.phone))
    assert (taken.status_code, taken.json()["user"]) == (409, str(parent.user.id))
    path = f"users/{parent.user.id}"
    refused(owner, f"PATCH {path}", {"name": "x"}, 404, "http.not_found")
    refused(owner, f"PATCH {path}", {"name": "x", "roles": [{"role": "teacher"}]}, 404, "http.not_found")
    refused(staff(academy, "teacher"), f"PATCH {path}", {"roles": [{"role": "teacher"}]}, 403, "http.forbidden")
    promoted = owner.patch(path, {"roles": [{"role": "teacher"}]})
    assert promoted.json()["roles"] == [{"role": "teacher", "branch": None}]
    assert signed_in(academy, user=parent.user).get("auth/me").json()["kind"] == "staff"
    assert parent.get("auth/me").json()["kind"] == "student"
    demoted = owner.patch(path, {"roles": []})
    assert (demoted.status_code, demoted.json()["roles"]) == (200, [])
    assert owner.get(path).status_code == 404
    assert parent.get("auth/me").status_code == 200


def test_a_manager_of_one_branch_reaches_no_other(academy: Business) -> None:
    here, there = uuid7(), uuid7()
    manager = staff(academy, "manager", branch=here)
    near = user_make(academy, role="teacher", branch=here)
    far = user_make(academy, role="teacher", branch=there)
    everywhere = user_make(academy, role="teacher")
    assert manager.user
    listed = {row["id"] for row in manager.get("users").json()["results"]}
    assert listed == {str(manager.user.id), str(near.id)}
    for user in (far, everywhere):
        refused(manager, f"GET users/{user.id}", None, 404, "http.not_found")
        refused(manager, f"PATCH users/{user.id}", {"name": "x"}, 404, "http.not_found")
        refused(manager, f"DELETE users/{user.id}", None, 404, "http.not_found")
    for branch in (there, None):
        given = {"role": "teacher", "branch": branch}
        refused(manager, "POST users", new_user(roles=[given]), 403, "accounts.role_above_yours")
        refused(manager, f"PATCH users/{near.id}", {"roles": [given]}, 403, "accounts.role_above_yours")
    added = manager.post("users", new_user(roles=[{"role": "teacher", "branch": here}]))
    assert added.status_code == 201


def test_the_highest_role_never_runs_out(academy: Business) -> None:
    first, second = staff(academy, "owner"), staff(academy, "owner")
    assert first.user
    assert second.user
    assert first.delete(f"users/{second.user.id}").status_code == 204
    third = staff(academy, "manager")
    assert third.user
    refused(first, f"PATCH users/{first.user.id}", {"roles": [{"role": "manager"}]}, 409, "accounts.last_owner")
    first.patch(f"users/{third.user.id}", {"roles": [{"role": "owner"}]})
    assert third.delete(f"users/{first.user.id}").status_code == 204


@pytest.mark.parametrize("how", ["DELETE", "PATCH"])
@pytest.mark.parametrize("_", range(5))
def test_two_owners_shutting_each_other_out_leave_one(academy: Business, how: str, _: int) -> None:
    owners = [staff(academy, "owner"), staff(academy, "owner")]
    body = {"roles": [{"role": "teacher"}]} if how == "PATCH" else None

    def topple(index: int) -> int:
        other = owners[1 - index].user
        assert other
        return owners[index].call(how, f"users/{other.id}", body).status_code

    race(2, topple)
    with tenant_scope(academy):
        left = RoleAssignment.objects.filter(role="owner", user__state="active")
        assert left.count() == 1


def test_the_platforms_admins_are_its_own(platform: Business, academy: Business) -> None:
    root = admin("super_admin")
    added = root.post("users", new_user(roles=[{"role": "support"}], password=PASSWORD))
    assert added.status_code == 201
    refused(root, "POST users", new_user(roles=[{"role": "owner"}]), 422, "accounts.role_unknown")
    owner = staff(academy, "owner")
    assert owner.user
    assert root.get(f"users/{owner.user.id}").status_code == 404
    me = admin_signed_in(platform, added.json()["email"], PASSWORD).get("auth/me").json()
    assert (me["kind"], me["roles"]) == ("admin", ["support"])
    same = anyone(academy).post("auth/login", {"email": added.json()["email"], "password": PASSWORD})
    assert (same.status_code, same.json()["code"]) == (401, "accounts.credentials_wrong")


def test_students_are_not_among_the_users(academy: Business) -> None:
    owner = staff(academy, "owner")
    parent = signed_in(academy, "student")
    assert owner.user
    assert parent.user
    assert [row["id"] for row in owner.get("users").json()["results"]] == [str(owner.user.id)]
    assert owner.get(f"users/{parent.user.id}").status_code == 404
    assert parent.get("users").json()["code"] == "http.forbidden"


def test_the_list_is_searched_filtered_and_ordered(academy: Business) -> None:
    owner = staff(academy, "owner", user=user_make(academy, role="owner", name="Asha"))
    for name, role in (("Bina", "teacher"), ("Chitra", "teacher"), ("Dev", "accountant")):
        user_make(academy, name=name, role=role)

    def names(query: str) -> list[str]:
        return [row["name"] for row in owner.get(f"users{query}").json()["results"]]

    assert names("") == ["Asha", "Bina", "Chitra", "Dev"]
    assert names("?role=teacher") == ["Bina", "Chitra"]
    assert names("?search=chi") == ["Chitra"]
    assert names("?order=-name&limit=2") == ["Dev", "Chitra"]
    assert names("?state=deactivated") == []


def test_deeds_are_written_down_with_who_did_them_and_shown_as_activity(academy: Business) -> None:
    owner = staff(academy, "owner")
    assert owner.user
    made = owner.post("users", new_user()).json()
    owner.patch(f"users/{made['id']}", {"name": "Imran S", "phone": "98765 43211"})
    owner.patch(f"users/{made['id']}", {"roles": [{"role": "teacher"}]})
    owner.delete(f"users/{made['id']}")
    deeds = owner.get(f"users/{owner.user.id}/activity").json()["results"]
    assert [(d["action"], d["changes"]) for d in deeds] == [
        ("accounts.user_deactivate", {"state": ["active", "deactivated"]}),
        ("accounts.roles_set", {"roles": [["front_desk"], ["teacher"]]}),
        ("accounts.user_change", {"name": ["Imran Shaikh", "Imran S"], "phone": [None, "[hidden]"]}),
        ("accounts.user_create", {"roles": [[], ["front_desk"]]}),
    ]
    assert {(d["actor_kind"], d["actor_id"], d["subject_id"]) for d in deeds} == {
        ("staff", str(owner.user.id), made["id"])
    }
    assert owner.get(f"users/{UUID(int=1)}/activity").status_code == 404
