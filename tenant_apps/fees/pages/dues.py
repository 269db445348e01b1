"""A student's fees: what is owed and can be paid together, and what was paid, each with its receipt."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render

from kernel import clock
from kernel.http.pages import PageRequest, PageView
from shared_apps.payments import selectors as payments
from tenant_apps.fees import selectors
from tenant_apps.people import selectors as people

SHOWN = 3
A_PAGE = 20


class Dues(PageView):
    """Everything one owes, to be chosen and paid; beneath it what was paid last."""

    permission = {"GET": "fees.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_home")
        told = owed_told(request)
        told["paid"] = paid_by(request)[:SHOWN]
        return render(request, "fees/dues.html", told)


class Paid(PageView):
    """Every payment one has made, with its receipt, the last first."""

    permission = {"GET": "payments.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_home")
        page = Paginator(paid_by(request), A_PAGE).get_page(request.GET.get("page"))
        return render(request, "fees/history.html", {"page": page})


def owed_told(request: PageRequest) -> dict[str, Any]:
    """What the profile acted for owes: the fees by day, their sum, those overdue, and those being paid already."""
    profile, today = people.profile_shown(request.actor), clock.today()
    owed = list(selectors.dues_open(request.actor))
    if profile is not None:
        owed = [due for due in owed if due.student_id == profile.id]
    under_way = selectors.payments_under_way([due.id for due in owed])
    for due in owed:
        due.payment = under_way.get(due.id)  # type: ignore[attr-defined]
    overdue = [due for due in owed if due.due_on < today]
    return {
        "profile": profile,
        "today": today,
        "owed": owed,
        "payable": [due for due in owed if due.id not in under_way],
        "sum": sum(due.amount_paise for due in owed),
        "overdue": overdue,
        "overdue_sum": sum(due.amount_paise for due in overdue),
        "under_way": list({one.id: one for one in under_way.values()}.values()),
    }


def paid_by(request: PageRequest) -> Any:
    """The payments of the profile acted for that were made or are being made, the last first."""
    mine = payments.payments_visible(request.actor).exclude(state__in=["created", "cancelled", "expired", "failed"])
    profile = people.profile_shown(request.actor)
    return (mine.filter(payer_id=profile.id) if profile else mine).order_by("-id")
