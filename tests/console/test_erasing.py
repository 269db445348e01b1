"""A tenant's whole way out: given notice, packed up, taken down, erased; what is left is what the law keeps, and listed."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kernel import clock as kernel_clock
from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope
from shared_apps.console.bundles.erasing import keep_until
from shared_apps.console.models import BundleExport, Erasure
from shared_apps.credits.models import Order
from shared_apps.payments.models import Payment
from shared_apps.tenants.models import Tenant
from tests.conftest import TestClock
from tests.console.test_offboarding import begun, furnished, objects_below, state_of, taken_down
from tests.support.people import admin
from tests.support.queue import empty_queue
from tests.support.sql import ddl_cursor

__all__ = ["empty_queue"]

pytestmark = pytest.mark.usefixtures("bucket")


def naming(*words: str) -> set[str]:
    """The tables of public in whose rows any of the words stands, wherever it is."""
    with ddl_cursor("public") as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        tables = [table for (table,) in cursor.fetchall()]
        found = set()
        for table in tables:
            cursor.execute(f'SELECT EXISTS (SELECT FROM public."{table}" t WHERE t::text ~* %s)', ["|".join(words)])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def credits_bought(business: Business) -> None:
    """An order for credits that was filled, and a payment for it that lapsed: both are in the operator's books."""
    moment = kernel_clock.now()
    with platform_scope():
        order = Order.objects.create(
            schema=business.schema, channel="sms", units=10, unit_price=25, amount_paise=250, state="filled", key="one",
            payment="pay-1", placed_at=moment, paid_at=moment, filled_at=moment,
        )  # fmt: skip
        Payment.objects.create(
            reference=f"{business.public_id}-credits", purpose="credits.purchase", subject=str(order.id),
            amount_paise=250, state="expired", description="10 SMS", payer_id=uuid7(), payer_name="Owner",
            payer_phone="+919800000001", gateway="cashfree", expires_at=moment,
        )  # fmt: skip


def test_what_is_left_of_a_tenant_that_went_the_whole_way_is_what_the_law_keeps(clock: TestClock) -> None:
    business = furnished()
    credits_bought(business)
    with platform_scope():
        owner = f"owner-{business.public_id}@school.in"
        Tenant.objects.filter(id=business.id).update(
            owner_email=owner, owner_name=f"Owner {business.public_id}", owner_phone="+919812345678"
        )
    leaving = begun(business)
    jobs.drain()
    for too_early in (timedelta(0), timedelta(days=29)):
        clock.move(seconds=too_early.total_seconds())
        with pytest.raises(CommandError, match=r"console\.not_erasable"):
            call_command("tenant", "erase", str(business.id), "--yes", business.slug)
    assert naming(owner) >= {"tenants_tenant", "messaging_message"}
    taken_down(clock, leaving)
    assert state_of(business) == "deleted"
    with platform_scope():
        bundle = BundleExport.objects.get(tenant=business.id)
    # The bundle is handed over as long as it is there, and the tenant's name is all that is asked for.
    handed = admin("operations").post(f"tenants/{business.id}/export/{bundle.id}/links", key=str(uuid7()))
    assert (handed.status_code, len(handed.json()["parts"])) == (201, 3)
    packed = objects_below(f"{bundle.key}/")
    assert packed == 3

    said = StringIO()
    call_command("tenant", "erase", str(business.id), "--yes", business.slug, "--reason", "left", stdout=said)
    told: dict[str, Any] = json.loads(said.getvalue())
    assert {table: kept["rows"] for table, kept in told["kept"].items()} == {
        "payments_payment": 1,
        "credits_order": 1,
        "ledger_transfer": 4,  # given, set aside, freed, gone back
        "ledger_account": 2,
        "tenants_host": 2,
        "tenants_tenant": 1,
    }
    assert all(kept["why"] for kept in told["kept"].values())
    assert told["gone"] == {"objects of bundles": packed, "letters to its owner": 2}
    assert told["keep_until"] == str(keep_until(kernel_clock.today()))
    assert objects_below(f"bundles/{business.public_id}/") == 0
    with platform_scope():
        row = Tenant.objects.get(id=business.id)
        assert (row.state, row.schema_name, row.owner_name, row.owner_email, row.owner_phone) == (
            "deleted",
            None,
            "",
            "",
            "",
        )
        assert BundleExport.objects.get(tenant=business.id).state == "erased"
        assert Erasure.objects.get(tenant=business.id).kept == told["kept"]
    gone = admin("operations").post(f"tenants/{business.id}/export/{bundle.id}/links", key=str(uuid7()))
    assert (gone.status_code, gone.json()["code"]) == (410, "console.bundle_erased")
    assert naming(owner, f"Owner {business.public_id}") == set()
    assert "Erased for good" in admin().page("GET", f"/tenants/{business.id}").content.decode()
    # Said twice, it says the same.
    again = StringIO()
    call_command("tenant", "erase", str(business.id), "--yes", business.slug, stdout=again)
    assert json.loads(again.getvalue()) == told
