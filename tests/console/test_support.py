"""Support's way into a tenant: with a reason, once, for half an hour, seen by the owner, and not for everything."""

import re
from typing import Any

import pytest

from kernel import jobs
from kernel.audit.models import Entry
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts import selectors, sessions
from shared_apps.accounts import services as accounts
from shared_apps.accounts.models import SignIn, SupportVisit
from shared_apps.accounts.roles import NOT_FOR_SUPPORT, permissions_of
from shared_apps.messaging.models import Notification
from tests.conftest import TestClock
from tests.support.people import Client, admin, anyone, signed_in, user_make
from tests.support.racing import race

WHY = {"reason": "Fees do not show"}


def asked(desk: Client, business: Business) -> tuple[str, str]:
    """Ask to come in; gives the page of the visit and the secret of its link."""
    begun = desk.page("POST", f"/tenants/{business.id}/support", WHY)
    assert begun.status_code == 302, begun.content.decode()
    page = desk.page("GET", begun["Location"]).content.decode()
    found = re.search(rf"http://{business.public_id}\.localhost/support\?token=([^\"&]+)", page)
    assert found
    return begun["Location"], found[1]


def come_in(business: Business, token: str) -> Client:
    answer = anyone(business).page("POST", "/support", {"token": token})
    assert answer.status_code == 302, answer.content.decode()
    return Client(business, session=answer.cookies[sessions.name()].value)


def deeds(business: Business | None = None) -> list[tuple[str, str]]:
    with tenant_scope(business) if business else platform_scope():
        return list(Entry.objects.order_by("id").values_list("action", "actor_kind"))


@pytest.fixture
def owner(academy: Business) -> Any:
    return user_make(academy, role="owner", name="Asha Rao")


def test_support_comes_in_as_the_owner_and_all_see_it(academy: Business, owner: Any) -> None:
    desk = admin("support")
    where, token = asked(desk, academy)
    # Looking at the link spends nothing: what looks ahead at addresses does not come in.
    for _ in range(2):
        assert "Come in as Asha Rao" in anyone(academy).page("GET", f"/support?token={token}").content.decode()
    inside = come_in(academy, token)
    page = inside.page("GET", "/").content.decode()
    assert "Support of the platform (Meera Iyer) is signed in here until" in page
    assert WHY["reason"] in page
    assert "is signed in there now" in desk.page("GET", where).content.decode()
    assert 'href="/students"' in page
    # Nobody's link twice, and no other business's.
    again = anyone(academy).page("POST", "/support", {"token": token})
    assert (again.status_code, "no longer be used" in again.content.decode()) == (410, True)
    # What they do bears their name, in the audit of the tenant; what the owner has not read stays unread.
    with tenant_scope(academy):
        actor = selectors.actor_by_session(inside.session)
        assert actor.support is not None
        assert (actor.user_id, actor.support.reason) == (owner.id, WHY["reason"])
        assert actor.permissions == permissions_of(("owner",)) - NOT_FOR_SUPPORT
        notice = Notification.objects.get(user=owner.id)
        assert "Support of the platform" in notice.title
    assert deeds(academy)[-2:] == [("support.ask", "support"), ("support.open", "support")]
    ended = inside.page("POST", "/support/end")
    assert "Support has ended" in ended.content.decode()
    assert inside.page("GET", "/").status_code == 302
    assert deeds(academy)[-1] == ("support.end", "support")
    with platform_scope():
        trail = Entry.objects.filter(action="tenants.support", subject_id=str(academy.id)).get()
        assert (trail.actor_id, trail.changes["reason"]) == (desk.user.id, [None, WHY["reason"]])  # type: ignore[union-attr]


def test_of_racers_with_one_link_one_comes_in(academy: Business, owner: Any) -> None:
    _, token = asked(admin("operations"), academy)

    def run(_: int) -> int:
        return anyone(academy).page("POST", "/support", {"token": token}).status_code

    assert race(6, run) == {302: 1, 410: 5}
    with tenant_scope(academy):
        assert SignIn.objects.filter(ends_at__isnull=False).count() == 1


def test_a_visit_ends_at_its_hour_and_is_not_drawn_out(academy: Business, owner: Any, clock: TestClock) -> None:
    _, token = asked(admin(), academy)
    inside = come_in(academy, token)
    with tenant_scope(academy):
        visit = SupportVisit.objects.get()
        row = SignIn.objects.get(support=visit)
    assert row.expires_at == row.ends_at == visit.ends_at
    clock.move(minutes=29)
    assert inside.page("GET", "/").status_code == 200
    with tenant_scope(academy):
        assert SignIn.objects.get(id=row.id).expires_at == visit.ends_at
    clock.move(minutes=2)
    assert inside.page("GET", "/").status_code == 302
    jobs.drain()
    with tenant_scope(academy):
        assert SignIn.objects.get(id=row.id).ended_because == "time"
        assert SupportVisit.objects.get().ended_at is not None


def test_a_link_is_good_for_two_minutes(academy: Business, owner: Any, clock: TestClock) -> None:
    where, token = asked(admin(), academy)
    clock.move(minutes=3)
    assert anyone(academy).page("POST", "/support", {"token": token}).status_code == 410
    assert "/support?token=" not in admin().page("GET", where).content.decode()


def test_the_owners_own_things_stay_the_owners(academy: Business, owner: Any) -> None:
    inside = come_in(academy, asked(admin(), academy)[1])
    with tenant_scope(academy):
        actor = selectors.actor_by_session(inside.session)
    from kernel.errors import NotForSupport
    from kernel.observe import context
    from shared_apps.payments import services as payments

    keys: dict[str, Any] = {"gateway": "razorpay", "environment": "sandbox", "key_id": "k", "key_secret": "s"}
    refused = [
        lambda: accounts.password_set(user=owner, password="a quiet river at dusk"),
        lambda: accounts.factor_enrol(user=owner.id),
        lambda: accounts.factor_disable(user=owner.id, code="123456"),
        lambda: accounts.recovery_codes_renew(user=owner.id, code="123456"),
        lambda: accounts.roles_set(user=owner, roles=[]),
        lambda: accounts.user_change(user=owner, name="Another"),
        lambda: accounts.user_deactivate(user=owner),
        lambda: accounts.staff_invite(email="x@y.example", name="X", roles=[accounts.RoleHeld("manager")]),
        lambda: accounts.sign_in_revoke(user=owner.id, sign_in=uuid7()),
        lambda: payments.account_save(**keys),
    ]
    for deed in refused:
        with tenant_scope(academy), context.work(by=actor), pytest.raises(NotForSupport):
            deed()
    # No door of the API opens to the session of a browser.
    bare = Client(academy, session=inside.session)
    assert bare.page("GET", "/api/v1/users").status_code == 401
    assert bare.page("POST", "/api/v1/auth/2fa/enrol").status_code == 401


def test_support_is_refused_where_nobody_may_work_and_to_who_may_not(academy: Business, owner: Any) -> None:
    desk = admin("operations")
    before = deeds(academy)
    for role in ("finance", "read_only"):
        assert admin(role).page("POST", f"/tenants/{academy.id}/support", WHY).status_code == 403
        assert 'data-opens="support"' not in admin(role).page("GET", f"/tenants/{academy.id}").content.decode()
    assert desk.page("POST", f"/tenants/{academy.id}/support", {"reason": ""}).status_code == 422
    where, token = asked(desk, academy)
    assert "/support?token=" not in admin("operations").page("GET", where).content.decode()
    assert desk.page("GET", f"/tenants/{academy.id}/support/{uuid7()}").status_code == 404
    # Stopped from the console before it began.
    assert desk.page("POST", f"{where}/end").status_code == 302
    assert anyone(academy).page("POST", "/support", {"token": token}).status_code == 410
    _, token = asked(desk, academy)
    inside = come_in(academy, token)
    form = {"reason": "unpaid", "confirm": academy.slug}
    assert desk.page("POST", f"/tenants/{academy.id}/suspend", form).status_code == 302
    assert inside.page("GET", "/").status_code == 403
    closed = desk.page("POST", f"/tenants/{academy.id}/support", WHY)
    assert (closed.status_code, "Nobody may work there now" in closed.content.decode()) == (409, True)
    assert len(deeds(academy)) > len(before)


def test_support_waits_until_an_owner_has_come(academy: Business) -> None:
    refused = admin().page("POST", f"/tenants/{academy.id}/support", WHY)
    assert (refused.status_code, "owner has not come in yet" in refused.content.decode()) == (409, True)


def test_a_link_of_one_business_is_worthless_at_another(academy: Business, other_academy: Business, owner: Any) -> None:
    _, token = asked(admin(), academy)
    user_make(other_academy, role="owner")
    assert anyone(other_academy).page("POST", "/support", {"token": token}).status_code == 410
    assert come_in(academy, token).page("GET", "/").status_code == 200


def test_the_api_gives_the_same_link(academy: Business, owner: Any) -> None:
    made: Any = admin("support").post(f"tenants/{academy.id}/support-session", WHY)
    assert (made.status_code, made.json()["owner"]) == (201, "Asha Rao")
    assert come_in(academy, made.json()["link"].split("token=")[1]).page("GET", "/").status_code == 200
    assert admin("finance").post(f"tenants/{academy.id}/support-session", WHY).status_code == 403


def test_the_owner_sees_support_among_their_devices_and_ends_it(academy: Business, owner: Any) -> None:
    where, token = asked(admin("support"), academy)
    inside = come_in(academy, token)
    own = signed_in(academy, "staff", user=owner)
    assert "Support of the platform: Meera Iyer" in own.page("GET", "/me").content.decode()
    with tenant_scope(academy):
        visit = SignIn.objects.get(ends_at__isnull=False)
        assert accounts.sign_in_revoke(user=owner.id, sign_in=visit.id)
    assert inside.page("GET", "/").status_code == 302
    assert "This visit is over" in admin("operations").page("GET", where).content.decode()
