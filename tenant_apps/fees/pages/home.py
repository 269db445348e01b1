"""The one address everybody starts from: it shows staff and students each their own home."""

from __future__ import annotations

from django.http import HttpResponse

from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from tenant_apps.fees.pages import staff, student


class Home(PageView):
    """One address, two faces: the dashboard of staff, the portal of students."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind == "student":
            return student.home(request)
        return staff.home(request)
