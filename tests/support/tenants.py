"""Fresh businesses for tests: a schema from the stock, rows in the operator's schema, nothing else."""

from collections.abc import Iterator

from kernel import clock
from kernel.ids import public_id
from kernel.tenancy import Business, platform_scope
from kernel.tenancy.directory import forget
from kernel.tenancy.schemas import schema_claim, schema_create
from tests.support.recycling import schema_recycle


def tenant_make(
    *, kind: str = "academy", state: str = "active", plan: str = "professional", slug: str = ""
) -> Business:
    """An active tenant with both hosts. Nothing is seeded: no users, no templates, no quotas."""
    from django.conf import settings

    from shared_apps.tenants.models import Host, Tenant

    with platform_scope():
        schema = schema_claim()
    if schema is None:
        schema_create()
        with platform_scope():
            schema = schema_claim()
    name = public_id()
    slug = slug or f"{kind}-{name[:8]}"
    with platform_scope():
        moment = clock.now()
        tenant = Tenant(
            public_id=name, schema_name=schema, name=f"{kind.title()} {name}", slug=slug, kind=kind, state=state, plan=plan,
            owner_name="Asha Rao", owner_email=f"owner@{slug}.example", owner_phone="+919800000001",
            created_at=moment, updated_at=moment,
        )  # fmt: skip
        tenant.save(force_insert=True)
        for host_kind, label in (("permanent", name), ("slug", slug)):
            Host.objects.create(
                tenant=tenant, domain=f"{label}.{settings.BARE_DOMAIN}", kind=host_kind, created_at=moment
            )
    forget()
    return tenant.business()


def passing(*, kind: str) -> Iterator[Business]:
    """For a fixture: a tenant that is gone when the test has ended."""
    business = tenant_make(kind=kind)
    yield business
    schema_recycle(business)
