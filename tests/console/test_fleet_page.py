"""The fleet and the size of tenants on the operator's pages, drawn from what is there."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import clock, quotas
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.fleet import versions
from kernel.tenancy.fleet.runs import run_held
from kernel.tenancy.fleet.versions import code_names
from kernel.tenancy.models import FleetEntry, FleetRun, ReadySchema, Snapshot
from kernel.tenancy.scope import schema_scope
from shared_apps.console.fleet import BEHIND, CELLS, CURRENT, FAILED, drawn
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.console.usage import measured, usage_measure
from shared_apps.tenants.domains import domain_claim
from shared_apps.tenants.models import Tenant, Usage
from tests.support.people import Client, admin, staff, user_make
from tests.support.tenants import tenant_make

OLD = "0" * 64


@pytest.fixture(scope="module")
def operator() -> Client:
    client = admin("operations")
    assert client.session
    return client


@pytest.fixture
def fleet(academy: Business, library: Business) -> Iterator[tuple[Business, Business]]:
    """One tenant behind, one whose migration failed, a run under way and one that ended."""
    moment = clock.now()
    lately = sorted(name for name in code_names() if name[0] == "accounts")[-1:]
    with schema_scope("public"):
        Snapshot.objects.using("ddl").create(
            fingerprint=OLD,
            statements=[],
            names=[list(name) for name in code_names() if name not in lately],
            made_at=moment - timedelta(days=999),  # before the current one of servers that are kept for weeks
        )
        rows = ReadySchema.objects.using("ddl")
        kept = dict(rows.filter(name__in=[academy.schema, library.schema]).values_list("name", "fingerprint"))
        rows.filter(name=academy.schema).update(fingerprint=OLD)
        facts = {"kind": "migrate", "what": "migrate", "started_at": moment, "moved_at": moment}
        live = FleetRun.objects.using("ddl").create(**facts, stage="one in a hundred", total=400, done=97, failed=3)
        ended = FleetRun.objects.using("ddl").create(**facts, state="finished", total=2, done=2, finished_at=moment)
        killed = FleetRun.objects.using("ddl").create(**facts | {"what": "killed", "kind": "run"}, total=300, done=31)
        FleetEntry.objects.using("ddl").create(
            schema=library.schema,
            app="fees",
            name="0009_more",
            run=live.id,
            state="failed",
            error="canary: lock timeout",
        )
    versions.forget()
    with run_held(live.id):
        yield academy, library
    with schema_scope("public"):
        for name, fingerprint in kept.items():
            rows.filter(name=name).update(fingerprint=fingerprint)
        FleetEntry.objects.using("ddl").filter(run=live.id).delete()
        FleetRun.objects.using("ddl").filter(id__in=[live.id, ended.id, killed.id]).delete()
        Snapshot.objects.using("ddl").filter(fingerprint=OLD).delete()
    versions.forget()


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_fleet_shows_who_is_behind_what_failed_and_what_runs(
    operator: Client, fleet: tuple[Business, Business]
) -> None:
    behind, failed = fleet
    tenant_make()
    page = operator.page("GET", "/fleet").content.decode()
    told = text(page)
    assert "Migration Started" not in told  # by whom a run was begun is not known
    assert "One in a hundred" in told
    assert "100 of 400" in told
    assert "31 of 300" not in told  # that one does not go on
    killed = re.search(r'href="(/fleet/[0-9a-f-]{36})">Command: killed<.*?</tr>', page, re.S)
    assert killed
    assert "Interrupted" in killed[0]
    unheard = text(operator.page("GET", killed[1]).content.decode())
    assert all(word in unheard for word in ("31 of 300", "Its process has ended without a word", "Begin it again"))
    wanting = page[page.index("Behind or failed") :]
    assert [name in wanting for name in (f"/tenants/{behind.id}", f"/tenants/{failed.id}", "fees.0009_more")] == [
        True
    ] * 3
    assert wanting.index(str(failed.id)) < wanting.index(str(behind.id))
    assert re.search(r"<code>0000000000</code></td>.*?1 migration", page, re.S)
    assert {"tone-warn", "tone-bad", "tone-ok"} <= set(re.findall(r'<path class="([a-z-]+)"', page))
    run = re.search(r'href="(/fleet/[0-9a-f-]{36})"', page)  # the one that goes on comes first
    assert run
    one = operator.page("GET", run[1]).content.decode()
    assert "canary: lock timeout" in one
    assert operator.page("GET", f"/fleet/{uuid7()}").status_code == 404
    assert admin("finance").page("GET", "/fleet").status_code == 403
    assert "Behind" in text(operator.page("GET", f"/tenants/{behind.id}").content.decode())
    with CaptureQueriesContext(connection) as seen:
        assert operator.page("GET", "/fleet").status_code == 200
    assert len(seen) <= 14, [query["sql"] for query in seen]


def test_a_map_of_many_shows_the_worst_of_each_cell() -> None:
    tones = [CURRENT] * 10_000
    tones[17], tones[18], tones[9_999] = BEHIND, FAILED, BEHIND
    picture = drawn(tones)
    cells = {tone: path.count("M") for tone, path in picture.paths}
    assert (picture.each, sum(cells.values())) == (17, -(-10_000 // 17))
    assert cells == {FAILED: 1, BEHIND: 1, CURRENT: sum(cells.values()) - 2} or cells[BEHIND] == 2
    assert sum(cells.values()) <= CELLS
    assert drawn([]).paths == []


def test_a_tenants_size_is_measured_and_stands_in_the_list(operator: Client, academy: Business) -> None:
    other = tenant_make()
    with tenant_scope(academy):
        quotas.set_limits({"students": quotas.Limit(500)})
        quotas.take("students", 321)
    user_make(academy, role="teacher")
    assert staff(academy).get("auth/me").status_code == 200
    facts = measured(academy)
    assert (facts["students"], facts["staff"]) == (321, 2)
    assert 500_000 < facts["bytes"] < 50_000_000
    assert abs((clock.now() - facts["active_at"]).total_seconds()) < 60
    assert usage_measure() >= 2
    with platform_scope():
        kept = Usage.objects.get(tenant=academy.id)
        assert (kept.students, kept.staff) == (321, 2)
        assert Usage.objects.get(tenant=other.id).active_at is None
    assert usage_measure() == 0
    page = operator.page("GET", f"/tenants?q={academy.slug}&order=students").content.decode()
    assert re.search(r'data-label="Students">321</td>.*data-label="Data">[0-9.]+ MB</td>.*just now', page, re.S)
    assert operator.page("GET", "/tenants?order=sideways").status_code == 200
    shown = text(operator.page("GET", f"/tenants/{academy.id}").content.decode())
    assert all(word in shown for word in ("Size and version", "Up to date", "321", academy.schema))


def test_a_tenants_page_asks_as_much_of_many_domains_as_of_none(operator: Client, academy: Business) -> None:
    address, asked = f"/tenants/{academy.id}", []
    for number in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert operator.page("GET", address).status_code == 200
        asked.append(len(seen))
        with platform_scope():
            for other in range(4):
                domain_claim(tenant=academy.id, domain=f"n{number}-{other}.{academy.public_id}.in")
    assert asked[0] == asked[1] <= 22, seen.captured_queries


def test_everything_of_a_tenant_is_packed_up_from_its_page(operator: Client, academy: Business) -> None:
    address = f"/tenants/{academy.id}"
    assert operator.page("POST", f"{address}/export", {"pack-reason": ""}).status_code == 422
    assert operator.page("POST", f"{address}/export", {"pack-reason": "they asked for it"}).status_code == 302
    page = text(operator.page("GET", address).content.decode())
    assert "they asked for it" in page
    assert admin("support").page("POST", f"{address}/export", {"pack-reason": "x"}).status_code == 403


def test_a_bundle_is_brought_back_from_its_page(operator: Client, academy: Business, library: Business) -> None:
    chief, address = admin("super_admin"), f"/tenants/{academy.id}"
    operator.page("POST", f"{address}/export", {"pack-reason": "before the move"})
    with platform_scope():
        row = BundleExport.objects.get(tenant=academy.id)
        BundleExport.objects.filter(id=row.id).update(state="done", sha256="ab" * 32, finished_at=clock.now())
    page = f"{address}/bundles/{row.id}"
    shown = text(operator.page("GET", page).content.decode())
    assert all(word in shown for word in ("before the move", "ab" * 32, "Stand it up"))
    assert "Danger zone" not in shown
    assert operator.page("GET", f"/tenants/{library.id}/bundles/{row.id}").status_code == 404
    taken = operator.page("POST", f"{page}/beside", {"beside-slug": library.slug, "beside-reason": "a trial"})
    assert (taken.status_code, "That address is taken" in taken.content.decode()) == (422, True)
    back = {"place-reason": "they deleted a batch", "place-confirm": academy.name}
    assert operator.page("POST", f"{page}/restore", back).status_code == 403
    at_work = chief.page("POST", f"{page}/restore", back)
    assert (at_work.status_code, "people are at work" in at_work.content.decode()) == (422, True)
    with platform_scope():
        assert not BundleRestore.objects.filter(bundle=row.id).exists()
        Tenant.objects.filter(id=academy.id).update(state="suspended")
    assert chief.page("POST", f"{page}/restore", back | {"place-confirm": "another"}).status_code == 422
    assert chief.page("POST", f"{page}/restore", back).status_code == 302
    stood = operator.page(
        "POST", f"{page}/beside", {"beside-slug": f"copy-{academy.public_id}", "beside-reason": "a trial"}
    )
    assert stood.status_code == 302
    assert "Stood up beside" in text(operator.page("GET", stood["Location"]).content.decode())
    kinds = re.findall("Brought back in its place|Stood up beside", text(chief.page("GET", page).content.decode()))
    assert kinds == ["Stood up beside", "Brought back in its place"]
