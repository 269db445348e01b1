"""What the operator's own schema holds for the matrix."""

import io

from kernel import clock, inbox
from kernel.http.actor import Actor
from kernel.inbox import receive
from kernel.jobs.progress.services import progress_start
from kernel.tenancy import platform_business, platform_scope
from shared_apps.accounts.services import Device, sign_in_start
from tests.isolation.world import PASSWORD, World, jobs_carry_out
from tests.support.people import Client, email_make, signed_in, user_make
from tests.support.tenants import tenant_make


def operator_seed(world: World) -> None:
    admins_seed(world)
    belongings_seed(world)
    support_seed(world)
    bundle_seed(world)
    world.keep(tenant_spare=tenant_make().id, tenant_asleep=tenant_make(state="suspended").id)
    leaving_seed(world)
    unique = world.home.public_id
    world.ids |= {"plan_new": f"n{unique}", "plan_kept": f"k{unique}", "vendor_new": f"v{unique}"}
    world.ids |= {"slug_new": f"new-{unique}", "plan_starter": "starter", "cadence_operator": "inbox.trim"}
    with platform_scope():
        from shared_apps.console.provisioning import steps_plan
        from shared_apps.credits.models import Vendor
        from shared_apps.plans import services as plans
        from shared_apps.plans.models import Plan

        world.keep(vendor=Vendor.objects.get(code="msg91", channel="sms"))
        steps_plan(world.uuid("tenant_spare"))
        starter = Plan.objects.get(code="starter")
        facts = {"monthly_paise": 1, "yearly_paise": 1, "trial_days": 0, "features": [], "public": False}
        plans.plan_add(code=world.ids["plan_kept"], name="canary-A kept", position=902, limits=starter.limits, **facts)
        world.limits = dict(starter.limits)


def leaving_seed(world: World) -> None:
    """Tenants that leave: one to look at, one to stop, one that is to be asked to; and one that never opens."""
    from shared_apps.console.offboarding import offboarding_begin

    world.keep(tenant_going=tenant_make().id, tenant_unmade=tenant_make(state="provisioning").id)
    for name in ("tenant_leaving", "tenant_staying"):
        business = tenant_make()
        with platform_scope():
            offboarding_begin(tenant=business.id, reason="canary-A leaves")
        world.keep(**{name: business.id})


def bundle_seed(world: World) -> None:
    from shared_apps.console.models import BundleExport, BundleRestore

    facts = {"reason": "canary-A", "schema": world.home.schema, "key": "bundles/canary-A", "requested_at": clock.now()}
    with platform_scope():
        world.keep(bundle=BundleExport.objects.create(tenant_id=world.home.id, state="failed", **facts))
        whole = {"sha256": "a" * 64, "finished_at": clock.now()}
        world.keep(bundle_whole=BundleExport.objects.create(tenant_id=world.home.id, state="done", **facts, **whole))
        refused = {"reason": "canary-A", "kind": "place", "state": "failed", "started_at": clock.now()}
        world.keep(
            restore_refused=BundleRestore.objects.create(
                bundle_id=world.ids["bundle_whole"], tenant_id=world.home.id, **refused
            )
        )


def admins_seed(world: World) -> None:
    platform = platform_business()
    user = user_make(platform, role="super_admin", name="canary-A admin", password=PASSWORD)
    world.ids["admin_email"] = str(user.email)
    with platform_scope():
        made = [sign_in_start(user=user, device=Device(name="canary-A")) for _ in range(6)]
    first, device, leaving, gone, swapped, shown = made
    world.clients["admin"] = Client(platform, tokens=first, user=user)
    world.clients["admin_logout"] = Client(platform, tokens=leaving, user=user)
    world.clients["admin_leaving"] = Client(platform, tokens=gone, user=user)
    world.clients["reader"] = signed_in(platform, "admin", "read_only")
    world.clients["admin_leaving_all"] = signed_in(platform, "admin", "read_only")
    world.ids |= {"admin_device_page": str(shown.sign_in)}
    world.ids |= {"admin_device": str(device.sign_in), "admin_refresh": swapped.refresh}
    world.ids |= {"email_1": email_make(), "email_2": email_make()}
    for name in ("admin_spare", "admin_going", "admin_shut"):
        world.keep(**{name: user_make(platform, role="support", name=f"canary-A {name}")})


def belongings_seed(world: World) -> None:
    """A file, a notice, a text, a piece of long work and a callback of the operator's own."""
    from shared_apps.files import services as files
    from shared_apps.messaging import services as messaging
    from shared_apps.messaging.models import Notification, Template

    admin = world.clients["admin"].user
    assert admin
    source = inbox.sources.sources()["messages/webhook/msg91"]
    with platform_scope():
        kept = files.put(name="canary-A.csv", body=io.BytesIO(b"canary-A"), content_type="text/csv", owner=admin.id)
        messaging.templates_seed()
        messaging.notification_send(users=[admin.id], title="canary-A news")
        world.keep(
            file_operator=kept,
            template_operator=Template.objects.get(name="welcome", channel="email", language="en"),
            notification_operator=Notification.objects.get(user=admin.id),
            progress_operator=progress_start(kind="tests.work"),
        )
    name = f"canary-A {world.home.public_id}"
    arrival = receive.Arrival(platform_business(), source, {}, name.encode())
    (job,) = receive._store([(arrival, inbox.accepted(name, "report"))])
    world.keep(callback_operator=job)
    jobs_carry_out(platform_business(), "messaging.reports_receive", only=job)
    again = receive.Arrival(platform_business(), source, {}, f"{name} again".encode())
    (job,) = receive._store([(again, inbox.accepted(f"{name} again", "report"))])
    world.keep(callback_page=job)
    jobs_carry_out(platform_business(), "messaging.reports_receive", only=job)


def support_seed(world: World) -> None:
    """A visit of the operator's support at home, asked for and not yet begun."""
    from shared_apps.console.support import support_begin

    admin = world.clients["admin"].user
    assert admin
    with platform_scope():
        by = Actor(kind="admin", user_id=admin.id)
        world.keep(support_visit=support_begin(tenant=world.home.id, reason="canary-A looks", by=by))
