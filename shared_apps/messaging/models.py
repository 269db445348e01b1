"""What a business says: the texts it may use, each message on its way, the calls to vendors, notices in the app."""

from django.db import models
from django.db.models import Q

from connectors.sms.dlt import Category
from kernel.ids import uuid7


class Channel(models.TextChoices):
    SMS = "sms"
    EMAIL = "email"


class Kind(models.TextChoices):
    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"
    ALERT = "alert"


class Priority(models.IntegerChoices):
    """As the priorities of jobs: the lower overtakes."""

    URGENT = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3


class Template(models.Model):
    """One text of a channel in one language. Only an approved one is sent.

    An SMS text is the registered one: `variables` lists `{"name", "tag", "cut", "secret"}` for its `{#tag#}` places in
    order, `vendor_template` and `dlt_template` are the vendor's and the registry's ids of it. An e-mail text has
    `{name}` places. A secret value is shown in no log.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        REJECTED = "rejected"

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    language = models.TextField()
    category = models.TextField(
        choices=[(one.value, one.value) for one in Category], default=Category.SERVICE_IMPLICIT.value
    )
    subject = models.TextField(default="", blank=True)
    text = models.TextField()
    variables = models.JSONField(default=list, blank=True)
    header = models.TextField(default="", blank=True)
    vendor_template = models.TextField(default="", blank=True)
    dlt_template = models.TextField(default="", blank=True)
    state = models.TextField(choices=State.choices, default=State.DRAFT)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="messaging_template_once", fields=["name", "channel", "language"]),
            models.CheckConstraint(name="messaging_template_name", condition=Q(name__regex=r"^[a-z][a-z0-9_]{1,39}$")),
            models.CheckConstraint(name="messaging_template_language", condition=Q(language__regex=r"^[a-z]{2}$")),
            models.CheckConstraint(
                name="messaging_template_registered",
                condition=~Q(state="approved") | Q(channel="email") | ~Q(vendor_template="") & ~Q(dlt_template=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.channel} {self.language}"


class Batch(models.Model):
    """One call to a vendor: the same text to up to a hundred people, paid for by one hold.

    intent    its messages are chosen and their credits held; nothing has left
    asked     the call is under way, or its worker died during it
    accepted  the vendor took it; the credits are spent
    refused   the vendor did not take it, or was never reached; the credits are back
    unknown   no usable answer came: only a delivery report, or a day, settles it
    released  a day passed without a report; the credits are back, and what a late report says costs nothing
    """

    class State(models.TextChoices):
        INTENT = "intent"
        ASKED = "asked"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        UNKNOWN = "unknown"
        RELEASED = "released"

    id = models.UUIDField(primary_key=True, default=uuid7)
    channel = models.TextField(choices=Channel.choices)
    vendor = models.TextField()
    state = models.TextField(choices=State.choices, default=State.INTENT)
    units = models.IntegerField()
    hold = models.UUIDField(null=True)
    vendor_reference = models.TextField(default="", blank=True)
    code = models.TextField(default="", blank=True)
    reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="messaging_batch_units", condition=Q(units__gte=0)),
            models.CheckConstraint(
                name="messaging_batch_settled",
                condition=Q(state__in=["intent", "asked", "unknown"], settled_at=None)
                | Q(state__in=["accepted", "refused", "released"], settled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="messaging_batch_open",
                fields=["created_at"],
                condition=Q(state__in=["intent", "asked", "unknown"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.state}"


class Message(models.Model):
    """One message to one phone or address; `key` makes asking twice send once.

    pending    waits till `due`; with a batch: chosen, and not yet sent
    sending    the vendor is being asked, or the worker died meanwhile
    sent       the vendor took it
    delivered  the person's phone has it, as the vendor reports
    failed     refused, undeliverable, or impossible to write: `code` and `reason` say why
    cancelled  no longer wanted, or too late to be of use
    unknown    nobody can say whether it went; it is never sent again by itself

    `text` is what the log shows, secrets starred out; `sealed` keeps their values until they are sent. `units` are
    segments. `person` is the user it is for.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        FAILED = "failed"
        CANCELLED = "cancelled"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=uuid7)
    key = models.TextField(unique=True)
    template = models.TextField()
    channel = models.TextField(choices=Channel.choices)
    language = models.TextField()
    to = models.TextField()
    person = models.UUIDField(null=True)
    kind = models.TextField(choices=Kind.choices, default=Kind.TRANSACTIONAL)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.MEDIUM)
    state = models.TextField(choices=State.choices, default=State.PENDING)
    subject = models.TextField(default="", blank=True)
    text = models.TextField(default="", blank=True)
    values = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(default="", blank=True)
    encoding = models.TextField(default="", blank=True)
    units = models.IntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="messages")
    vendor_reference = models.TextField(default="", blank=True)
    code = models.TextField(default="", blank=True)
    reason = models.TextField(default="", blank=True)
    due = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="messaging_message_units", condition=Q(units__gte=0)),
            models.CheckConstraint(name="messaging_message_priority", condition=Q(priority__gte=0, priority__lte=3)),
            models.CheckConstraint(
                name="messaging_message_asked",
                condition=~Q(state__in=["sending", "sent", "delivered", "unknown"])
                | Q(batch__isnull=False, sending_at__isnull=False),
            ),
            models.CheckConstraint(
                name="messaging_message_secrets", condition=Q(sealed="") | Q(state__in=["pending", "sending"])
            ),
        ]
        indexes = [
            models.Index(
                name="messaging_message_waiting",
                fields=["priority", "due", "id"],
                condition=Q(state="pending", batch=None),
            ),
            models.Index(
                name="messaging_message_reported",
                fields=["vendor_reference", "to"],
                condition=~Q(vendor_reference=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.state}"


class Notification(models.Model):
    """A notice to one user inside the app; `link` is a path of this business's own pages."""

    class Level(models.TextChoices):
        INFO = "info"
        SUCCESS = "success"
        WARNING = "warning"
        ERROR = "error"

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.UUIDField()
    title = models.TextField()
    text = models.TextField(default="", blank=True)
    level = models.TextField(choices=Level.choices, default=Level.INFO)
    link = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(name="messaging_notification_user", fields=["user", "-id"]),
            models.Index(name="messaging_notification_unread", fields=["user"], condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title
