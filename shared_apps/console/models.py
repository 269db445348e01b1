"""What the operator has under way with tenants: how far making and closing each has come, bundles taken and brought
back."""

from django.db import models

from kernel.ids import uuid7


class StepMark(models.Model):
    """How far one step of a work is. Its effect and this mark are two transactions: it may be done again, never skipped."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=32)
    title = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    error = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["position"]


class ProvisioningStep(StepMark):
    """One step of one tenant's making."""

    tenant = models.ForeignKey("tenants.Tenant", related_name="+", on_delete=models.CASCADE)

    class Meta(StepMark.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="console_step_once")]


class BundleExport(models.Model):
    """One tenant's bundle: everything of one moment, sealed, in parts under `key` in object storage.

    `schema` is what the tenant's schema was called; `taken_at` is the moment; `parts` says of each part that is written
    its name, bytes and SHA-256 (of what is stored); `sha256` is the manifest's, which names the other parts'; `bytes`
    is the sum of all.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        ERASED = "erased"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", related_name="+", on_delete=models.PROTECT)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=200)
    schema = models.CharField(max_length=63)
    key = models.CharField(max_length=120)
    parts = models.JSONField(default=list)
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=300, blank=True)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="console_bundle_one_at_once",
            ),
            models.CheckConstraint(
                name="console_bundle_done_is_whole",
                condition=~models.Q(state="done") | (~models.Q(sha256="") & models.Q(finished_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="console_bundles_of")]


class BundleRestore(models.Model):
    """A bundle brought back: into the tenant it was taken of, beside it as a new tenant, or as a masked sandbox.

    `schema` is what the rows are loaded into, `previous` what it replaced until the new one is verified; `report` names
    the public rows that have moved on since the bundle, which are kept as they are.
    """

    class Kind(models.TextChoices):
        PLACE = "place"
        BESIDE = "beside"
        CLONE = "clone"

    class State(models.TextChoices):
        RUNNING = "running"
        LOADED = "loaded"
        SWAPPED = "swapped"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bundle = models.ForeignKey(BundleExport, related_name="+", on_delete=models.PROTECT)
    tenant = models.ForeignKey("tenants.Tenant", related_name="+", on_delete=models.PROTECT)
    kind = models.CharField(max_length=6, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    reason = models.CharField(max_length=200)
    schema = models.CharField(max_length=63, blank=True)
    previous = models.CharField(max_length=63, blank=True)
    report = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(state__in=["running", "loaded", "swapped"]),
                name="console_restore_one_at_once",
            )
        ]


class Erasure(models.Model):
    """What is left of a tenant after it was erased for good, and why: `kept` and `gone` count rows by table."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.OneToOneField("tenants.Tenant", related_name="+", on_delete=models.PROTECT)
    kept = models.JSONField()
    gone = models.JSONField()
    keep_until = models.DateField()
    erased_at = models.DateTimeField()


class Offboarding(models.Model):
    """One leaving of one tenant, from the notice to what is left. `schema` is the one it had, `came_from` its state before;
    `due` is when to look again; `returned` counts the credits of each channel that went back to the stock."""

    class State(models.TextChoices):
        RUNNING = "running"
        CANCELLED = "cancelled"
        DONE = "done"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", related_name="+", on_delete=models.PROTECT)
    schema = models.CharField(max_length=63)
    came_from = models.CharField(max_length=16)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=State, default=State.RUNNING)
    grace_ends_at = models.DateTimeField()
    due = models.DateTimeField()
    bundle = models.ForeignKey(BundleExport, related_name="+", on_delete=models.PROTECT, null=True)
    returned = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state="running"), name="console_offboarding_one_at_once"
            ),
            models.CheckConstraint(
                name="console_offboarding_ended",
                condition=models.Q(state="running", ended_at=None)
                | models.Q(state__in=["cancelled", "done"], ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["due"], condition=models.Q(state="running"), name="console_offboarding_due"),
            models.Index(fields=["tenant", "-id"], name="console_offboardings_of"),
        ]


class OffboardingStep(StepMark):
    """One step of one offboarding."""

    offboarding = models.ForeignKey(Offboarding, related_name="steps", on_delete=models.CASCADE)

    class Meta(StepMark.Meta):
        constraints = [models.UniqueConstraint(fields=["offboarding", "name"], name="console_offboarding_step_once")]
