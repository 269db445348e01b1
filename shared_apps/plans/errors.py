"""Every way plans says no; limits themselves are refused by kernel.quotas."""

from kernel.errors import DomainError


class PlanUnknown(DomainError):
    """There is no such plan."""

    code = "plans.unknown"
    status = 422
    title = "There is no such plan"
    action = "Choose one from the list of plans."


class SubscriptionMissing(DomainError):
    """The business has no subscription."""

    code = "plans.subscription_missing"
    status = 404
    title = "This business has no plan yet"
    action = "Give it a plan first."


class PlanTaken(DomainError):
    """A plan of that code exists."""

    code = "plans.taken"
    status = 409
    title = "There is a plan of that code"
    action = "Change that one, or choose another code."
