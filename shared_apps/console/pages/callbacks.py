"""Callbacks of vendors to every business: found, read as they came, worked on again."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError
from kernel.http.pages import PageRequest, PageView
from kernel.inbox import selectors as inbox
from kernel.jobs import selectors as queue
from kernel.jobs.errors import JobUnknown
from kernel.tenancy import platform_business
from shared_apps.console import selectors, services
from shared_apps.console.pages.lists import newest
from shared_apps.tenants import selectors as tenants


class Callbacks(PageView):
    """Newest first; the search looks into what was sent, so an order's or a payment's id finds all that was told of it."""

    permission = {"GET": "webhooks.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        asked = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "source", "state")}
        found = inbox.callbacks_found(text=asked["q"], source=asked["source"], state=asked["state"])
        page = newest(found, request.GET.get("before", ""))
        told = {
            "page": page,
            "names": names_of({one.business for one in page.rows}),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "sources": inbox.sources(),
            "states": inbox.STATES,
            "standing": inbox.standing(since=clock.now() - selectors.LATELY),
        }
        return render(request, "console/callbacks.html", told)


class Callback(PageView):
    """One as it came; reading a tenant's is noted."""

    permission = {"GET": "webhooks.view"}

    def get(self, request: PageRequest, callback: UUID) -> HttpResponse:
        return callback_page(request, callback)


def callback_page(request: PageRequest, callback: UUID, *, refusal: DomainError | None = None) -> HttpResponse:
    row = services.callback_read(callback=callback)
    told = {
        "row": row,
        "job": _job(row.job),
        "name": names_of({row.business})[row.business],
        "tenant": tenants.tenants().filter(schema_name=row.business).first(),
        "payload": _laid_out(bytes(row.body)),
        "refusal": refusal,
        "may_replay": row.shown in {"processed", "ignored", "failed"},
    }
    return render(request, "console/callback.html", told, status=refusal.status if refusal else 200)


class Outcome(PageView):
    """What became of a replay; asked anew while it is under way."""

    permission = {"GET": "webhooks.view"}

    def get(self, request: PageRequest, callback: UUID) -> HttpResponse:
        row = inbox.callback_get(callback)
        return render(request, "console/callback_outcome.html", {"row": row, "job": _job(row.job)})


class Replay(PageView):
    """Work on a callback again, as the business it is for."""

    permission = {"POST": "webhooks.replay"}

    def post(self, request: PageRequest, callback: UUID) -> HttpResponse:
        try:
            services.callback_replay(callback=callback)
        except DomainError as error:
            if error.status == 404:
                raise
            return callback_page(request, callback, refusal=error)
        messages.success(request, _("It is being worked on again."))
        return redirect("page_callback", callback)


def names_of(schemas: set[str]) -> dict[str, str]:
    """What the businesses of some schemas are called; a schema that is nobody's any more by itself."""
    known = tenants.tenants().filter(schema_name__in=schemas).values_list("schema_name", "name")
    own = platform_business()
    return {schema: schema for schema in schemas} | dict(known) | {own.schema: own.name}


def _job(job: UUID | None) -> Any:
    try:
        return queue.job_get(job) if job else None
    except JobUnknown:
        return None  # done long ago


def _laid_out(body: bytes) -> str:
    """JSON with its lines broken, anything else as it came."""
    text = body.decode(errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
