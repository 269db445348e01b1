"""Tenants' work behind the queue: looking after their domains and their schemas, in the operator's scope."""

from uuid import UUID

from kernel import jobs
from shared_apps.tenants import services
from shared_apps.tenants.domains import AT_ONCE
from shared_apps.tenants.registry import registry_look


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


@jobs.handler("tenants.registry_look", atomic=False)
def tenants_registry_look() -> dict[str, int]:
    """Whether every schema has its row, its role and its tenant."""
    return {"faults": registry_look()}
