"""What credits tells the apps above it."""

from kernel import jobs


class CreditsLow(jobs.Event):
    """A wallet's free units fell below its mark. Told once to the business and once to the operator until refilled.

    `schema` names the business, `available` and `low_at` are units.
    """

    name = "credits.low"

    schema: str
    channel: str
    available: int
    low_at: int
