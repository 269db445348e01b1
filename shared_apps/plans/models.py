"""What the operator rents out, and which business has taken which plan. The limits themselves are the tenant's rows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """One offer. `limits` maps a quota's name to a number, `features` lists the switches that are on."""

    code = models.TextField(primary_key=True)
    name = models.TextField()
    position = models.IntegerField()
    monthly_paise = models.BigIntegerField()
    yearly_paise = models.BigIntegerField()
    trial_days = models.IntegerField(default=0)
    limits = models.JSONField(default=dict)
    features = ArrayField(models.TextField(), default=list)
    public = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="plans_plan_code", condition=Q(code__regex=r"^[a-z][a-z0-9_]{1,31}$")),
            models.CheckConstraint(
                name="plans_plan_amounts",
                condition=Q(monthly_paise__gte=0, yearly_paise__gte=0, trial_days__gte=0, trial_days__lte=365),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """The plan one business has, by its schema."""

    class Period(models.TextChoices):
        MONTH = "month"
        YEAR = "year"

    class State(models.TextChoices):
        TRIAL = "trial"
        ACTIVE = "active"

    schema = models.TextField(primary_key=True)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+", db_column="plan")
    period = models.TextField(choices=Period.choices, default=Period.MONTH)
    state = models.TextField(choices=State.choices)
    since = models.DateTimeField()
    trial_ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="plans_subscription_period", condition=Q(period__in=["month", "year"])),
            models.CheckConstraint(
                name="plans_subscription_trial",
                condition=Q(state="trial", trial_ends_at__isnull=False) | Q(state="active"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schema} {self.plan_id}"
