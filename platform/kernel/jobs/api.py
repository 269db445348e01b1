"""The door to long work and to what happens by the clock."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.response import Response

from kernel import audit
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import SIGNED_IN, ApiView, Output, row
from kernel.jobs import selectors, services
from kernel.jobs.errors import CadenceUnknown, JobUnknown
from kernel.jobs.progress.selectors import progress_of


class ProgressOutput(Output):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=["queued", "running", "done", "failed", "cancelled"])
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    result = serializers.JSONField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class RunOutput(Output):
    started_at = serializers.DateTimeField()
    seconds = serializers.FloatField(allow_null=True)
    state = serializers.ChoiceField(choices=["running", "queued", "done", "dead"])
    counts = serializers.JSONField(allow_null=True)
    error = serializers.CharField(allow_blank=True)


class ScheduleOutput(Output):
    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=["tenants", "platform"])
    every_seconds = serializers.IntegerField(allow_null=True)
    daily_at = serializers.CharField(allow_null=True)
    last_run = RunOutput(allow_null=True)
    runs = serializers.IntegerField()
    failures = serializers.IntegerField()


class SchedulesOutput(Output):
    results = ScheduleOutput(many=True)


class RanOutput(Output):
    state = serializers.ChoiceField(choices=["running", "queued", "done", "dead"])
    counts = serializers.JSONField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    queued = serializers.IntegerField()


class JobView(ApiView):
    permission = {"GET": SIGNED_IN}
    hosts = "both"

    @api("Progress of long work you started", responses=ProgressOutput, errors=[JobUnknown], operation_id="jobs_show")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = progress_of(request.user).filter(id=id)
        if not found.exists():
            raise JobUnknown()
        return Response(row(found, ProgressOutput))


class SchedulesView(ApiView):
    permission = {"GET": "jobs.view"}
    hosts = "both"

    @api("Scheduled jobs and their last runs", responses=SchedulesOutput, operation_id="jobs_schedules")
    def get(self, request: Request) -> Response:
        return Response(SchedulesOutput({"results": selectors.schedules()}).data)


class ScheduleRunView(ApiView):
    permission = {"POST": "jobs.run"}
    hosts = "both"

    @api("Run a scheduled job now", responses=RanOutput, errors=[CadenceUnknown], operation_id="jobs_schedule_run")
    def post(self, request: Request, name: str) -> Response:
        cadence = selectors.schedule_of(name)
        audit.record(action="jobs.run", subject_type="schedule", subject_id=name, changes={})
        return Response(RanOutput(services.schedule_run(cadence=cadence)).data)
