"""A student's day on one page that a phone keeps for when there is no network: classes and seat passes, nothing to press."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from kernel import clock
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from tenant_apps.fees.pages.student import today_told


class Today(PageView):
    """Today's classes and seats as they were known at a moment, which is said."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_home")
        return render(request, "fees/today.html", {**today_told(request), "now": clock.now()})
