"""Every way a limit says no."""

from kernel.errors import DomainError


class QuotaReached(DomainError):
    """There is no room for one more: `quota`, `limit`, `used`, and `plan` that lifts it (empty: none does)."""

    code = "plans.limit_reached"
    status = 409
    title = "Your plan's limit is reached"
    action = "Take the plan named here, or remove something first."


class FeatureClosed(DomainError):
    """The plan does not have this: `feature`, and `plan`, the plan that does (empty: none does)."""

    code = "plans.feature_closed"
    status = 403
    title = "Your plan does not include this"
    action = "Take the plan named here."


class UseExceeds(DomainError):
    """The new limits are below what is in use: `exceeding` lists quota, limit and used of each."""

    code = "plans.use_exceeds"
    status = 409
    title = "More is in use than the new limits allow"
    action = "Remove what exceeds, then try again."
