"""How much of each thing a business may have, and has: one row per name, in its own schema."""

from django.db import models
from django.db.models import F, Q


class Quota(models.Model):
    """A limit and its use. A switch (may they hold live classes?) is a quota of 1 or 0 that is never taken."""

    name = models.TextField(primary_key=True)
    limit = models.BigIntegerField()
    used = models.BigIntegerField(default=0)
    # The plan that gives more; empty when none does.
    lifted_by = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="quotas_quota_within", condition=Q(used__gte=0) & Q(used__lte=F("limit"))),
        ]

    def __str__(self) -> str:
        return self.name
