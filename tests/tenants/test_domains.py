"""A tenant's own domain: claimed, proven by the DNS, served, looked at again, given up; and whose it cannot be."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser

from kernel import clock as now
from kernel import jobs, quotas
from kernel.audit.models import Entry
from kernel.errors import DomainError
from kernel.ids import public_id
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.directory import business_by_host
from shared_apps.messaging.models import Notification
from shared_apps.tenants.domain_names import domain_check
from shared_apps.tenants.domains import Finding, domain_claim, domain_judge, domains_look
from shared_apps.tenants.models import CustomDomain, Host, Tenant
from tests.conftest import TestClock
from tests.support.nameserver import BROKEN, SILENT, Zone
from tests.support.people import Client, admin, staff
from tests.support.racing import race
from tests.tenants.conftest import OUR_ADDRESS

State = CustomDomain.State


@pytest.fixture
def owner(academy: Business) -> Client:
    with tenant_scope(academy):
        quotas.set_limits({"custom_domain": quotas.Limit(1)})
    return staff(academy)


@pytest.fixture
def name() -> str:
    return f"classes.lakshya-{public_id()}.in"


def stands(domain: str, business: Business) -> CustomDomain:
    with platform_scope():
        return CustomDomain.objects.get(domain=domain, tenant=business.id)


def prove(zone: Zone, row: CustomDomain) -> None:
    zone.set(f"_shala.{row.domain}", "TXT", "v=other", f"shala-verify={row.token}")


def look(only: CustomDomain | None = None) -> int:
    with platform_scope():
        return domains_look(only=only.id if only else None)


def claim(business: Business, domain: str) -> CustomDomain:
    with platform_scope():
        return domain_claim(tenant=business.id, domain=domain)


def asked_of_proxy(domain: str, **headers: str) -> int:
    return Browser().get("/tls-ask", {"domain": domain}, headers={"Host": "127.0.0.1", **headers}).status_code


def served(domain: str) -> str:
    found = business_by_host(domain)
    return found.public_id if found else ""


def test_a_domain_is_claimed_proven_served_and_given_up(
    zone: Zone, academy: Business, owner: Client, name: str
) -> None:
    made = owner.post("domains", {"domain": f" https://{name.upper()}/ "})
    assert made.status_code == 201
    told = made.json()
    token = stands(name, academy).token
    assert told["records"] == [
        {"kind": "TXT", "name": f"_shala.{name}", "value": f"shala-verify={token}"},
        {"kind": "CNAME", "name": name, "value": f"{academy.public_id}.localhost"},
    ]
    address = f"domains/{told['id']}"
    jobs.drain()
    before = owner.get(address).json()
    assert (before["state"], before["answer"], served(name), asked_of_proxy(name)) == ("waiting", "no_name", "", 404)

    zone.set(f"_shala.{name}", "TXT", f"shala-verify={token}")
    asked = owner.post(f"{address}/check")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    jobs.drain()
    proven = owner.get(address).json()
    assert (proven["state"], proven["answer"], proven["leads_to"]) == ("verified", "found", "")
    assert (served(name), asked_of_proxy(name)) == (academy.public_id, 200)
    at_home = Browser().get("/api/v1/domains", headers={"Host": name, "Authorization": f"Bearer {owner.token}"})
    assert [one["domain"] for one in at_home.json()["domains"]] == [name]
    with tenant_scope(academy):
        assert owner.user
        assert [one.title for one in Notification.objects.filter(user=owner.user.id)] == [f"{name} is yours here"]

    zone.set(name, "CNAME", "elsewhere.example.")
    owner.post(f"{address}/check")
    jobs.drain()
    assert owner.get(address).json()["leads_to"] == "elsewhere.example"
    zone.set(name, "CNAME", f"{academy.public_id}.localhost.")
    owner.post(f"{address}/check")
    jobs.drain()
    assert owner.get(address).json()["state"] == "serving"
    zone.drop(name, "CNAME")
    zone.set(name, "A", OUR_ADDRESS)
    look(stands(name, academy))
    assert stands(name, academy).state == State.SERVING

    assert owner.delete(address).status_code == 204
    assert (served(name), asked_of_proxy(name)) == ("", 404)
    assert [owner.get(address).status_code, owner.delete(address).status_code] == [404, 404]
    # The same tenant takes it again, under the text that still stands.
    assert owner.post("domains", {"domain": name}).status_code == 201
    jobs.drain()
    again = stands(name, academy)
    assert (again.token, again.state, served(name)) == (token, State.SERVING, academy.public_id)
    with tenant_scope(academy):
        deeds = Entry.objects.filter(subject_type="domain").order_by("id").values_list("action", flat=True)
        assert list(deeds) == [f"organisation.domain_{what}" for what in ("add", "proven", "remove", "add", "proven")]


def test_what_the_dns_says_and_what_it_does_not(zone: Zone, academy: Business, name: str) -> None:
    """Each answer is told apart; only facts move a domain that is served."""
    row = claim(academy, name)
    heard: dict[str, tuple[str, str]] = {}
    for what in ("no_name", "empty", "other", "broken", "silent"):
        zone.faults.clear()
        if what == "empty":
            zone.set(name, "A", OUR_ADDRESS)
        elif what == "other":
            zone.set(f"_shala.{name}", "TXT", "shala-verify=another")
        elif what in {BROKEN, SILENT}:
            zone.faults[name] = what
        look(row)
        now_stands = stands(name, academy)
        heard[what] = (now_stands.answer, now_stands.state)
    assert heard == {what: (what, "waiting") for what in heard}
    assert served(name) == ""

    zone.faults.clear()
    prove(zone, row)
    look(row)
    for fault in (BROKEN, SILENT):
        zone.faults[name] = fault
        look(row)
        found = stands(name, academy)
        assert (found.state, found.answer, found.failing_since) == (State.SERVING, fault, None)
    zone.faults.clear()
    zone.records.clear()
    look(row)
    found = stands(name, academy)
    assert (found.state, found.answer) == (State.SERVING, "no_name")
    assert found.failing_since is not None
    prove(zone, row)
    look(row)
    assert stands(name, academy).failing_since is None


def test_a_claim_takes_nothing_from_the_true_owner(
    zone: Zone, clock: TestClock, other_academy: Business, owner: Client, name: str
) -> None:
    academy, squatter = owner.business, claim(other_academy, name)
    assert owner.post("domains", {"domain": name}).status_code == 201
    prove(zone, stands(name, academy))
    jobs.drain()
    assert served(name) == academy.public_id
    # The squatter's text would not help any more, nor would a new claim.
    zone.set(f"_shala.{name}", "TXT", *(f"shala-verify={one}" for one in (squatter.token, stands(name, academy).token)))
    look(squatter)
    assert (stands(name, other_academy).state, stands(name, other_academy).answer) == (State.WAITING, "taken")
    with platform_scope():
        CustomDomain.objects.filter(id=squatter.id).delete()
    with pytest.raises(DomainError, match="proven that this domain is theirs"):
        claim(other_academy, name)
    # Given up, it stays closed to others for a year.
    owner.delete(f"domains/{stands(name, academy).id}")
    with pytest.raises(DomainError, match="less than a year ago"):
        claim(other_academy, name)
    clock.move(days=364)
    with pytest.raises(DomainError, match="less than a year ago"):
        claim(other_academy, name)
    clock.move(days=2)
    heir = claim(other_academy, name)
    prove(zone, heir)
    look(heir)
    assert served(name) == other_academy.public_id


def test_of_many_who_prove_one_name_at_once_one_gets_it(name: str) -> None:
    moment = now.now()
    with platform_scope():
        facts = {"name": "Racer", "kind": "academy", "plan": "starter", "owner_name": "A", "created_at": moment}
        facts |= {"owner_email": "a@example.in", "owner_phone": "+919800000001", "updated_at": moment}
        racers = Tenant.objects.bulk_create(Tenant(slug=f"r{public_id()}", **facts) for _ in range(32))
        claims = [domain_claim(tenant=one.id, domain=name).id for one in racers]

    def proven(row: UUID) -> Any:
        with platform_scope():
            judged = domain_judge(domain=row, heard=Finding("found", is_fact=True))
        assert judged is not None
        return judged.state

    assert race(32, lambda number: proven(claims[number])) == {"verified": 1, "waiting": 31}
    with platform_scope():
        assert Host.objects.filter(domain=name).count() == 1
        assert set(CustomDomain.objects.filter(domain=name, state="waiting").values_list("answer", flat=True)) == {
            "taken"
        }
        Tenant.objects.filter(id__in=[one.id for one in racers]).delete()


def test_a_proof_that_is_gone_is_warned_of_and_then_the_name_is_let_go(
    zone: Zone, clock: TestClock, academy: Business, owner: Client, name: str
) -> None:
    row = claim(academy, name)
    prove(zone, row)
    zone.set(name, "A", OUR_ADDRESS)
    jobs.drain()
    zone.drop(f"_shala.{name}", "TXT")
    seen = []
    for day in range(12):
        clock.move(days=1)
        if day == 5:
            zone.faults[name] = SILENT  # says nothing, so it neither counts nor excuses
        elif day == 6:
            zone.faults.clear()
        with platform_scope():
            jobs.put("tenants.domains_look")
        jobs.drain()
        found = stands(name, academy)
        seen.append((found.state, bool(found.warned_at)))
    serving, warned, gone = (("serving", False), ("serving", True), ("released", False))
    assert seen == [serving] * 3 + [warned] * 7 + [gone] * 2
    assert (stands(name, academy).released_because, served(name)) == ("lapsed", "")
    with tenant_scope(academy):
        assert owner.user
        told = Notification.objects.filter(user=owner.user.id).order_by("id").values_list("title", flat=True)
        assert list(told) == [
            f"{name} is yours here",
            f"The proof for {name} is gone",
            f"{name} is no longer served",
        ]
    with platform_scope():
        deeds = Entry.objects.filter(subject_id=str(academy.id)).order_by("id").values_list("action", flat=True)
        assert list(deeds) == [f"tenants.domain_{what}" for what in ("verify", "warn", "release")]


def test_claims_are_looked_for_less_and_less_and_then_no_more(
    zone: Zone, clock: TestClock, academy: Business, name: str
) -> None:
    row = claim(academy, name)
    jobs.drain()
    pauses = []
    for hours in (0, 2, 48, 24 * 10, 24 * 31):
        clock.reset()
        clock.move(hours=hours)
        look(row)
        found = stands(name, academy)
        pauses.append(
            (found.due_at - found.looked_at).total_seconds() / 60 if found.due_at and found.looked_at else None
        )
    assert pauses == [5, 30, 360, 1440, None]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Classes.Example-School.IN.", "classes.example-school.in"),
        ("http://example-school.co.in/fees?x=1", "example-school.co.in"),
        ("शाला.भारत", "xn--v2bhyb.xn--h2brj9c"),
        *((wrong, "domain_ours") for wrong in ("localhost", "a.localhost", "https://x.y.localhost/")),
        *(
            (wrong, "domain_invalid")
            for wrong in (
                *("", "school", "co.in", "in", "github.io", "127.0.0.1", "http://[::1]/", "1.2.3", "a.0x7f", "10.1"),
                *(
                    "school.local",
                    "a.test",
                    "x.onion",
                    "-a.in",
                    "a-.in",
                    "a_b.in",
                    "a..in",
                    "*.a.in",
                    "a b.in",
                    "a.in:8",
                ),
                *(
                    "x@a.in",
                    "ftp://a.in",
                    "javascript:alert(1)",
                    f"{'a' * 64}.in",
                    f"{'a.' * 130}in",
                    "a\x00.in",
                    "ａ．",
                ),
            )
        ),
    ],
)
def test_names_that_can_be_a_domain_and_names_that_cannot(typed: str, kept: str) -> None:
    try:
        found = domain_check(typed)
    except DomainError as error:
        found = error.code.removeprefix("tenants.")
    assert found == kept


def test_who_may_and_how_many(zone: Zone, academy: Business, other_academy: Business, owner: Client, name: str) -> None:
    assert owner.user
    manager, stranger = staff(academy, "manager"), staff(other_academy)
    assert stranger.post("domains", {"domain": name}).json()["code"] == "plans.feature_closed"
    assert manager.get("domains").json() == {"domains": []}
    assert manager.post("domains", {"domain": name}).status_code == 403
    assert staff(academy, "front_desk").get("domains").status_code == 403
    with platform_scope():
        assert not CustomDomain.objects.filter(tenant__in=[academy.id, other_academy.id]).exists()
    made = [owner.post("domains", {"domain": f"n{number}.{name}"}) for number in range(11)]
    assert [one.status_code for one in made] == [201] * 10 + [409]
    assert made[10].json()["code"] == "tenants.domains_many"
    first = made[0].json()["id"]
    with tenant_scope(other_academy):
        quotas.set_limits({"custom_domain": quotas.Limit(1)})
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        assert stranger.call(method, f"domains/{first}{path}").status_code == 404
    assert owner.post("domains", {"domain": f"n0.{name}"}).json()["id"] == first
    # The operator sees them and can release one.
    chief = admin()
    listed = chief.get(f"tenants/{academy.id}/domains").json()["results"]
    assert (len(listed), listed[0]["domain"]) == (10, f"n0.{name}")
    assert chief.delete(f"tenants/{academy.id}/domains/{first}").status_code == 204
    assert stands(f"n0.{name}", academy).released_because == "operator"
    jobs.drain()
    with tenant_scope(academy):
        assert Notification.objects.filter(title=f"n0.{name} is no longer served", user=owner.user.id).count() == 1
    assert admin("read_only").delete(f"tenants/{academy.id}/domains/{made[1].json()['id']}").status_code == 403


def test_the_proxy_alone_asks_and_only_of_names_we_serve(academy: Business) -> None:
    ours = (
        "localhost",
        f"{academy.slug}.localhost",
        f"{academy.public_id}.localhost",
        f"{academy.slug.upper()}.LOCALHOST",
    )
    strange = ("stranger.in", "", "a" * 300, "a\x00b", "पाठ.भारत", f"x.{academy.slug}.localhost", "127.0.0.1 ")
    assert [asked_of_proxy(one) for one in ours] == [200] * 4
    assert [asked_of_proxy(one) for one in strange] == [404] * 7
    through = {"X-Forwarded-For": "198.51.100.1"}
    assert asked_of_proxy(ours[0], **through) == 404
    assert Browser(REMOTE_ADDR="9.9.9.9").get("/tls-ask", {"domain": ours[0]}).status_code == 404
    assert Browser().post("/tls-ask").status_code == 405


def test_the_crossing_can_close_a_host_and_never_make_one(academy: Business) -> None:
    with tenant_scope(academy), platform_scope(on_behalf_of=academy, purpose="tenants.domains"):
        with connection.cursor() as cursor:
            for right, held in (("INSERT", False), ("DELETE", False)):
                cursor.execute("SELECT has_table_privilege('public.tenants_host', %s)", [right])
                assert cursor.fetchone() == (held,)
            cursor.execute(
                "SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = 'public.tenants_host'::regclass"
                " AND attnum > 0 AND has_column_privilege('public.tenants_host', attname, 'UPDATE')"
            )
            assert cursor.fetchone() == (["released_at"],)


def test_other_domains_below_a_tenants_own_are_not_forced_to_tls(
    settings: Any, zone: Zone, academy: Business, name: str
) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    row = claim(academy, name)
    prove(zone, row)
    look(row)
    told = [Browser().get("/api/v1", headers={"Host": one}, secure=True) for one in (name, f"{academy.slug}.localhost")]
    assert [one["Strict-Transport-Security"] for one in told] == [
        "max-age=31536000",
        "max-age=31536000; includeSubDomains; preload",
    ]
