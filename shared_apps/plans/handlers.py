"""Plans' work behind the queue."""

from kernel import jobs
from kernel.errors import DomainError
from kernel.tenancy import current
from shared_apps.plans import services


@jobs.handler("plans.change", atomic=False, when_suspended=True)
def plans_change(*, plan: str, period: str | None = None) -> dict[str, object]:
    """Change the plan of the business the job runs as. A refusal is the job's answer, not a failure to retry."""
    try:
        view = services.plan_change(business=current(), plan=plan, period=period)
    except DomainError as refusal:
        return {"refused": refusal.code, "detail": refusal.detail, **refusal.data}
    return {"plan": view.code, "period": view.period}
