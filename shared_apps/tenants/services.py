"""Writes to tenants: made on request, edited, moved from state to state. Runs in the platform's scope.

Every change of state goes through `_move`, which knows the states it may come from, audits it, and makes this process
forget what it had cached; other processes trust their copy for at most a second.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import F

from kernel import audit, clock, jobs, realtime
from kernel.http.lookup import found
from kernel.phone import phone
from kernel.tenancy import ALIVE_STATES, UNMADE_STATES
from kernel.tenancy.directory import forget
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import schema_claim
from shared_apps.tenants.domains import (  # noqa: F401 - of this door
    domain_ask,
    domain_claim,
    domain_release,
    domains_look,
    domains_release,
)
from shared_apps.tenants.errors import SlugTaken, StateForbids, ZoneUnknown
from shared_apps.tenants.freeing import name_free  # noqa: F401 - of this door
from shared_apps.tenants.models import Host, Tenant
from shared_apps.tenants.selectors import CLOSED, slugs_taken
from shared_apps.tenants.slugs import domain_of, slug_check
from shared_apps.tenants.usage import usage_note  # noqa: F401 - of this door

State = Tenant.State


@transaction.atomic
def tenant_request(
    *,
    name: str,
    slug: str,
    kind: str,
    plan: str,
    owner_name: str,
    owner_email: str,
    owner_phone: str,
    zone: str = "Asia/Kolkata",
    language: str = "en",
) -> Tenant:
    """Note a tenant to be provisioned, in state `requested`; its slug is taken from now on.

    Raises SlugInvalid, SlugReserved, SlugTaken, PhoneInvalid, ZoneUnknown; nothing is written then.
    """
    _slug_free(slug_check(slug))
    moment = clock.now()
    tenant = Tenant(
        name=name.strip(),
        slug=slug,
        kind=kind,
        plan=plan,
        owner_name=owner_name.strip(),
        owner_email=owner_email.strip().lower(),
        # Nobody knows the owner of what stands up from the bundle of a tenant that was never here.
        owner_phone=phone(owner_phone, field="owner_phone") if owner_phone or owner_email else "",
        zone=_zone(zone),
        language=language,
        created_at=moment,
        updated_at=moment,
    )
    _write(tenant, force_insert=True)
    audit.record(
        action="tenants.request",
        subject_type="tenant",
        subject_id=str(tenant.id),
        changes={"state": [None, tenant.state], "slug": [None, slug]},
    )
    return tenant


@transaction.atomic
def tenant_edit(*, tenant: UUID, **changes: Any) -> Tenant:
    """Change `name`, `slug`, `zone`, `language` or the owner's contact.

    A new slug gets a host at once; the old one is closed for a year. Raises as `tenant_request`, and StateForbids for
    one that has left.
    """
    row = tenant_locked(tenant)
    if row.state == State.DELETED:
        raise StateForbids(state=row.state, wanted="edit")
    moved: dict[str, list[Any]] = {}
    if "owner_phone" in changes:
        changes["owner_phone"] = phone(changes["owner_phone"], field="owner_phone")
    if "zone" in changes:
        _zone(changes["zone"])
    old_slug = row.slug
    for field, value in changes.items():
        if getattr(row, field) != value:
            moved[field] = [getattr(row, field), value]
            setattr(row, field, value)
    if not moved:
        return row
    if "slug" in moved:
        _slug_free(slug_check(row.slug), but=row.id)
        _rehost(row, old_slug)
    _save(row)
    # A contact is personal: the trail says that it changed, not to what.
    for field in ("owner_phone", "owner_email", "owner_name"):
        if field in moved:
            moved[field] = ["…", "…"]
    audit.record(action="tenants.edit", subject_type="tenant", subject_id=str(row.id), changes=moved)
    return row


@transaction.atomic
def tenant_present(*, schema: str, **changes: Any) -> dict[str, list[Any]]:
    """Change how a tenant presents itself: `name`, `zone`, `language`, `brand` (six hexadecimal digits), `logo` (a file
    of its own). In the operator's scope or the crossing `tenants.present`; the caller audits what is given back, the old
    and new of each. Raises ZoneUnknown.
    """
    if "zone" in changes:
        _zone(changes["zone"])
    row = Tenant.objects.filter(schema_name=schema)
    before = row.values(*changes).get()
    moved = {name: [before[name], value] for name, value in changes.items() if before[name] != value}
    if moved:
        values = {name: new for name, (_, new) in moved.items()}
        row.update(**values, version=F("version") + 1, updated_at=clock.now())
        transaction.on_commit(forget)
    return moved


def tenant_provisioning_begin(*, tenant: UUID) -> Tenant:
    """requested → provisioning; repeating it changes nothing."""
    return _move(tenant, State.PROVISIONING, come_from=(State.REQUESTED,), action="tenants.provision")


@transaction.atomic
def tenant_take_schema(*, tenant: UUID) -> str | None:
    """Give the tenant a schema from the stock; repeating it gives the same. None when the stock is empty."""
    row = tenant_locked(tenant)
    if row.schema_name is None:
        row.schema_name = schema_claim()
        _save(row)
    return row.schema_name


@transaction.atomic
def tenant_take_hosts(*, tenant: UUID) -> None:
    """The permanent host and the slug's; repeating it changes nothing."""
    row = tenant_locked(tenant)
    for kind, label in ((Host.Kind.PERMANENT, row.public_id), (Host.Kind.SLUG, row.slug)):
        Host.objects.get_or_create(
            domain=domain_of(label), tenant=row, defaults={"kind": kind, "created_at": clock.now()}
        )


@transaction.atomic
def tenant_decline(*, tenant: UUID, reason: str) -> Tenant:
    """requested or provisioning → deleted, so that of this and its opening one happens. Raises StateForbids.

    What it has taken by then is still its own: `tenant_lets_go` and `tenant_unname` end that.
    """
    return _move(tenant, State.DELETED, come_from=UNMADE_STATES, action="tenants.decline", reason=reason)


@transaction.atomic
def tenant_unname(*, tenant: UUID) -> None:
    """Give the addresses of a tenant that never opened back at once: nobody has a link to them."""
    Host.objects.filter(tenant=tenant_locked(tenant)).delete()
    transaction.on_commit(forget)


def tenant_open(*, tenant: UUID) -> Tenant:
    """provisioning → trial: its people may work."""
    return _move(tenant, State.TRIAL, come_from=(State.PROVISIONING,), action="tenants.open")


def tenant_suspend(*, tenant: UUID, reason: str) -> Tenant:
    """Close a tenant to its people. Payments already under way are still booked. Raises StateForbids."""
    with transaction.atomic():
        row = _move(tenant, State.SUSPENDED, come_from=ALIVE_STATES, action="tenants.suspend", reason=reason)
        realtime.business_closed(row.business())
    return row


def tenant_reactivate(*, tenant: UUID) -> Tenant:
    """suspended → active; what its jobs put off runs within seconds. Raises StateForbids."""
    with transaction.atomic():
        row = _move(tenant, State.ACTIVE, come_from=(State.SUSPENDED,), action="tenants.reactivate")
        jobs.wake(row.business())
    return row


def tenant_offboard(*, tenant: UUID, reason: str) -> Tenant:
    """alive or suspended → offboarding: from now on it is read only. Raises StateForbids."""
    return _move(
        tenant, State.OFFBOARDING, come_from={*ALIVE_STATES, State.SUSPENDED}, action="tenants.offboard", reason=reason
    )


@transaction.atomic
def tenant_stay(*, tenant: UUID, to: str, reason: str) -> Tenant:
    """offboarding → the state it was in before; what its jobs put off runs within seconds. Raises StateForbids."""
    row = _move(tenant, State(to), come_from=(State.OFFBOARDING,), action="tenants.stay", reason=reason)
    if row.state in ALIVE_STATES:
        jobs.wake(row.business())
    else:
        realtime.business_closed(row.business())
    return row


@transaction.atomic
def tenant_close(*, tenant: UUID) -> Tenant:
    """offboarding → deleted: every door is shut and stays so; its schema still stands. Raises StateForbids."""
    before = tenant_locked(tenant).state_reason
    row = _move(tenant, State.DELETED, come_from=(State.OFFBOARDING,), action="tenants.close", reason=before)
    realtime.business_closed(row.business())
    return row


def tenant_lets_go(*, tenant: UUID, schema: str) -> bool:
    """For `schema_drop`, in its transaction: whether nobody holds the schema, once a deleted tenant has let go of it.

    The row and the schema change together: there is never one without the other.
    """
    row = Tenant.objects.using(DDL_ALIAS).select_for_update().filter(schema_name=schema).first()
    if row is None:
        return True
    if row.pk != tenant or row.state != State.DELETED:
        return False
    row.schema_name, row.updated_at, row.version = None, clock.now(), row.version + 1
    row.save(using=DDL_ALIAS, update_fields=["schema_name", "updated_at", "version"])
    transaction.on_commit(forget, using=DDL_ALIAS)
    return True


@transaction.atomic
def tenant_bury(*, tenant: UUID) -> None:
    """Give up a deleted tenant's names for people; they are closed for a year. Its permanent host says 410 for ever."""
    row = tenant_locked(tenant)
    domains_release(tenant=tenant)
    names = Host.objects.filter(tenant=row, released_at=None).exclude(kind=Host.Kind.PERMANENT)
    names.update(released_at=clock.now())
    transaction.on_commit(forget)


@transaction.atomic
def tenant_stand(*, tenant: UUID, schema: str, state: str, reason: str) -> Tenant:
    """Give a requested tenant a schema that is filled already, and its first state; repeating it changes nothing.

    Raises StateForbids.
    """
    row = tenant_locked(tenant)
    if row.schema_name is None:
        row.schema_name = schema
        _save(row)
    return _move(tenant, State(state), come_from=(State.REQUESTED,), action="tenants.stand", reason=reason)


@transaction.atomic
def tenant_remembered(
    *, public_id: str, name: str, slug: str, kind: str, plan: str, zone: str, language: str
) -> Tenant:
    """The tenant of a public id; one that was never here is noted as one that left."""
    row = Tenant.objects.filter(public_id=public_id).first()
    if row is None:
        moment = clock.now()
        row = Tenant(
            public_id=public_id, name=name, slug=slug, kind=kind, plan=plan, zone=_zone(zone), language=language
        )
        row.state, row.created_at, row.updated_at = State.DELETED, moment, moment
        _write(row, force_insert=True)
    return row


@transaction.atomic
def tenant_contact_erase(*, tenant: UUID) -> None:
    """Forget who owns a tenant: its name and public id stay. Repeating it changes nothing."""
    row = tenant_locked(tenant)
    row.owner_name = row.owner_email = row.owner_phone = ""
    _save(row)


def tenant_plan_note(*, schema: str, plan: str) -> None:
    """Show which plan a tenant is on, beside its name; the subscription decides. Runs in the caller's transaction."""
    Tenant.objects.filter(schema_name=schema).update(plan=plan, updated_at=clock.now())


def tenant_locked(tenant: UUID) -> Tenant:
    """The row under lock, in the caller's transaction. Raises NotFound."""
    return found(Tenant.objects.select_for_update(of=("self",)), pk=tenant)


@transaction.atomic
def _move(tenant: UUID, to: State, *, come_from: Collection[str], action: str, reason: str = "") -> Tenant:
    row = tenant_locked(tenant)
    if row.state == to:
        return row
    if row.state not in come_from:
        raise StateForbids(state=row.state, wanted=to.value)
    changes: dict[str, list[Any]] = {"state": [row.state, to.value]}
    if reason != row.state_reason:
        changes["reason"] = [row.state_reason, reason]
    row.state, row.state_reason = to, reason
    _save(row)
    audit.record(action=action, subject_type="tenant", subject_id=str(row.id), changes=changes)
    return row


def _save(row: Tenant) -> None:
    row.updated_at = clock.now()
    row.version += 1
    _write(row)
    transaction.on_commit(forget)


def _write(row: Tenant, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError as error:
        if "slug_once" in str(error):
            raise SlugTaken(field="slug") from error
        raise


def _slug_free(slug: str, but: UUID | None = None) -> None:
    """Refuse a slug that is taken, and make room for one whose year is over. The constraints decide races."""
    if slugs_taken([slug], but=but):
        raise SlugTaken(field="slug")
    Host.objects.filter(domain=domain_of(slug), released_at__lte=clock.now() - CLOSED).delete()


def _rehost(row: Tenant, old_slug: str) -> None:
    moment = clock.now()
    Host.objects.filter(domain=domain_of(old_slug), tenant=row).update(released_at=moment)
    try:
        with transaction.atomic():
            Host.objects.update_or_create(
                domain=domain_of(row.slug),
                tenant=row,
                defaults={"kind": Host.Kind.SLUG, "released_at": None},
                create_defaults={"kind": Host.Kind.SLUG, "created_at": moment},
            )
    except IntegrityError as error:
        raise SlugTaken(field="slug") from error


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ZoneUnknown(field="zone")
    return name
