"""What staff see first: how fees stand."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render

from kernel import clock
from kernel.http.pages import PageRequest
from tenant_apps.fees import selectors
from tenant_apps.people import selectors as people

SOON = timedelta(days=7)
SHOWN = 8


def home(request: PageRequest) -> HttpResponse:
    """What is owed, and to whom one would speak first."""
    told = {}
    if request.actor.can("fees.view"):
        today = clock.today()
        told = {
            "sums": selectors.dues_sums(request.actor, today=today, soon=today + SOON),
            "overdue": selectors.dues_open(request.actor).filter(due_on__lt=today)[:SHOWN],
        }
    if request.actor.can("people.view"):
        told["students"] = people.students_visible(request.actor).filter(state="active").count()
    return render(request, "fees/staff_home.html", told)
