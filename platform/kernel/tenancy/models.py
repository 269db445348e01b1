"""The operator's stock of schemas, and the record of what was done to all of them: runs over the fleet, and their rows."""

from django.db import models

from kernel.ids import uuid7


class Snapshot(models.Model):
    """The fewest statements that make a schema of one set of migrations, run anew for each new one.

    `names` are the migrations it holds, as a list of `[app, name]`.
    """

    fingerprint = models.CharField(max_length=64, primary_key=True)
    statements = models.JSONField()
    names = models.JSONField(default=list)
    made_at = models.DateTimeField()


class ReadySchemas(models.QuerySet["ReadySchema"]):
    """Rows of the registry."""

    def living(self) -> "ReadySchemas":
        """Those whose schema stands: taken, being loaded, or in stock."""
        return self.exclude(state=ReadySchema.State.DROPPED)


class ReadySchema(models.Model):
    """Schema `t_<number>` with its role, made ahead of need. It leaves `ready` when a tenant takes it, for good.

    One that a bundle is read back into is `loading` until a tenant has it, or it is dropped again.
    The row of a dropped schema stays: its number is never used again. `fingerprint` names the snapshot it has been
    brought to, `grants` the rules its role's rights were last given by.
    """

    class State(models.TextChoices):
        READY = "ready"
        LOADING = "loading"
        TAKEN = "taken"
        DROPPED = "dropped"

    number = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=63, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    fingerprint = models.CharField(max_length=64)
    grants = models.CharField(max_length=64, default="", db_default="")
    made_at = models.DateTimeField()

    objects = ReadySchemas.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "number"], name="tenancy_ready_first")]


class FleetRun(models.Model):
    """One piece of work over many schemas: how far it is and how it ended. Written by the login that migrates."""

    class Kind(models.TextChoices):
        MIGRATE = "migrate"
        RUN = "run"
        BACKFILL = "backfill"

    class State(models.TextChoices):
        RUNNING = "running"
        FINISHED = "finished"
        STOPPED = "stopped"  # by a person, or by a death noticed later
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    what = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, default="")
    stage = models.CharField(max_length=20, default="")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    error = models.TextField(default="")
    started_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    # No column: it says that it runs, and the process at it has died. `fleet.selectors` asks.
    is_interrupted = False

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="tenancy_runs_latest")]


class FleetEntry(models.Model):
    """What became of one thing in one schema: a migration by app and name, or the command of a run.

    An applied migration's row is written in the transaction that applied it. `steps` counts what is finished of one that
    cannot be one transaction. `run` is the last FleetRun that touched it, `ms` how long the schema was worked on.
    """

    class State(models.TextChoices):
        WAITING = "waiting"  # begun, or put off because a lock was not to be had
        APPLIED = "applied"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    schema = models.CharField(max_length=63)
    app = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    run = models.UUIDField()
    state = models.CharField(max_length=7, choices=State)
    attempts = models.IntegerField(default=1)
    steps = models.IntegerField(default=0)
    error = models.TextField(default="")
    ms = models.IntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schema", "app", "name"], name="tenancy_one_entry")]
        indexes = [models.Index(fields=["run", "state"], name="tenancy_entries_of_run")]


class BackfillPosition(models.Model):
    """How far a backfill is in one schema; moved in the transaction that filled the batch.

    `after` is what the next batch goes on from, `rows` how many were filled. A schema made after the backfill had begun
    has no row: all that is written there is written whole.
    """

    id = models.BigAutoField(primary_key=True)
    backfill = models.CharField(max_length=100)
    schema = models.CharField(max_length=63)
    after = models.TextField(default="", db_default="")
    rows = models.BigIntegerField(default=0, db_default=0)
    is_done = models.BooleanField(default=False, db_default=False)
    error = models.TextField(default="", db_default="")
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backfill", "schema"], name="tenancy_one_position")]


class RegistryFault(models.Model):
    """Something of a schema that catalogue and registry disagree on, since it was first seen."""

    pk = models.CompositePrimaryKey("schema", "fault")
    schema = models.CharField(max_length=63)
    fault = models.CharField(max_length=40)
    since = models.DateTimeField()
