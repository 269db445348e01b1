"""Owns money asked for and received: what is to be paid, each order tried at a gateway, what came, what went back."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from connectors.payments import Gateway
from connectors.payments.port import PaymentState
from kernel import clock
from kernel.ids import uuid7

GATEWAYS = [(one.value, one.value.title()) for one in Gateway]
# Money handed over in person stands beside what gateways bring, under this name.
DESK = "desk"


class GatewayAccount(models.Model):
    """The business's own account at a gateway. Secrets are sealed, the replaced ones that still verify as well."""

    class Environment(models.TextChoices):
        SANDBOX = "sandbox"
        PRODUCTION = "production"

    class State(models.TextChoices):
        ACTIVE = "active"
        OFF = "off"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.TextField(choices=GATEWAYS)
    label = models.TextField(default="")
    environment = models.TextField(choices=Environment.choices)
    key_id = models.TextField()
    key_secret = models.TextField()
    webhook_secrets = ArrayField(models.TextField(), default=list)
    # Replaced secrets that callbacks under way may still be signed with: [{"secret": sealed, "until": instant}].
    retired_secrets = models.JSONField(default=list)
    secret_version = models.PositiveIntegerField(default=1)
    account_id = models.TextField(default="")
    state = models.TextField(choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payments_account_once", fields=["gateway", "key_id"]),
            models.UniqueConstraint(
                name="payments_account_one_active", fields=["gateway"], condition=Q(state="active")
            ),
            models.CheckConstraint(name="payments_account_gateway", condition=Q(gateway__in=["cashfree", "razorpay"])),
            models.CheckConstraint(
                name="payments_account_environment", condition=Q(environment__in=["sandbox", "production"])
            ),
            models.CheckConstraint(name="payments_account_state", condition=Q(state__in=["active", "off"])),
            models.CheckConstraint(name="payments_account_secret", condition=~Q(key_id="") & ~Q(key_secret="")),
            # A blank secret verifies what anybody signs. Cashfree signs with the key's own secret.
            models.CheckConstraint(
                name="payments_account_webhook_secret",
                condition=~Q(webhook_secrets__contains=[""]) & (~Q(gateway="razorpay") | Q(webhook_secrets__len__gt=0)),
            ),
        ]


class FeeSchedule(models.Model):
    """What a gateway charges this business from a day on; `method` is blank for every method of paying."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.TextField(choices=GATEWAYS)
    method = models.TextField(default="", blank=True)
    percent = models.DecimalField(max_digits=6, decimal_places=4)
    fixed_paise = models.IntegerField(default=0)
    gst_percent = models.DecimalField(max_digits=5, decimal_places=2)
    effective_from = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payments_fees_once", fields=["gateway", "method", "effective_from"]),
            models.CheckConstraint(
                name="payments_fees_range",
                condition=Q(percent__gte=0, percent__lte=100, fixed_paise__gte=0, gst_percent__gte=0)
                & Q(gst_percent__lte=100),
            ),
        ]


class Circuit(models.Model):
    """How a gateway answers an operation lately: failures in a row and, once there are too many, until when it rests.

    Past `open_until` the circuit is half open: whoever moves it on is the one that probes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.TextField(choices=GATEWAYS)
    operation = models.TextField()
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(name="payments_circuit_once", fields=["gateway", "operation"])]


class ReceiptSeries(models.Model):
    """The last receipt number of a financial year. Taken in the settling transaction, so numbers have no gaps."""

    prefix = models.TextField(primary_key=True)
    last = models.PositiveIntegerField()


class Payment(models.Model):
    """An amount asked of somebody for one thing (`purpose`, `subject`), whatever orders it takes to get it.

    created     nothing can be paid yet
    pending     an order is open and waits for the payer
    authorised  the payer's bank has set the money aside
    paid        the money is taken; `winner` is it
    """

    class State(models.TextChoices):
        CREATED = "created"
        PENDING = "pending"
        AUTHORISED = "authorised"
        PAID = "paid"
        PART_REFUNDED = "part_refunded"
        REFUNDED = "refunded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    UNPAID = ("created", "pending", "authorised")
    # Money is here.
    PAID = ("paid", "part_refunded")
    # Money was here: these have a receipt and a winner.
    RECEIPTED = ("paid", "part_refunded", "refunded")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.TextField(unique=True)
    purpose = models.TextField()
    subject = models.TextField()
    # The one payment of its subject that is asked for now; it stays so once paid, until refunded whole.
    current = models.BooleanField(default=True)
    amount_paise = models.BigIntegerField()
    currency = models.TextField(default="INR")
    state = models.TextField(choices=State.choices, default=State.CREATED)
    description = models.TextField()
    # Whom the money is from: a student in a tenant's schema, a person who can sign in otherwise.
    payer_id = models.UUIDField()
    payer_name = models.TextField()
    payer_phone = models.TextField()
    payer_email = models.TextField(default="", blank=True)
    branch = models.UUIDField(null=True)
    created_by = models.UUIDField(null=True)
    return_url = models.TextField(default="", blank=True)
    gateway = models.TextField(default="", blank=True)
    # By which whoever takes money at the desk names one taking: pressed twice, it is taken once.
    desk_key = models.TextField(null=True, unique=True)
    saved_paise = models.IntegerField(default=0)
    refunded_paise = models.BigIntegerField(default=0)
    # Money came that is not what was asked for; a person has to look.
    flagged = models.BooleanField(default=False)
    winner = models.OneToOneField("GatewayPayment", null=True, on_delete=models.PROTECT, related_name="+")
    receipt = models.TextField(null=True, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    poll_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payments_payment_one_current", fields=["purpose", "subject"], condition=Q(current=True)
            ),
            models.UniqueConstraint(
                name="payments_payment_paid_once",
                fields=["purpose", "subject"],
                condition=Q(state__in=["paid", "part_refunded"]),
            ),
            models.CheckConstraint(name="payments_payment_amount", condition=Q(amount_paise__gt=0)),
            models.CheckConstraint(
                name="payments_payment_refunded",
                condition=Q(refunded_paise__gte=0, refunded_paise__lte=F("amount_paise")),
            ),
            models.CheckConstraint(
                name="payments_payment_settled",
                condition=Q(
                    state__in=["paid", "part_refunded", "refunded"],
                    winner__isnull=False,
                    receipt__isnull=False,
                    paid_at__isnull=False,
                )
                | Q(
                    state__in=["created", "pending", "authorised", "failed", "cancelled", "expired"],
                    winner=None,
                    receipt=None,
                    paid_at=None,
                    refunded_paise=0,
                ),
            ),
        ]
        indexes = [
            models.Index(name="payments_payment_poll", fields=["poll_at"], condition=Q(poll_at__isnull=False)),
            models.Index(name="payments_payment_payer", fields=["payer_id", "-id"]),
            models.Index(name="payments_payment_subject", fields=["purpose", "subject"]),
        ]

    @property
    def is_paid(self) -> bool:
        return self.state in self.PAID

    @property
    def long_name(self) -> str:
        """The reference without the business's id, for addresses on the business's own host."""
        return self.reference.partition("-")[2]


class Attempt(models.Model):
    """One order at one gateway for a payment. Its row stands before the gateway is asked.

    planned         not asked yet
    asked           asked, and no answer written down
    create_unknown  asked, and nobody knows whether the order exists; it was never shown to the payer
    open            the payer can pay
    processing      the payer's bank is at it
    succeeded       it brought the money
    surplus         it brought money a second time
    failed          there is no such order, or it can never be paid
    abandoned       nobody is sent there any more; should money come all the same, it is found
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        ASKED = "asked"
        CREATE_UNKNOWN = "create_unknown"
        OPEN = "open"
        PROCESSING = "processing"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        ABANDONED = "abandoned"
        SURPLUS = "surplus"

    # The payer may be sent there.
    PAYABLE = ("open", "processing")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    seq = models.PositiveSmallIntegerField()
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    gateway = models.TextField(choices=GATEWAYS)
    client_ref = models.TextField(unique=True)
    gateway_order_id = models.TextField(default="", blank=True)
    state = models.TextField(choices=State.choices, default=State.PLANNED)
    checkout = models.JSONField(default=dict)
    route = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payments_attempt_seq", fields=["payment", "seq"]),
            models.UniqueConstraint(
                name="payments_attempt_one_payable", fields=["payment"], condition=Q(state__in=["open", "processing"])
            ),
            models.UniqueConstraint(
                name="payments_attempt_order", fields=["gateway", "gateway_order_id"], condition=~Q(gateway_order_id="")
            ),
        ]
        indexes = [models.Index(name="payments_attempt_recent", fields=["gateway", "-created_at"])]


class GatewayPayment(models.Model):
    """One try of a payer to pay an order, as the gateway last told it, with what we owe back of it.

    Money taken at the desk is one too: its `gateway` is `desk`, it belongs to no order, and `gateway_payment_id` holds
    its method with the reference the payer showed, so that one transfer is not taken twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="gateway_payments")
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.PROTECT, related_name="gateway_payments")
    gateway = models.TextField(choices=[*GATEWAYS, (DESK, "Desk")])
    environment = models.TextField()
    gateway_payment_id = models.TextField()
    amount_paise = models.BigIntegerField()
    currency = models.TextField()
    state = models.TextField(choices=[(one.value, one.name.title()) for one in PaymentState])
    method = models.TextField(default="", blank=True)
    reason = models.TextField(default="", blank=True)
    fee_paise = models.BigIntegerField(null=True)
    tax_paise = models.BigIntegerField(null=True)
    # What the reducer made of it: settled, surplus, mismatch, or nothing yet.
    verdict = models.TextField(default="", blank=True)
    # Promised back by refunds that have not failed.
    refunding_paise = models.BigIntegerField(default=0)
    paid_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payments_gatewaypayment_once", fields=["gateway", "environment", "gateway_payment_id"]
            ),
            models.CheckConstraint(
                name="payments_gatewaypayment_refunding",
                condition=Q(refunding_paise=0) | Q(refunding_paise__gt=0, refunding_paise__lte=F("amount_paise")),
            ),
            models.CheckConstraint(
                name="payments_gatewaypayment_desk",
                condition=Q(gateway=DESK, attempt=None, method__in=["cash", "upi", "card"])
                | (~Q(gateway=DESK) & Q(attempt__isnull=False)),
            ),
        ]


class Refund(models.Model):
    """Money given back of one gateway payment.

    requested  reserved, the gateway has not answered
    unknown    asked, and nobody knows whether it was heard
    reversed   it succeeded and a bank returned the money
    """

    class Kind(models.TextChoices):
        MERCHANT = "merchant"
        SURPLUS = "surplus"
        # Given back at the gateway's own desk or by the gateway itself.
        OUTSIDE = "outside"

    class State(models.TextChoices):
        REQUESTED = "requested"
        UNKNOWN = "unknown"
        PENDING = "pending"
        ON_HOLD = "on_hold"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        REVERSED = "reversed"

    # The gateway still has to say something.
    OPEN = ("requested", "unknown", "pending", "on_hold")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    gateway_payment = models.ForeignKey(GatewayPayment, on_delete=models.PROTECT, related_name="refunds")
    reference = models.TextField(unique=True)
    key = models.TextField(unique=True)
    gateway_refund_id = models.TextField(default="", blank=True)
    amount_paise = models.BigIntegerField()
    kind = models.TextField(choices=Kind.choices, default=Kind.MERCHANT)
    state = models.TextField(choices=State.choices, default=State.REQUESTED)
    reason = models.TextField(default="", blank=True)
    error = models.TextField(default="", blank=True)
    created_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    poll_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="payments_refund_amount", condition=Q(amount_paise__gt=0))]
        indexes = [
            models.Index(name="payments_refund_poll", fields=["poll_at"], condition=Q(poll_at__isnull=False)),
            models.Index(name="payments_refund_gateway", fields=["gateway_refund_id"]),
        ]
