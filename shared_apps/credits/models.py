"""The operator's trade in message credits: whom it buys from, at what price it sells, and who has which wallet.

Units themselves lie on ledger accounts of the public schema, in unit `credits`:
    vendor:<vendor>:<channel>    outside; below zero by all that was ever bought there
    master:<channel>             the operator's stock
    wallet:<schema>:<channel>    a business's wallet; its `held` are the units of messages under way
    consumed:<schema>:<channel>  sent
Money per unit is in hundredths of a paisa: ₹0.15 is 1,500.
"""

from django.db import models
from django.db.models import F, Q

from kernel.ids import uuid7

DEFAULT_COST = 15_00
DEFAULT_PRICE = 25_00
DEFAULT_LOW_AT = 50


class Channel(models.TextChoices):
    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"


class Vendor(models.Model):
    """One channel of one vendor; the lowest `priority` is tried first."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.TextField()
    name = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    unit_cost = models.IntegerField(default=DEFAULT_COST)
    priority = models.IntegerField(default=1)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="credits_vendor_channel_once", fields=["code", "channel"]),
            models.CheckConstraint(name="credits_vendor_cost", condition=Q(unit_cost__gte=0)),
            models.CheckConstraint(name="credits_vendor_code", condition=Q(code__regex=r"^[a-z0-9_]{2,32}$")),
            models.CheckConstraint(name="credits_vendor_channel", condition=Q(channel__in=Channel.values)),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.channel}"


class Price(models.Model):
    """What a unit costs a business: the price for its schema, else for its plan, else for all (both empty)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    channel = models.TextField(choices=Channel.choices)
    plan = models.TextField(default="", blank=True)
    schema = models.TextField(default="", blank=True)
    unit_price = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="credits_price_once", fields=["channel", "plan", "schema"]),
            models.CheckConstraint(name="credits_price_positive", condition=Q(unit_price__gt=0)),
            models.CheckConstraint(name="credits_price_for_one", condition=Q(plan="") | Q(schema="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.unit_price}"


class Purchase(models.Model):
    """Units bought from a vendor. Its id is the ledger transfer's."""

    id = models.UUIDField(primary_key=True)
    vendor = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    units = models.BigIntegerField()
    unit_cost = models.IntegerField()
    amount_paise = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="credits_purchase_units", condition=Q(units__gt=0)),
            models.CheckConstraint(name="credits_purchase_money", condition=Q(unit_cost__gte=0, amount_paise__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.units} {self.channel}"


class Wallet(models.Model):
    """A business's wallet of one channel: when it counts as low, and whether that was told since it last was not."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    schema = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    low_at = models.BigIntegerField(default=DEFAULT_LOW_AT)
    # A wallet that was never filled has nothing to tell.
    told = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="credits_wallet_once", fields=["schema", "channel"]),
            models.CheckConstraint(name="credits_wallet_low_at", condition=Q(low_at__gte=0)),
        ]

    def __str__(self) -> str:
        return f"wallet:{self.schema}:{self.channel}"


class Order(models.Model):
    """Units a business wants to buy, at the price of that moment; filled when its payment has settled.

    placed  waits for its payment
    paid    money came and the stock was short; the next purchase fills it
    filled  the units are in the wallet
    """

    class State(models.TextChoices):
        PLACED = "placed"
        PAID = "paid"
        FILLED = "filled"

    id = models.UUIDField(primary_key=True, default=uuid7)
    schema = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    units = models.BigIntegerField()
    unit_price = models.IntegerField()
    amount_paise = models.BigIntegerField()
    state = models.TextField(choices=State.choices, default=State.PLACED)
    key = models.TextField()
    payment = models.TextField(default="", blank=True)
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    filled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="credits_order_once", fields=["schema", "key"]),
            models.CheckConstraint(
                name="credits_order_amounts", condition=Q(units__gt=0, unit_price__gt=0, amount_paise__gt=0)
            ),
            models.CheckConstraint(
                name="credits_order_state",
                condition=Q(state="placed", payment="", paid_at=None, filled_at=None)
                | (Q(state="paid", paid_at__isnull=False, filled_at=None) & ~Q(payment=""))
                | (Q(state="filled", paid_at__isnull=False, filled_at__gte=F("paid_at")) & ~Q(payment="")),
            ),
        ]
        indexes = [models.Index(name="credits_order_waiting", fields=["paid_at"], condition=Q(state="paid"))]

    def __str__(self) -> str:
        return f"{self.units} {self.channel} for {self.schema}"


class VendorReference(models.Model):
    """Whose message a vendor's delivery report is about. Written only by `credits_consume`."""

    id = models.BigAutoField(primary_key=True)
    vendor = models.TextField()
    reference = models.TextField()
    schema = models.TextField()
    hold = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "vendor_reference"
        constraints = [models.UniqueConstraint(name="vendor_reference_once", fields=["vendor", "reference"])]

    def __str__(self) -> str:
        return f"{self.vendor} {self.reference}"
