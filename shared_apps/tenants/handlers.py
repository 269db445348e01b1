"""Tenants' work behind the queue: looking after their own domains, in the operator's scope."""

from uuid import UUID

from kernel import jobs
from shared_apps.tenants import services
from shared_apps.tenants.domains import AT_ONCE


@jobs.handler("tenants.domain_look", atomic=False)
def tenants_domain_look(*, domain: str) -> dict[str, int]:
    """One name, because its owner asks."""
    return {"looked": services.domains_look(only=UUID(domain))}


@jobs.handler("tenants.domains_look", atomic=False)
def tenants_domains_look() -> dict[str, int]:
    """Every name that is due, a hundred at a time."""
    looked = 0
    while (now := services.domains_look()) == AT_ONCE:
        looked += now
    return {"looked": looked + now}
