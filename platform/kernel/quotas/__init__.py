"""Limits of a business, kept in its own schema: `take` in the transaction that creates the thing."""

from kernel.quotas.errors import FeatureClosed, QuotaReached, UseExceeds
from kernel.quotas.services import Limit, Use, give_back, limit_of, require, set_limit, set_limits, take, usage

__all__ = [
    "FeatureClosed",
    "Limit",
    "QuotaReached",
    "Use",
    "UseExceeds",
    "give_back",
    "limit_of",
    "require",
    "set_limit",
    "set_limits",
    "take",
    "usage",
]
