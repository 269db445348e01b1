"""Long work and scheduled work, alike on both kinds of host."""

from django.urls import path

from kernel.jobs import api

urlpatterns = [
    path("jobs/schedules", api.SchedulesView.as_view(), name="jobs_schedules"),
    path("jobs/schedules/<str:name>/run", api.ScheduleRunView.as_view(), name="jobs_schedule_run"),
    path("jobs/<uuid:id>", api.JobView.as_view(), name="jobs_show"),
]
