"""A student's home: the next thing to do first."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from kernel.http.pages import PageRequest
from tenant_apps.fees.pages.dues import owed_told


def home(request: PageRequest) -> HttpResponse:
    """The portal's first page."""
    return render(request, "fees/student_home.html", owed_told(request))
