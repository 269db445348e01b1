"""The operator's first page: what needs them, the figures, who came last."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from shared_apps.console import selectors
from shared_apps.tenants import selectors as tenants

LATEST = 6


class Home(PageView):
    """What needs the operator, then the figures, then who came last; `fresh` asks for the moving part alone."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        told: dict[str, Any] = {}
        if request.actor.can("tenants.view"):
            figures = selectors.figures()
            latest = tenants.tenants().order_by("-id")[:LATEST]
            told = {"figures": figures, "latest": latest, "states": figures.by_state}
        return render(request, "console/home.html", told)
