"""What a tenant's people see first: staff how fees stand, a student what they owe and have paid."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render

from kernel import clock
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from tenant_apps.fees import selectors
from tenant_apps.people import selectors as people

SOON = timedelta(days=7)
SHOWN = 8


class Home(PageView):
    """One address, two faces: the dashboard of staff, the portal of students."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind == "student":
            return dues_page(request, "fees/student_home.html")
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
