"""The operator's stock of schemas: the snapshot they are made from, and which are ready for a tenant to take."""

from django.db import models


class Snapshot(models.Model):
    """What migrating an empty schema executes, recorded once and replayed for each new one."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    statements = models.JSONField()
    made_at = models.DateTimeField()


class ReadySchema(models.Model):
    """Schema `t_<number>` with its role, made ahead of need. It leaves `ready` when a tenant takes it, for good.

    The row of a dropped schema stays: its number is never used again.
    """

    class State(models.TextChoices):
        READY = "ready"
        TAKEN = "taken"
        DROPPED = "dropped"

    number = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=63, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    fingerprint = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state", "number"], name="tenancy_ready_first")]
