"""How each kind of work is tried: with which arguments, as whom, and which tables it is there to change."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from connectors.sms.port import Report, Verdict
from kernel import clock, jobs
from kernel.ids import uuid7
from kernel.sealing import seal
from kernel.tenancy import platform_scope, tenant_scope
from kernel.tenancy.fleet.backfill import Batch, backfill, backfill_run
from kernel.tenancy.models import BackfillPosition
from kernel.tenancy.scope import schema_scope
from shared_apps.accounts.events import OtpWanted, PasswordLinkWanted
from shared_apps.credits.events import CreditsLow
from shared_apps.payments.events import PaymentSettled
from shared_apps.tenants.events import DomainMoved
from tenant_apps.bookings.events import BookingConfirmed
from tenant_apps.libraries.events import SeatChanged
from tests.isolation.world import World
from tests.support.tenants import tenant_make


@dataclass(frozen=True)
class Work:
    """One kind of work with arguments made of the world; `changes` are tables of its business it must change."""

    args: Callable[[World], dict[str, Any]] = lambda world: {}
    changes: frozenset[str] = frozenset()
    operators: bool = False


def _work(args: Any = None, *changes: str, operators: bool = False) -> Work:
    """Arguments are a template filled with ids, an event made of them, or a function of the world."""
    if args is None or isinstance(args, dict):
        return Work(lambda world: world.filled(args or {}), frozenset(changes), operators)
    return Work(args, frozenset(changes), operators)


def _domain_moved(world: World) -> jobs.Event:
    return DomainMoved(tenant=world.ids["home"], domain="www.canary-a.in", what="proven")


def _event(make: Callable[[World], jobs.Event]) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"event": asdict(make(world))}


def _settled(purpose: str, reference: str, payment: str, amount_paise: int) -> Callable[[World], dict[str, Any]]:
    def event(world: World) -> PaymentSettled:
        return PaymentSettled(
            payment=world.ids.get(payment, payment),
            purpose=purpose,
            reference=world.ids[reference],
            amount_paise=amount_paise,
            receipt="canary-A/1",
        )

    return _event(event)


def _otp(world: World) -> OtpWanted:
    with tenant_scope(world.home):
        code = seal("123456", context="accounts.otp")
    later = (clock.now() + timedelta(days=365)).isoformat()
    return OtpWanted(phone=world.ids["asker_phone"], code_sealed=code, purpose="sign_in", expires_at=later)


def _link(world: World) -> PasswordLinkWanted:
    with tenant_scope(world.home):
        token = seal("canary-A token", context="accounts.password")
    return PasswordLinkWanted(
        user=world.ids["owner_user"],
        email=world.ids["asker_email"],
        person="canary-A",
        reason="reset",
        token_sealed=token,
        expires_at=(clock.now() + timedelta(days=365)).isoformat(),
    )


def _low(world: World) -> CreditsLow:
    return CreditsLow(schema=world.home.schema, channel="sms", available=1, low_at=2)


def _report(world: World) -> dict[str, Any]:
    from shared_apps.messaging import services

    told = Report(
        vendor_reference="canary-A",
        phone="+919800000000",
        reference=f"{world.home.public_id}.{world.uuid('message_sms').hex}",
        verdict=Verdict.DELIVERED,
    )
    return {"reports": [asdict(services.told("msg91", told))]}


def _tenant_wanted(world: World) -> dict[str, Any]:
    from shared_apps.console.services import tenant_create

    name = uuid7().hex[-10:]
    with platform_scope():
        tenant = tenant_create(
            name="Wanted",
            slug=f"wanted-{name}",
            kind="academy",
            plan="starter",
            owner_name="Owner",
            owner_email=f"{name}@school.in",
            owner_phone="+919812345678",
        )
    return {"tenant": str(tenant.id)}


def _bundle_wanted(world: World) -> dict[str, Any]:
    from shared_apps.console.bundles import bundle_export

    with platform_scope():
        return {"bundle": str(bundle_export(tenant=world.home.id, reason="canary-A").id)}


def _restore_wanted(world: World) -> dict[str, Any]:
    from shared_apps.console.bundles import bundle_stand_up
    from shared_apps.console.bundles.exporting import bundle_take

    bundle = UUID(_bundle_wanted(world)["bundle"])
    bundle_take(bundle)
    with platform_scope():
        slug = f"beside-{uuid7().hex[-10:]}"
        return {"restore": str(bundle_stand_up(bundle=bundle, slug=slug, reason="canary-A").id)}


def _leaving(world: World) -> dict[str, Any]:
    from shared_apps.console.offboarding import offboarding_begin

    business = tenant_make()
    with platform_scope():
        return {"offboarding": str(offboarding_begin(tenant=business.id, reason="canary-A leaves").id)}


def _queued(world: World) -> dict[str, Any]:
    from shared_apps.messaging.services import message_queue

    with tenant_scope(world.home):
        message_queue(
            template="welcome", to="canary-a@school.in", channel="email", key=str(uuid7()), values={"name": "canary-A"}
        )
    return {}


def _backfill(world: World) -> dict[str, Any]:
    """Through everywhere but at home, so that the operator's note of the other's place is no change of it."""
    backfill("tests.isolation")(lambda cursor, after, size: Batch(0, None))
    backfill_run("tests.isolation", pause_s=0)
    with schema_scope("public"):
        positions = BackfillPosition.objects.using("ddl").filter(backfill="tests.isolation", schema=world.home.schema)
        assert positions.update(is_done=False) == 1
    assert world.watch.look() <= {"public.tenancy_backfillposition.schema"}
    return {"name": "tests.isolation"}


HANDLERS: dict[str, Work] = {
    # kernel
    "idempotency.purge": _work(),
    "inbox.trim": _work(operators=True),
    "jobs.trim": _work(operators=True),
    "tenancy.backfill": _work(_backfill, "tenancy_backfillposition", operators=True),
    # tenants
    "tenants.domain_look": _work({"domain": "{domain_A}"}, "tenants_customdomain", operators=True),
    "tenants.domains_look": _work(operators=True),
    "tenants.registry_look": _work(operators=True),
    # accounts
    "accounts.forget": _work(None, "accounts_otpchallenge"),
    "accounts.support_close": _work({"visit": "{support_visit}"}, "accounts_supportvisit"),
    # console
    "console.bundle_export": _work(_bundle_wanted, "console_bundleexport", operators=True),
    "console.bundle_restore": _work(_restore_wanted, "console_bundlerestore", "tenants_tenant", operators=True),
    "console.tenant_move": _work({"schema": "t_0", "node": "none:1"}, operators=True),
    "console.domain_tell": _work(_event(_domain_moved), operators=True),
    "console.offboard": _work(_leaving, "console_offboardingstep", operators=True),
    "console.offboardings": _work(operators=True),
    "console.pool_fill": _work(operators=True),
    "console.provision": _work(_tenant_wanted, "tenants_tenant", operators=True),
    "console.usage": _work(None, "tenants_usage", operators=True),
    # credits
    "credits.low_sweep": _work(operators=True),
    "credits.low_announce": _work(lambda w: {"schema": w.home.schema, "channel": "sms", "available": 1, "low_at": 2}),
    "credits.credits_paid": _work(
        _settled("credits.purchase", "order_A", "payment_of_order", 7_771 * 25), "credits_order", operators=True
    ),
    # messaging
    "messaging.otp_send": _work(_event(_otp), "messaging_message"),
    "messaging.password_link_send": _work(_event(_link), "messaging_message"),
    "messaging.payment_tell": _work(_settled("fees.due", "due_paid", "payment_paid", 150_002), "messaging_message"),
    "messaging.credits_low_tell": _work(_event(_low), "messaging_message", "messaging_notification"),
    "messaging.reports_receive": _work({"callback": "{callback_A}"}),
    "messaging.reports_apply": _work(_report),
    "messaging.send": _work(_queued, "messaging_message", "messaging_batch"),
    "messaging.sweep": _work(),
    # payments
    "payments.callback": _work({"callback": "{callback_gateway}"}),
    "payments.poll": _work(),
    "payments.refund_send": _work({"refund": "{refund}"}, "payments_refund"),
    "payments.surplus_return": _work({"gateway_payment": "{money_payment_paid}"}, "payments_refund"),
    # people, bookings, classes, fees
    "people.import_run": _work({"student_import": "{import_waiting}"}, "people_student", "people_studentimport"),
    "people.export_run": _work(
        {
            "work": "{import_undone}",
            "query": "",
            "chosen": [],
            "user": "{student}",
            "branches": None,
            "numbers": True,
        },
        "files_file",
        "progress_progress",
    ),
    "bookings.expire": _work(None, "bookings_booking"),
    "bookings.bookings_paid": _work(
        _settled("bookings.booking", "booking", "payment_paid", 45_000), "bookings_booking"
    ),
    "bookings.bookings_seat_redraw": _work(
        _event(lambda w: SeatChanged(seat=w.ids["seat_5"], hall=w.ids["hall"])), "bookings_seatmap"
    ),
    "bookings.bookings_tell": _work(
        _event(lambda w: BookingConfirmed(booking=w.ids["booking_now"])), "messaging_message"
    ),
    "classes.expire": _work(None, "classes_liveclass"),
    "fees.fees_settle": _work(_settled("fees.due", "due", "payment_pending", 150_000), "fees_due"),
    "fees.fees_tell": _work(_settled("fees.due", "due", "payment_pending", 150_000), "messaging_notification"),
    "campaigns.queue": _work({"campaign": "{campaign_sending}"}, "campaigns_campaign", "messaging_message"),
}
