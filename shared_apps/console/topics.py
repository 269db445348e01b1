"""What the operator's pages follow live."""

from kernel import realtime
from kernel.http.actor import Actor
from kernel.tenancy import current


@realtime.topic("provisioning.{tenant}")
def provisioning(actor: Actor, *, tenant: str) -> bool:
    """The steps of a tenant being made, for whoever may see tenants on the operator's host."""
    return current().is_platform and actor.can("tenants.view")


@realtime.topic("fleet")
def fleet(actor: Actor) -> bool:
    """Work that goes through the fleet, for whoever may see jobs on the operator's host."""
    return current().is_platform and actor.can("jobs.view")
