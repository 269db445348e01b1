"""A tenant that is lived in, packed up and brought back: what the tests of bundles stand on."""

import io
from typing import Any

import pytest

from kernel import jobs
from kernel.jobs.models import Job
from kernel.tenancy import Business, copies, platform_scope, tenant_scope
from kernel.tenancy.models import ReadySchema
from shared_apps.console.bundles import bundle_export, bundle_restore
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.credits import services as credits
from shared_apps.files import services as files
from shared_apps.plans import services as plans
from shared_apps.tenants import services as tenants
from tests.support.people import phone_make

# What a restore does not take back: the trail says that it happened, and a number once given is never given again.
SINCE = {"audit_entry", "people_codeseries"}
UNTOLD = {"audit_entry", "jobs_job", "console_bundleexport", "console_bundlerestore", "tenancy_readyschema"}


Tables = dict[str, copies.Held]


def lived_in(business: Business) -> dict[str, Any]:
    """A plan, a wallet with 100 units, two students, two files."""
    from tenant_apps.people import services as people
    from tenant_apps.people.drafts import draft_of

    with platform_scope():
        plans.plans_ensure()
        plans.subscription_start(schema=business.schema, plan="professional")
        credits.defaults_ensure()
        credits.wallet_open(schema=business.schema)
        credits.vendor_purchase(vendor="msg91", channel="sms", units=100, key=f"for {business.schema}")
        credits.allocate(business=business, channel="sms", units=100, key=f"for {business.schema}")
        limits = plans.selectors.limits_of("professional")
    with tenant_scope(business):
        from kernel import quotas

        quotas.set_limits(limits)
        branch = people.branch_create(name="Kothrud", code="KTR", kind="academy", city="Pune")
        for name in ('Ana, "the first"\nof hers', "Ravi \\. é"):
            people.student_create(draft=draft_of({"name": name, "phone": phone_make()}), branch=branch)
        kept = [files.put(name=f"{n}.txt", body=io.BytesIO(f"file {n}".encode() * n)) for n in (1, 30_000)]
    return {"files": [(file.id, file.key) for file in kept]}


def held(schema: str) -> Tables:
    with copies.moment(schema) as moment:
        return moment.held()


def everybody_else(business: Business) -> dict[str, Any]:
    """What all other schemas and public hold, by table, but for the trail and the queue."""
    with platform_scope():
        others = ReadySchema.objects.exclude(name=business.schema).exclude(state="dropped").order_by("number")
        names = list(others.values_list("name", flat=True))
    public = {name: table for name, table in held("public").items() if name not in UNTOLD}
    return {"public": public, **{name: held(name) for name in names}}


def exported(business: Business) -> BundleExport:
    with platform_scope():
        bundle = bundle_export(tenant=business.id, reason="nightly")
    jobs.drain()
    return fresh(bundle)


def fresh(row: Any) -> Any:
    with platform_scope():
        return type(row).objects.select_related("tenant").get(pk=row.pk)


def suspended(business: Business) -> None:
    with platform_scope():
        tenants.tenant_suspend(tenant=business.id, reason="restore")


def restored(bundle: BundleExport, **how: Any) -> BundleRestore:
    with platform_scope():
        restore = bundle_restore(bundle=bundle.id, reason="asked by its owner", **how)
    jobs.drain()
    return fresh(restore)


def restore_asked(home: tuple[Business, dict[str, Any]]) -> tuple[BundleRestore, Tables, Tables]:
    """A bundle that is to come back after a day has passed; what its tenant held when it was taken, and holds now."""
    business, facts = home
    before = held(business.schema)
    bundle = exported(business)
    changed(business, facts)
    suspended(business)
    now = held(business.schema)
    with platform_scope():
        return bundle_restore(bundle=bundle.id, reason="asked by its owner"), before, now


def differing(schema: str, other: Tables) -> set[str]:
    return {name for name, one in held(schema).items() if one != other[name]}


def changed(business: Business, facts: dict[str, Any]) -> None:
    """A day passes."""
    from tenant_apps.people import services as people
    from tenant_apps.people.drafts import draft_of
    from tenant_apps.people.models import Branch, Student

    with tenant_scope(business):
        Student.objects.filter(name__startswith="Ana").update(name="Somebody else")
        Student.objects.exclude(name="Somebody else").delete()
        people.student_create(draft=draft_of({"name": "New", "phone": phone_make()}), branch=Branch.objects.get())
        files.file_remove(file_id=facts["files"][0][0])
        files.put(name="new.txt", body=io.BytesIO(b"new"))


def job_of(handler: str, *, tried: int) -> Any:
    """The latest job of a handler, as if it had been tried so often."""
    with platform_scope():
        # Other tests may have put theirs with their clock ahead; what has ended is none of ours.
        job = Job.objects.filter(handler=handler).exclude(state__in=("done", "dead")).latest("created_at")
        Job.objects.filter(id=job.id).update(attempts=tried, due=job.created_at)
        return job.id


def dead() -> None:
    """What is due ends with a dead letter."""
    with pytest.raises(jobs.JobsDied):
        jobs.drain()


@pytest.fixture
def home(academy: Business, bucket: str) -> tuple[Business, dict[str, Any]]:
    return academy, lived_in(academy)
