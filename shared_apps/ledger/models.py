"""The books of one business: accounts, and the transfers between them. Only `ledger_post` writes either.

An account's code is words joined by colons, `wallet:t_7:sms`; its first word says what it is. Value flows from the
debited account to the credited one, so `posted` is what flowed in less what flowed out.
"""

from django.db import models
from django.db.models import F, Q


class Account(models.Model):
    """One place where value can lie. It opens with its first transfer and is never deleted."""

    class Unit(models.TextChoices):
        PAISE = "paise"
        CREDITS = "credits"

    code = models.TextField(primary_key=True)
    unit = models.TextField(choices=Unit.choices)
    # What transfers have moved here, and the part of it that holds have set aside.
    posted = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    # The world outside the books (a gateway, a vendor, the cash box): value comes from there, so it goes below zero.
    outside = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ledger_account_never_negative",
                condition=Q(held__gte=0) & (Q(outside=True) | Q(posted__gte=F("held"))),
            ),
            models.CheckConstraint(name="ledger_account_unit", condition=Q(unit__in=["paise", "credits"])),
            models.CheckConstraint(name="ledger_account_code", condition=Q(code__regex=r"^[a-z]+(:[A-Za-z0-9_.-]+)*$")),
        ]

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """One movement. Its facts never change; of a hold, `pending` counts down as it is settled and released.

    post     moves the amount
    hold     sets the amount aside on the debited account, for the credited one
    settle   moves a part of a hold
    release  gives a part of a hold back
    """

    class Phase(models.TextChoices):
        POST = "post"
        HOLD = "hold"
        SETTLE = "settle"
        RELEASE = "release"

    id = models.UUIDField(primary_key=True)
    # The keys are checked at commit: checked at once, their locks on a busy account would slow every transfer.
    debit = models.ForeignKey(Account, models.PROTECT, related_name="+", db_column="debit", db_index=False)
    credit = models.ForeignKey(Account, models.PROTECT, related_name="+", db_column="credit", db_index=False)
    amount = models.BigIntegerField()
    phase = models.TextField(choices=Phase.choices)
    kind = models.TextField()
    key = models.TextField()
    reference = models.TextField(default="")
    hold = models.ForeignKey("self", models.PROTECT, related_name="+", null=True, db_column="hold", db_index=False)
    pending = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledger_transfer_once", fields=["key"]),
            models.CheckConstraint(name="ledger_transfer_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="ledger_transfer_two_accounts", condition=~Q(debit=F("credit"))),
            models.CheckConstraint(
                name="ledger_transfer_pending",
                condition=Q(pending=0) | Q(phase="hold", pending__gt=0, pending__lte=F("amount")),
            ),
            models.CheckConstraint(
                name="ledger_transfer_phase",
                condition=Q(phase__in=["post", "hold"], hold=None)
                | Q(phase__in=["settle", "release"], hold__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="ledger_transfer_debit", fields=["debit", "-id"]),
            models.Index(name="ledger_transfer_credit", fields=["credit", "-id"]),
            models.Index(name="ledger_transfer_hold", fields=["hold"], condition=Q(hold__isnull=False)),
            models.Index(name="ledger_transfer_open", fields=["at"], condition=Q(pending__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
