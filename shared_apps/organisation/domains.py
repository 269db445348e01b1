"""A business's own domains, from its side: added by its plan's leave, shown with what to set, asked about, removed.

The claims are the operator's rows; each call crosses to them by `tenants.domains`, between transactions.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, quotas
from kernel.errors import known_as
from kernel.tenancy import Business, current, platform_scope
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants import services

FEATURE = "custom_domain"


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain as its owner sees it. `state` is waiting, verified or serving; `answer` what the last look heard;
    `records` what to set; `served_until` is set once its proof is gone and it was warned of.
    """

    id: UUID
    domain: str
    shown: str
    state: str
    answer: str
    leads_to: str
    records: list[tenants.Record]
    claimed_at: datetime
    looked_at: datetime | None
    verified_at: datetime | None
    failing_since: datetime | None
    served_until: datetime | None
    is_asked: bool

    @property
    def is_proven(self) -> bool:
        return self.state != "waiting"

    @property
    def pill(self) -> tuple[str, str, str]:
        """Tone, icon and word of how it stands."""
        if self.failing_since:
            return "bad", "triangle-alert", _("Proof is gone")
        if self.state == "serving":
            return "ok", "check", _("In use")
        if self.state == "verified":
            return "info", "shield-check", _("Proven")
        return "warn", "clock", _("Waiting for the record")

    @property
    def said(self) -> str:
        """What the last look found, and what to do about it."""
        if self.looked_at is None:
            return _("We are looking for the record now.")
        if self.answer in {"broken", "silent"}:
            return str(_SAID[self.answer]())
        if self.failing_since:
            return _("The record that proves it is gone from the DNS. Put it back; until then nothing else changes.")
        if self.is_proven:
            return self._led
        refusal = known_as(f"tenants.domain_{self.answer}")
        if refusal is not None:
            return f"{_(refusal.title)}. {_(refusal.action)}"
        return str(_SAID.get(self.answer, _SAID["empty"])())

    @property
    def _led(self) -> str:
        if self.state == "serving":
            return _("It is yours and leads here. Your people reach you by it.")
        if not self.leads_to:
            return _("It is yours. It leads nowhere yet: set the second record.")
        told = _("It is yours. It leads to %(where)s: set the second record, unless that is your own proxy.")
        return told % {"where": self.leads_to}


# In words when they are asked for, for each reader reads them in their own language.
_SAID = {
    "other": lambda: _("There is a text at that name, but not this one. Copy it once more, whole."),
    "empty": lambda: _("The record is not there yet. A new one can take an hour until everyone sees it."),
    "no_name": lambda: _("There is nothing at this domain yet. Look at its spelling, and whether it is registered."),
    "broken": lambda: _("The domain's name servers answer with an error. Nothing changes; we keep asking."),
    "silent": lambda: _("The domain's name servers did not answer in time. Nothing changes; we ask again."),
}


def domains() -> list[Domain]:
    """The business's own domains, the oldest first. Not inside a transaction."""
    business = current()
    with _crossing(business):
        return [_shown(row, business) for row in tenants.domains_of(business.id)]


def domain(domain_id: UUID) -> Domain:
    """One of them. Raises NotFound."""
    business = current()
    with _crossing(business):
        return _shown(tenants.domain_of_tenant(business.id, domain_id), business)


def closed_by() -> str | None:
    """None when the plan includes own domains; else the name of the plan that does, "" where none does."""
    try:
        quotas.require(FEATURE)
    except quotas.FeatureClosed as closed:
        return str(closed.data["plan"])
    return None


def domain_add(*, domain: str) -> Domain:
    """Claim a name. Raises FeatureClosed and what `tenants.services.domain_claim` raises; nothing is written then."""
    quotas.require(FEATURE)
    business = current()
    with _crossing(business):
        row = services.domain_claim(tenant=business.id, domain=domain)
    _noted("organisation.domain_add", row)
    return _shown(row, business)


def domain_ask(*, domain_id: UUID) -> Domain:
    """Have a name looked at now. Raises NotFound."""
    business = current()
    with _crossing(business):
        return _shown(services.domain_ask(tenant=business.id, domain=domain_id), business)


def domain_remove(*, domain_id: UUID) -> None:
    """Give a name up: it is no longer served from this second on. Raises NotFound."""
    business = current()
    with _crossing(business):
        row = services.domain_release(tenant=business.id, domain=domain_id)
    _noted("organisation.domain_remove", row)


def _crossing(business: Business) -> AbstractContextManager[Business]:
    return platform_scope(on_behalf_of=business, purpose="tenants.domains")


def _noted(action: str, row: Any) -> None:
    audit.record(
        action=action, subject_type="domain", subject_id=str(row.id), changes={"domain": [None, str(row.domain)]}
    )


def _shown(row: Any, business: Business) -> Domain:
    return Domain(
        id=row.id,
        domain=row.domain,
        shown=tenants.domain_shown(row.domain),
        state=row.state,
        answer=row.answer,
        leads_to=row.leads_to,
        records=tenants.domain_records(row, public_id=business.public_id),
        claimed_at=row.claimed_at,
        looked_at=row.looked_at,
        verified_at=row.verified_at,
        failing_since=row.failing_since,
        served_until=tenants.domain_served_until(row),
        is_asked=row.asked_at is not None and (row.looked_at is None or row.looked_at < row.asked_at),
    )
