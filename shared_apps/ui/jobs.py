"""Long work as people see it: one component in every place it is shown, its page, and its mark in the topbar."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import known_as
from kernel.http.actor import Actor
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from kernel.http.readers import is_partial
from kernel.jobs.errors import CancelTooLate, JobUnknown
from kernel.jobs.progress import kinds, tray
from kernel.jobs.progress.models import Progress
from kernel.jobs.progress.selectors import progress_of
from shared_apps.accounts import selectors as accounts

# A rate means nothing before so many seconds.
SPEED_AFTER_S = 10
LIVE = ("queued", "running")
# The names under which results count what did not go well.
PROBLEMS = ("refused", "failed")


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece of long work for the component. `state` is the pill's: `problems` is done, but not all went well."""

    id: UUID
    title: str
    state: str
    done: int = 0
    total: int | None = None
    per_minute: int = 0
    seconds_left: int | None = None
    steps: list[kinds.Step] = field(default_factory=list)
    who: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result_link: str = ""
    result_word: str = ""
    errors_link: str = ""
    problems: int = 0
    can_cancel: bool = False
    failure: str = ""
    advice: str = ""

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def topic(self) -> str:
        return f"job.{self.id}"


def shown_of(progress: Progress) -> Shown:
    """What the component shows of this work; one query for the name of who started it."""
    kind = kinds.kind_of(progress.kind)
    problems = sum(int((progress.result or {}).get(name) or 0) for name in PROBLEMS)
    state = "problems" if progress.state == Progress.State.DONE and problems else str(progress.state)
    per_minute, left = _speed(progress)
    owner = accounts.user_by_id(progress.owner) if progress.owner else None
    failure, advice = _failure(progress)
    ended = state not in LIVE
    return Shown(
        id=progress.id,
        title=str(kind.title),
        state=state,
        done=progress.done,
        total=progress.total,
        per_minute=per_minute,
        seconds_left=left,
        steps=kind.steps(progress) if kind.steps else [],
        who=owner.name if owner else "",
        started_at=progress.created_at,
        ended_at=progress.updated_at if ended else None,
        result_link=kinds.address_of(kind.page, progress.id) if ended else "",
        result_word=str(kind.result_word),
        errors_link=kinds.address_of(kind.errors, progress.id) if ended and problems else "",
        problems=problems,
        can_cancel=kind.cancel is not None and not ended,
        failure=failure,
        advice=advice,
    )


def shown_for(actor: Actor, work: UUID) -> Shown | None:
    """What the component shows of this work, if the actor may see it."""
    progress = progress_of(actor).filter(id=work).first()
    return shown_of(progress) if progress else None


def _speed(progress: Progress) -> tuple[int, int | None]:
    """How many a minute and how many seconds more; nothing is said of the first seconds."""
    if progress.state != Progress.State.RUNNING or progress.started_at is None or not progress.done:
        return 0, None
    taken = (clock.now() - progress.started_at).total_seconds()
    if taken < SPEED_AFTER_S:
        return 0, None
    left = round((progress.total - progress.done) * taken / progress.done) if progress.total else None
    return round(progress.done * 60 / taken), left


def _failure(progress: Progress) -> tuple[str, str]:
    if progress.state != Progress.State.FAILED:
        return "", ""
    refusal = known_as(progress.error)
    if refusal is None:
        return _("Something went wrong on our side"), _("It is noted. Start again, or ask us with the number below.")
    return _(refusal.title), _(refusal.action) if refusal.action else ""


def progress_get(request: PageRequest, work: UUID) -> Progress:
    """The work, if the reader may see it. Raises JobUnknown."""
    progress = progress_of(request.actor).filter(id=work).first()
    if progress is None:
        raise JobUnknown
    return progress


class JobPage(PageView):
    """One piece of long work; a piece of the page when htmx asks, and its mark in the topbar with `?tray`."""

    permission = {"GET": SIGNED_IN}
    when_suspended = True

    def get(self, request: PageRequest, work: UUID) -> HttpResponse:
        if "tray" in request.GET:
            return self._mark(request, work)
        job = shown_of(progress_get(request, work))
        if is_partial(request):
            # Where the page shows more than the component, the end of the work is news for all of it.
            answer = render(request, "ui/job.html", {"job": job, "whole": "whole" in request.GET})
            if not job.is_live and "whole" in request.GET:
                answer["HX-Refresh"] = "true"
            return answer
        answer = render(request, "ui/job_page.html", {"job": job})
        if not job.is_live:
            tray.leave(request, answer, work)
        return answer

    @staticmethod
    def _mark(request: PageRequest, work: UUID) -> HttpResponse:
        """The mark in the topbar; work that is no longer the reader's to see takes its mark away."""
        progress = progress_of(request.actor).filter(id=work).first()
        if progress is not None:
            return render(request, "ui/job_mark.html", {"job": shown_of(progress)})
        answer = HttpResponse()
        tray.leave(request, answer, work)
        return answer


class JobCancel(PageView):
    """Stop long work while that is safe."""

    permission = {"POST": SIGNED_IN}

    def post(self, request: PageRequest, work: UUID) -> HttpResponse:
        progress = progress_get(request, work)
        cancel = kinds.kind_of(progress.kind).cancel
        if cancel is None or progress.state not in LIVE:
            raise CancelTooLate
        cancel(work)
        messages.success(request, _("Stopped. What was done until then stays."))
        return redirect(kinds.address_of(kinds.kind_of(progress.kind).page, work) or reverse("page_job", args=[work]))
