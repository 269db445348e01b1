"""The staff's pages of people: the students, found by name, code or phone."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render

from kernel.http.errors import Forbidden
from kernel.http.pages import PageRequest, PageView
from tenant_apps.people import selectors
from tenant_apps.people.models import Student

A_PAGE = 25
SEARCHED = ("name", "code", "phone", "guardian_name", "guardian_phone")


class Students(PageView):
    """The students of one's branches; what is searched and filtered stands in the address."""

    permission = {"GET": "people.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind == "student":
            raise Forbidden
        text, state = request.GET.get("q", "").strip()[:80], request.GET.get("state", "")
        found = selectors.students_listed(request.actor).select_related("branch").order_by("-id")
        if text:
            # Whose number is hidden from someone is not found by it either.
            columns = SEARCHED if request.actor.can("people.phones") else ("name", "code")
            found = found.filter(Q.create([(f"{column}__icontains", text) for column in columns], Q.OR))
        if state in Student.State.values:
            found = found.filter(state=state)
        told = {
            "page": Paginator(found, A_PAGE).get_page(request.GET.get("page")),
            "text": text,
            "state": state,
            "states": Student.State.values,
            "is_filtered": bool(text or state),
        }
        return render(request, "people/students.html", told)
