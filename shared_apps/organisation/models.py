"""Owns what a business says of itself on papers, and which steps of its set-up it has put aside."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kernel import clock


class Profile(models.Model):
    """The one row of a business: who it is in law and where it is found. What it is called and how it looks is the
    tenant's (`Business.name`, `brand`, `logo`).

    `gstin` is empty for who is not registered; its first two digits are the state of supply.
    """

    ONLY = 1

    key = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    legal_name = models.CharField(max_length=200, blank=True, default="")
    gstin = models.CharField(max_length=15, blank=True, default="")
    address = models.TextField(blank=True, default="")
    phone = models.CharField(max_length=16, blank=True, default="")
    email = models.EmailField(max_length=254, blank=True, default="")
    setup_skipped = ArrayField(models.TextField(), default=list, blank=True)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="organisation_profile_one", condition=Q(key=1)),
            models.CheckConstraint(
                name="organisation_profile_gstin",
                condition=Q(gstin="") | Q(gstin__regex=r"^[0-9]{2}[A-Z0-9]{10}[1-9A-Z]Z[0-9A-Z]$"),
            ),
        ]

    def __str__(self) -> str:
        return self.legal_name or "profile"
