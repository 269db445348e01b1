"""The queue's own upkeep."""

from kernel.jobs import claims
from kernel.jobs.registry import handler


@handler("jobs.trim", atomic=False, scoped=False)
def jobs_trim() -> dict[str, int]:
    """Remove jobs done a week ago. Counts: trimmed."""
    trimmed = 0
    while more := claims.trim():
        trimmed += more
    return {"trimmed": trimmed}
