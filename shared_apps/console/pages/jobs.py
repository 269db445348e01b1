"""Jobs: what the clock brings and how it went, what failed for good and trying it again."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import audit, clock
from kernel.errors import DomainError
from kernel.http.pages import PageRequest, PageView
from kernel.jobs import selectors as queue
from kernel.jobs import services as job_services
from shared_apps.console.pages.callbacks import names_of

A_PAGE = 25


class Jobs(PageView):
    """Failed ones first, then the schedule with its last runs."""

    permission = {"GET": "jobs.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        return jobs_page(request)


def jobs_page(request: PageRequest, *, refusal: DomainError | None = None) -> HttpResponse:
    failed = Paginator(queue.dead_letters(), A_PAGE).get_page(request.GET.get("page"))
    told = {
        "page": failed,
        "names": names_of({one.business for one in failed.object_list}),
        "schedules": queue.schedules(),
        "refusal": refusal,
        "now": clock.now(),
    }
    return render(request, "console/jobs.html", told, status=refusal.status if refusal else 200)


class Retry(PageView):
    """Give a failed job its attempts again."""

    permission = {"POST": "jobs.run"}

    def post(self, request: PageRequest, job: UUID) -> HttpResponse:
        try:
            job_services.job_retry(job=job)
        except DomainError as error:
            return jobs_page(request, refusal=error)
        messages.success(request, _("It is tried again now."))
        return redirect("page_jobs")


class Run(PageView):
    """Run scheduled work now: here for the operator, put into the queue for every tenant."""

    permission = {"POST": "jobs.run"}

    def post(self, request: PageRequest, name: str) -> HttpResponse:
        cadence = queue.schedule_of(name)
        audit.record(action="jobs.run", subject_type="schedule", subject_id=name, changes={})
        ran = job_services.schedule_run(cadence=cadence)
        if cadence.scope == "tenants":
            said = ngettext("Put for %(n)s tenant.", "Put for %(n)s tenants.", ran["queued"]) % {"n": ran["queued"]}
            messages.success(request, said)
        elif ran["state"] == "done":
            messages.success(request, _("%(name)s has run.") % {"name": name})
        else:
            messages.error(request, _("%(name)s did not come to its end; see its last run.") % {"name": name})
        return redirect("page_jobs")
