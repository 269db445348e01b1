"""The operator's pages: found, made, watched, suspended; each list asks a fixed number of questions."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import jobs
from kernel.ids import public_id
from kernel.tenancy import Business, platform_scope
from shared_apps.plans.services import plans_ensure
from shared_apps.tenants.models import Tenant
from tests.support.people import Client, admin
from tests.support.tenants import tenant_make


@pytest.fixture(scope="module")
def operator() -> Client:
    with platform_scope():
        plans_ensure()
    client = admin("operations")
    assert client.session
    return client


def wanted(**changes: str) -> dict[str, str]:
    slug = f"asha-{public_id()}"
    facts = {"name": f"Asha {slug}", "slug": slug, "kind": "academy", "plan": "starter", "owner_name": "Asha Rao"}
    facts |= {"owner_email": f"owner@{slug}.example", "owner_phone": "98765 43210", "language": "hi"}
    return facts | changes


def test_a_tenant_is_asked_for_watched_and_opened(operator: Client) -> None:
    form = wanted()
    asked = operator.page("POST", "/tenants/new", form)
    assert asked.status_code == 302
    address = asked["Location"]
    watched = operator.page("GET", f"{address}/steps", headers={"HX-Request": "true"})
    assert f'topic="provisioning.{address.rsplit("/", 1)[1]}"' in watched.content.decode()
    assert watched.content.decode().count("step-waiting") == 9
    assert "HX-Refresh" not in watched.headers
    jobs.drain()
    done = operator.page("GET", f"{address}/steps", headers={"HX-Request": "true"})
    assert (done["HX-Refresh"], done.content.decode().count("step-done")) == ("true", 9)
    page = operator.page("GET", address).content.decode()
    assert "Trial" in page
    assert f"http://{form['slug']}.localhost" in page
    assert "+919876543210" in page
    # The same address again is refused at its field, with free ones beside it, and makes nothing.
    with platform_scope():
        before = Tenant.objects.count()
    again = operator.page("POST", "/tenants/new", wanted(slug=form["slug"]))
    assert again.status_code == 422
    assert "That address is taken" in again.content.decode()
    said = operator.page("GET", f"/tenants/slug?slug={form['slug']}").content.decode()
    assert f'data-value="{form["slug"]}-academy"' in said
    assert "kept for the platform" in operator.page("GET", "/tenants/slug?slug=www").content.decode()
    assert "is free" in operator.page("GET", f"/tenants/slug?slug={wanted()['slug']}").content.decode()
    assert operator.page("POST", "/tenants/new", wanted(owner_phone="12")).status_code == 422
    with platform_scope():
        assert Tenant.objects.count() == before


def test_tenants_are_found_by_what_is_known_of_them(operator: Client, academy: Business) -> None:
    late = tenant_make(state="past_due")

    def found(query: str) -> set[str]:
        page = operator.page("GET", f"/tenants?{query}").content.decode()
        return set(re.findall(r"<small class=\"clip\">([^<]+)</small>", page))

    assert found(f"q={academy.slug}") == {academy.slug}
    assert found(f"q={academy.slug.upper()}&state=active") == {academy.slug}
    assert found(f"q={academy.slug}&state=past_due") == set()
    assert late.slug in found("state=past_due")
    assert found(f"q={late.slug}&kind=library") == set()
    none = operator.page("GET", "/tenants?q=%25nothing%25").content.decode()
    assert "Nothing matches" in none
    assert operator.page("GET", "/tenants?page=99999&q=%00").status_code == 400


def test_a_tenant_is_suspended_by_its_address_and_opened_again(operator: Client, academy: Business) -> None:
    address = f"/tenants/{academy.id}"
    slip = operator.page("POST", f"{address}/suspend", {"reason": "unpaid", "confirm": "another"})
    assert slip.status_code == 422
    assert "not the address of this tenant" in slip.content.decode()
    given = {"reason": "three invoices unpaid", "confirm": academy.slug}
    assert operator.page("POST", f"{address}/suspend", given).status_code == 302
    page = operator.page("GET", address).content.decode()
    assert "three invoices unpaid" in page
    assert operator.page("POST", f"{address}/reactivate").status_code == 302
    with platform_scope():
        assert Tenant.objects.get(id=academy.id).state == "active"
        Tenant.objects.filter(id=academy.id).update(state="provisioning")
    refused = operator.page("POST", f"{address}/suspend", given)
    assert refused.status_code == 409
    assert "present state does not allow" in refused.content.decode()


def test_a_role_sees_what_it_may(academy: Business) -> None:
    reader = admin("read_only")
    page = reader.page("GET", "/tenants").content.decode()
    assert "/tenants/new" not in page
    refused = reader.page("GET", "/tenants/new")
    assert refused.status_code == 403
    assert "You may not do this" in refused.content.decode()
    assert reader.page("POST", f"/tenants/{academy.id}/suspend", {"reason": "x", "confirm": "x"}).status_code == 403
    assert 'data-opens="suspend"' not in reader.page("GET", f"/tenants/{academy.id}").content.decode()


@pytest.mark.parametrize(("path", "most"), [("/tenants", 5), ("/", 19), ("/tenants/new", 4)])
def test_a_page_asks_as_much_of_few_as_of_many(operator: Client, path: str, most: int) -> None:
    for _ in range(3):
        tenant_make()
    assert operator.page("GET", path).status_code == 200
    with CaptureQueriesContext(connection) as seen:
        assert operator.page("GET", path).status_code == 200
    assert len(seen) <= most, [query["sql"] for query in seen]
