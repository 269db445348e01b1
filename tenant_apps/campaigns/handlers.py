"""The job of campaigns: a queue of messages is made of an audience."""

from __future__ import annotations

from uuid import UUID

from kernel import jobs
from tenant_apps.campaigns import services


@jobs.handler("campaigns.queue", atomic=False)
def campaigns_queue(*, campaign: str) -> dict[str, int]:
    """Counts: the phones meant."""
    return {"recipients": services.campaign_queue(campaign=UUID(campaign))}
