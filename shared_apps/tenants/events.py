"""What tenants tells the apps above it, in the operator's scope."""

from kernel import jobs


class DomainMoved(jobs.Event):
    """Something happened to a tenant's own domain without its doing: it was `proven`, its proof is gone (`warned`), it
    was gone for so long that the name is no longer served (`lapsed`), or the operator `released` it.

    `tenant` is its id; `domain` is in ASCII; `days` is how many days are left when `warned`, else 0.
    """

    name = "tenants.domain_moved"

    tenant: str
    domain: str
    what: str
    days: int = 0
