"""Reads of tenants, in the platform's scope."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet

from kernel import clock
from kernel.errors import DomainError
from kernel.http.lookup import found
from kernel.tenancy import ALIVE_STATES, Business
from shared_apps.tenants import domain_names as names
from shared_apps.tenants.errors import DomainClosed, DomainTaken, SlugTaken
from shared_apps.tenants.models import CustomDomain, Host, Tenant, Usage
from shared_apps.tenants.slugs import domain_of, slug_check

# How long a slug that was given up stays closed, so that no stranger inherits its links.
CLOSED = timedelta(days=365)
# For how long a domain is still served once its owner was warned that its proof is gone.
LAPSED_AFTER = timedelta(days=7)
KINDS = Tenant.Kind.choices
STATES = [str(state) for state in Tenant.State.values]
# How a list of tenants may be ordered: what comes first, and the newest first among equals.
ORDERS: dict[str, tuple[Any, ...]] = {
    "": ("-id",),
    "students": (F("usage__students").desc(nulls_last=True), "-id"),
    "data": (F("usage__bytes").desc(nulls_last=True), "-id"),
    "active": (F("usage__active_at").desc(nulls_last=True), "-id"),
    "idle": (F("usage__active_at").asc(nulls_last=True), "-id"),
}


def tenants() -> QuerySet[Tenant]:
    """Every tenant, whatever its state."""
    return Tenant.objects.all()


def tenant(tenant_id: UUID) -> QuerySet[Tenant]:
    return Tenant.objects.filter(pk=tenant_id)


def tenant_get(tenant_id: UUID) -> Tenant:
    """One tenant. Raises NotFound."""
    return found(Tenant.objects.all(), pk=tenant_id)


def schema_is_held(schema: str) -> bool:
    """Whether a tenant that has not left works in this schema."""
    return Tenant.objects.filter(schema_name=schema).exclude(state=Tenant.State.DELETED).exists()


def tenants_found(*, text: str = "", state: str = "", kind: str = "", plan: str = "") -> QuerySet[Tenant]:
    """Tenants whose name, address or owner's contact holds `text`, of one state, kind and plan when given."""
    rows = Tenant.objects.all()
    if text:
        columns = ("name", "slug", "owner_name", "owner_email", "owner_phone")
        rows = rows.filter(Q.create([(f"{column}__icontains", text) for column in columns], Q.OR))
    if state:
        rows = rows.filter(state=state)
    if plan:
        rows = rows.filter(plan=plan)
    return rows.filter(kind=kind) if kind else rows


def tenants_by_state() -> dict[str, int]:
    """How many tenants are in each state that any is in."""
    return dict(Tenant.objects.values_list("state").annotate(Count("id")).order_by("state"))


def hosts_of(tenant_id: UUID) -> QuerySet[Host]:
    """The names a tenant answers at, the permanent one first."""
    return Host.objects.filter(tenant=tenant_id, released_at=None).order_by("created_at", "kind")


def slug_refusal(slug: str) -> DomainError | None:
    """Why this cannot be a new tenant's address now, or None when it can; a racer may still take it."""
    try:
        slug_check(slug)
    except DomainError as error:
        return error
    return SlugTaken() if slugs_taken([slug]) else None


def slug_suggestions(slug: str) -> list[str]:
    """Up to three free addresses like the one wanted."""
    stem = slug[:40].rstrip("-")
    wanted = [f"{stem}-{ending}" for ending in ("academy", "library", "classes", "online", "2", "3")]
    taken = slugs_taken(wanted)
    free = []
    for one in wanted:
        try:
            slug_check(one)
        except DomainError:
            continue
        if one not in taken:
            free.append(one)
    return free[:3]


def slugs_taken(slugs: Collection[str], *, but: UUID | None = None) -> set[str]:
    """Those of the slugs that are a tenant's, or whose host is, or was within the last year; `but` one tenant's own."""
    domains = {domain_of(slug): slug for slug in slugs}
    # Apart, for the constraints alone know of a tenant that has no host yet, and of a host that was given up.
    hosts = Host.objects.filter(Q(released_at=None) | Q(released_at__gt=clock.now() - CLOSED), domain__in=domains)
    tenants = Tenant.objects.filter(slug__in=slugs).exclude(state=Tenant.State.DELETED)
    if but is not None:
        hosts, tenants = hosts.exclude(tenant=but), tenants.exclude(pk=but)
    return {domains[host] for host in hosts.values_list("domain", flat=True)} | set(
        tenants.values_list("slug", flat=True)
    )


class Record(NamedTuple):
    """A line that an owner writes at their DNS provider."""

    kind: str
    name: str
    value: str


def domains_of(tenant_id: UUID) -> QuerySet[CustomDomain]:
    """The names of its own that a tenant has or claims, the oldest first."""
    return CustomDomain.objects.filter(tenant=tenant_id).exclude(state="released").order_by("id")


def domain_of_tenant(tenant_id: UUID, domain: UUID) -> CustomDomain:
    """One of them. Raises NotFound."""
    return found(domains_of(tenant_id), pk=domain)


def domain_served_until(domain: CustomDomain) -> datetime | None:
    """When a name is given up if its proof stays away; None while it was not warned of."""
    return domain.warned_at + LAPSED_AFTER if domain.warned_at else None


def domain_refusal(name: str, *, tenant: UUID) -> DomainError | None:
    """Why a name cannot become this tenant's now: another serves it, or gave it up within the last year."""
    host = Host.objects.filter(domain=name).exclude(tenant=tenant).first()
    if host is None:
        return None
    if host.released_at is None:
        return DomainTaken(field="domain")
    return DomainClosed(field="domain") if host.released_at > clock.now() - CLOSED else None


def domain_shown(name: str) -> str:
    """A name as its owner reads it: in its own script."""
    return names.shown(name)


def domain_records(domain: CustomDomain, *, public_id: str) -> list[Record]:
    """What its owner writes into the DNS: the proof first, then where the name is to lead.

    A whole registered domain can be no CNAME; it gets our addresses, or an ALIAS where we were not told them.
    """
    name, target = domain.domain, domain_of(public_id)
    proof = Record("TXT", names.proof_name(name), names.proof_text(domain.token))
    if not names.is_apex(name):
        return [proof, Record("CNAME", name, target)]
    known = [Record("AAAA" if ":" in one else "A", name, one) for one in settings.PUBLIC_ADDRESSES]
    return [proof, *(known or [Record("ALIAS", name, target)])]


def usage_due(*, before: datetime, most: int) -> list[Business]:
    """Tenants that work and were measured before a moment or never, those longest ago first."""
    alive = Tenant.objects.filter(state__in=ALIVE_STATES)
    due = alive.filter(Q(usage=None) | Q(usage__measured_at__lt=before))
    return [one.business() for one in due.order_by(F("usage__measured_at").asc(nulls_first=True), "id")[:most]]


def tenants_by_schema(schemas: Collection[str]) -> dict[str, Tenant]:
    """The tenants that work in these schemas, by schema; one in stock is nobody's."""
    return {str(one.schema_name): one for one in Tenant.objects.filter(schema_name__in=schemas)}


def usage_of(tenant_id: UUID) -> Usage | None:
    """How large a tenant was when it was last measured, if it ever was."""
    return Usage.objects.filter(tenant=tenant_id).first()
