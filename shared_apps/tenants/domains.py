"""A tenant's own domains: claimed, proven by a text in the DNS, looked at again and again, released.

A claim alone takes nothing from anybody: any number of tenants may claim one name, each with a token of its own, and the
one whose text is found gets the host. Constraints decide races. Names are asked of the DNS outside any transaction, and
what was heard is then judged against the row as it is by that time. Only facts count: while name servers are broken or
silent, nothing changes.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from connectors.names import Heard, Names
from kernel import audit, clock, jobs, realtime
from kernel.http.lookup import found
from kernel.tenancy.directory import forget
from shared_apps.tenants import domain_names as names
from shared_apps.tenants.errors import DomainsMany, DomainTaken
from shared_apps.tenants.events import DomainMoved
from shared_apps.tenants.models import CustomDomain, Host
from shared_apps.tenants.selectors import CLOSED, LAPSED_AFTER, domain_refusal

if TYPE_CHECKING:
    from kernel.errors import DomainError

State = CustomDomain.State

# How many names one tenant may hold or claim at a time.
MOST = 10
# The proof of a served name may be gone for so long before its owner is warned.
WARNED_AFTER = timedelta(days=3)
# When a name is looked at next: a claim by its age, seldom and then no more; a proven one twice a day, sooner when in doubt.
_CLAIM_LOOKS = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(days=1), timedelta(minutes=30)),
    (timedelta(days=7), timedelta(hours=6)),
    (timedelta(days=30), timedelta(days=1)),
)
_PROVEN_LOOK, _DOUBT_LOOK = timedelta(hours=12), timedelta(hours=1)
# How many names one job looks at, and how many at the same time: most of it is waiting for name servers.
AT_ONCE, TOGETHER = 100, 8
OTHER, TAKEN, SHUT = "other", "taken", "closed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the DNS said of a claim: whether its text is there, and whether the name leads here.

    `answer` is `found`, `other` (texts, none of them ours) or why there is none; `is_fact` whether the DNS said it.
    `leads_to` is where the name leads, "" for nowhere or not known; `leads_here` None where that is not known.
    """

    answer: str
    is_fact: bool
    leads_here: bool | None = None
    leads_to: str = ""

    @property
    def is_proof(self) -> bool:
        return self.answer == Heard.FOUND


@transaction.atomic
def domain_claim(*, tenant: UUID, domain: str) -> CustomDomain:
    """Claim a name for a tenant and have it looked at; one that was released is claimed again under its old token.

    In the operator's scope or the crossing `tenants.domains`. Raises DomainInvalid, DomainOurs, DomainTaken,
    DomainClosed, DomainsMany; nothing is written then.
    """
    name = names.domain_check(domain)
    if refusal := domain_refusal(name, tenant=tenant):
        raise refusal
    held = CustomDomain.objects.filter(tenant=tenant).exclude(state=State.RELEASED)
    if row := held.filter(domain=name).first():
        return row
    if held.count() >= MOST:
        raise DomainsMany(field="domain", limit=MOST)
    moment = clock.now()
    blank = {"state": State.WAITING, "claimed_at": moment, "answer": "", "leads_to": "", "asked_at": moment}
    blank |= dict.fromkeys(("looked_at", "verified_at", "failing_since", "warned_at", "released_at"))
    row, _ = CustomDomain.objects.update_or_create(
        tenant_id=tenant,
        domain=name,
        defaults={**blank, "released_because": "", "due_at": moment},
        create_defaults={**blank, "token": secrets.token_hex(16), "due_at": moment},
    )
    _looked_soon(row)
    return row


@transaction.atomic
def domain_ask(*, tenant: UUID, domain: UUID) -> CustomDomain:
    """Have a name looked at now, as its owner asks; the page is told when it was. Raises NotFound."""
    row = _held(tenant, domain)
    row.asked_at = row.due_at = clock.now()
    row.save(update_fields=["asked_at", "due_at"])
    _looked_soon(row)
    return row


@transaction.atomic
def domain_release(*, tenant: UUID, domain: UUID, because: str = "owner") -> CustomDomain:
    """Give a name up: from this second it is not served, and for a year no other tenant gets it. Raises NotFound.

    `because` is `owner`, `operator`, `lapsed` or `closed`. Giving up a mere claim closes nothing to anybody.
    """
    row = _held(tenant, domain)
    _release(row, because)
    row.save()
    return row


@transaction.atomic
def domains_release(*, tenant: UUID, because: str = "closed") -> int:
    """Give up all names of a tenant that leaves; how many there were. Repeating it changes nothing."""
    rows = CustomDomain.objects.select_for_update().filter(tenant=tenant).exclude(state=State.RELEASED)
    for row in rows:
        _release(row, because)
        row.save()
    return len(rows)


def domains_look(*, only: UUID | None = None) -> int:
    """Ask the DNS about `only` this name, or about those that are due; how many. In the operator's scope, not inside a
    transaction. Asking again what was asked already does no harm.
    """
    rows = CustomDomain.objects.select_related("tenant").exclude(state=State.RELEASED)
    chosen = rows.filter(id=only) if only else rows.filter(due_at__lte=clock.now()).order_by("due_at")[:AT_ONCE]
    looked = list(chosen)
    if not looked:
        return 0
    resolver = Names(settings.DNS_NAMESERVERS, seconds=settings.DNS_SECONDS)
    here = _here(resolver)
    with ThreadPoolExecutor(TOGETHER) as together:  # no thread of these touches the database
        findings = list(together.map(lambda row: finding(resolver, row.domain, row.token, here), looked))
    for row, heard in zip(looked, findings, strict=True):
        domain_judge(domain=row.id, heard=heard)
    return len(looked)


def finding(resolver: Names, domain: str, token: str, here: frozenset[str]) -> Finding:
    """What the DNS says of one claim now; `here` are the addresses at which we are reached."""
    proof = resolver.texts(names.proof_name(domain))
    if proof.heard == Heard.SILENT:  # nor would they say anything else
        return Finding(Heard.SILENT, is_fact=False)
    leads = resolver.leads(domain)
    answer = str(proof.heard)
    if proof.heard == Heard.FOUND and names.proof_text(token) not in (text.strip() for text in proof.values):
        answer = OTHER
    if proof.heard == Heard.NO_NAME and leads.heard != Heard.NO_NAME:
        answer = Heard.EMPTY  # something is there, only the name of the proof is not
    leads_here = any(one in here or names.is_ours(one) for one in leads.values) if leads.heard.is_fact else None
    return Finding(answer, proof.heard.is_fact, leads_here, "" if leads_here else ", ".join(leads.values[:1])[:253])


@transaction.atomic
def domain_judge(*, domain: UUID, heard: Finding) -> CustomDomain | None:
    """Move a name by what was heard of it; None when it was given up meanwhile. In the operator's scope."""
    rows = CustomDomain.objects.select_for_update(of=("self",)).select_related("tenant")
    row = rows.filter(id=domain).exclude(state=State.RELEASED).first()
    if row is None:
        return None
    now = clock.now()
    row.looked_at, row.answer = now, heard.answer
    if heard.leads_here is not None:
        row.leads_to = heard.leads_to
    if heard.is_proof:
        _proven(row, heard, now)
    elif heard.is_fact and row.state in CustomDomain.PROVEN:
        _missed(row, now)
    row.due_at = _due(row, heard, now) if row.state != State.RELEASED else None
    row.save()
    realtime.send("domains", "domains.moved", {"id": str(row.id)}, to=row.tenant.business())
    return row


def _proven(row: CustomDomain, heard: Finding, now: datetime) -> None:
    if row.state == State.WAITING:
        refusal = _host_take(row, now)
        if refusal is not None:
            row.answer = TAKEN if isinstance(refusal, DomainTaken) else SHUT
            return
        row.verified_at = now
        _noted(row, "tenants.domain_verify", {"state": [row.state, "verified"]})
        _told(row, "proven")
        row.state = State.VERIFIED
    row.failing_since = row.warned_at = None
    if heard.leads_here is not None:
        row.state = State.SERVING if heard.leads_here else State.VERIFIED


def _missed(row: CustomDomain, now: datetime) -> None:
    """The proof of a served name is gone, as the DNS itself says."""
    row.failing_since = row.failing_since or now
    if row.warned_at is None and now - row.failing_since >= WARNED_AFTER:
        row.warned_at = now
        _noted(row, "tenants.domain_warn", {"failing_since": [None, row.failing_since.isoformat()]})
        _told(row, "warned", days=LAPSED_AFTER.days)
    elif row.warned_at is not None and now - row.warned_at >= LAPSED_AFTER:
        _release(row, "lapsed")


def _host_take(row: CustomDomain, now: datetime) -> "DomainError | None":
    """Make the name the tenant's host, or say why it is another's. The constraint decides between two at once."""
    if refusal := domain_refusal(row.domain, tenant=row.tenant_id):
        return refusal
    closed = Host.objects.filter(domain=row.domain, released_at__lte=now - CLOSED).exclude(tenant=row.tenant_id)
    try:
        with transaction.atomic():
            closed.delete()
            Host.objects.update_or_create(
                domain=row.domain,
                tenant=row.tenant,
                defaults={"released_at": None},
                create_defaults={"kind": Host.Kind.CUSTOM, "is_primary": False, "created_at": now},
            )
    except IntegrityError:
        return DomainTaken(field="domain")
    transaction.on_commit(forget)
    return None


def _release(row: CustomDomain, because: str) -> None:
    moment = clock.now()
    Host.objects.filter(domain=row.domain, tenant=row.tenant_id, kind=Host.Kind.CUSTOM).update(released_at=moment)
    row.state, row.released_at, row.released_because = State.RELEASED, moment, because
    row.due_at = row.failing_since = row.warned_at = None
    if because != "owner":  # what an owner does is in their own trail
        _noted(row, "tenants.domain_release", {"because": [None, because]})
    if because in {"operator", "lapsed"}:
        _told(row, "released" if because == "operator" else because)
    transaction.on_commit(forget)


def _due(row: CustomDomain, heard: Finding, now: datetime) -> datetime | None:
    if row.state in CustomDomain.PROVEN:
        return now + (_PROVEN_LOOK if heard.is_proof else _DOUBT_LOOK)
    age = now - row.claimed_at
    return next((now + pause for until, pause in _CLAIM_LOOKS if age < until), None)


def _here(resolver: Names) -> frozenset[str]:
    """The addresses at which the platform is reached: those it was told, else those its own name leads to."""
    return frozenset(settings.PUBLIC_ADDRESSES or resolver.leads(settings.BARE_DOMAIN).values)


def _held(tenant: UUID, domain: UUID) -> CustomDomain:
    rows: Any = CustomDomain.objects.select_for_update().exclude(state=State.RELEASED)
    return found(rows, id=domain, tenant=tenant)


def _looked_soon(row: CustomDomain) -> None:
    jobs.put("tenants.domain_look", domain=str(row.id), priority=jobs.HIGH)


def _noted(row: CustomDomain, action: str, changes: dict[str, list[Any]]) -> None:
    facts = {"domain": [None, row.domain], **changes}
    audit.record(action=action, subject_type="tenant", subject_id=str(row.tenant_id), changes=facts)


def _told(row: CustomDomain, what: str, *, days: int = 0) -> None:
    jobs.publish(DomainMoved(tenant=str(row.tenant_id), domain=row.domain, what=what, days=days))
