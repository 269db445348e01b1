"""Every way the operator's desk says no."""

from kernel.errors import DomainError


class SupportClosed(DomainError):
    """Only a tenant whose people may work is entered by support: `state`."""

    code = "console.support_closed"
    status = 409
    title = "Nobody may work there now"
    action = "Support comes in only while the tenant is open to its own people."


class SupportUnknown(DomainError):
    """There is no such visit of support, or it was asked for by someone else."""

    code = "console.support_unknown"
    status = 404
    title = "There is no such visit"
    action = "Ask for one from the tenant's page."
