"""Ending the year for which a name is kept from others, by the operator and for a reason."""

from django.db import transaction

from kernel import audit, clock
from kernel.tenancy.directory import forget
from shared_apps.tenants import domain_names as names
from shared_apps.tenants.errors import NameHeld, NameNotKept
from shared_apps.tenants.models import CustomDomain, Host
from shared_apps.tenants.selectors import CLOSED
from shared_apps.tenants.slugs import domain_of


@transaction.atomic
def name_free(*, name: str, reason: str) -> str:
    """Let anybody take a name that its tenant gave up less than a year ago: a slug, or a domain in any script.

    In the operator's scope. Gives the name as it was kept; whoever claims it is looked at next. Raises NameHeld while it
    is served, NameNotKept when nothing keeps it, DomainInvalid.
    """
    domain = _kept_as(name)
    now = clock.now()
    row = Host.objects.select_for_update().filter(domain=domain).first()
    if row is None or (row.released_at is not None and row.released_at <= now - CLOSED):
        raise NameNotKept(name=domain)
    if row.released_at is None:
        raise NameHeld(name=domain)
    row.delete()
    CustomDomain.objects.filter(domain=domain, state=CustomDomain.State.WAITING).update(due_at=now)
    audit.record(
        action="tenants.name_free",
        subject_type="tenant",
        subject_id=str(row.tenant_id),
        changes={"domain": [domain, None], "reason": [None, reason]},
    )
    transaction.on_commit(forget)
    return domain


def _kept_as(name: str) -> str:
    name = name.strip().lower()
    if "." not in name:
        return domain_of(name)
    return name if names.is_ours(name) else names.domain_check(name)
