"""The queue's tables, in public only: jobs name a business by its schema and things by their ids, nothing more."""

from django.db import models
from django.db.models import Q


class Job(models.Model):
    """One piece of work for one business (`public` is the operator).

    queued → running → done; a failure goes back to queued with a later `due` until its attempts are used up, then it
    is dead and kept. `lease` is the token of the present run: whoever has lost it can no longer finish the job.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True)
    business = models.TextField()
    handler = models.TextField()
    args = models.JSONField()
    priority = models.SmallIntegerField()
    due = models.DateTimeField()
    dedupe = models.TextField(null=True)
    cadence = models.TextField(default="", db_default="")
    state = models.TextField(choices=State, default=State.QUEUED, db_default=State.QUEUED)
    attempts = models.IntegerField(default=0, db_default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(default="", db_default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "dedupe"], condition=Q(dedupe__isnull=False), name="jobs_one_per_dedupe"
            ),
            models.CheckConstraint(condition=Q(priority__range=(0, 3)), name="jobs_priority_known"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "dead"]), name="jobs_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease__isnull=False, lease_until__isnull=False)
                | (~Q(state="running") & Q(lease__isnull=True)),
                name="jobs_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "business", "due", "id"], condition=Q(state="queued"), name="jobs_queued_fairly"
            ),
            models.Index(fields=["priority", "due"], condition=Q(state="queued"), name="jobs_oldest_due"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="jobs_running"),
            models.Index(fields=["finished_at"], condition=Q(state__in=["done", "dead"]), name="jobs_finished"),
            models.Index(fields=["business", "cadence", "-id"], condition=~Q(cadence=""), name="jobs_runs"),
        ]


class CadenceSlot(models.Model):
    """The last slot of a scheduled job that was put, per time zone (empty for cadences that follow no wall clock)."""

    pk = models.CompositePrimaryKey("name", "zone")
    name = models.TextField()
    zone = models.TextField()
    slot = models.DateTimeField()

    class Meta:
        db_table = "jobs_cadence"
