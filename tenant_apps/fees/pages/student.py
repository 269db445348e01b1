"""What a student owes and has paid: their home and their page of dues."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from kernel import clock
from kernel.http.pages import PageRequest, PageView
from tenant_apps.fees import selectors
from tenant_apps.people import selectors as people

SHOWN = 8


def home(request: PageRequest) -> HttpResponse:
    """The portal's first page."""
    return dues_page(request, "fees/student_home.html")


class Dues(PageView):
    """Everything one owes and has paid."""

    permission = {"GET": "fees.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_home")
        return dues_page(request, "fees/dues.html")


def dues_page(request: PageRequest, template: str) -> HttpResponse:
    """A student's dues: those open first, by day, then what was paid last."""
    dues = selectors.dues_visible(request.actor)
    owed = list(selectors.dues_open(request.actor))
    today = clock.today()
    told = {
        "owed": owed,
        "sum": sum(due.amount_paise for due in owed),
        "overdue": [due for due in owed if due.due_on < today],
        "paid": dues.filter(state="paid").order_by("-paid_at")[:SHOWN],
        "profile": people.profile_shown(request.actor),
        "today": today,
    }
    return render(request, template, told)
