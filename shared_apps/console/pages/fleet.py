"""The fleet: what runs over it now, every schema by version, who is behind or failed, and what ran before."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from kernel.http.pages import PageRequest, PageView
from kernel.tenancy.fleet import selectors as fleet
from shared_apps.console import fleet as drawing
from shared_apps.tenants import selectors as tenants

RUNS, FAILURES = 12, 200


class Fleet(PageView):
    """The whole page; asked anew whenever a run says that it has moved."""

    permission = {"GET": "jobs.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        standing, runs = drawing.standing(), drawing.runs(RUNS)
        named = standing.wanting[: drawing.NAMED]
        owners = tenants.tenants_by_schema([one.schema for one in named])
        told = {
            "fleet": standing,
            "wanting": [(one, owners.get(one.schema)) for one in named],
            "live": [one for one in runs if one.is_live],
            "runs": [one for one in runs if not one.is_live],
        }
        return render(request, "console/fleet.html", told)


class FleetRun(PageView):
    """One run: how far it came and what failed in it, schema by schema."""

    permission = {"GET": "jobs.view"}

    def get(self, request: PageRequest, run: UUID) -> HttpResponse:
        row = fleet.run_get(run)
        failures = fleet.run_failures(run)
        owners = tenants.tenants_by_schema([one.schema for one in failures[:FAILURES]])
        told = {
            "work": drawing.work_of(row),
            "failures": [(one, owners.get(one.schema)) for one in failures[:FAILURES]],
            "unnamed": max(0, len(failures) - FAILURES),
        }
        return render(request, "console/fleet_run.html", told)
