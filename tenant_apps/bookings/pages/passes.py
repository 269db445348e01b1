"""The seat pass: shown by the student, read at the desk, which lets them in by it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import segno
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.errors import DomainError
from kernel.http.clients import client_ip
from kernel.http.forms import refuse
from kernel.http.pages import PageRequest, PageView
from tenant_apps.bookings import selectors, services
from tenant_apps.bookings.errors import PassUnknown
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.passes import booking_of_pass, pass_code, pass_shown
from tenant_apps.bookings.seatmaps import day_span

ARRIVALS = 12
SHOWN = ("confirmed", "checked_in")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code of the pass"),
        max_length=40,
        help_text=_("Eight letters and digits, below the picture on the student's phone."),
        widget=forms.TextInput(
            {"class": "input pass-input", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


class Pass(PageView):
    """The pass of the next seat, and those after it; kept by the phone for when there is no network."""

    permission = {"GET": "bookings.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_check_in")
        ahead = selectors.bookings_ahead(request.actor, since=clock.now()).filter(state__in=SHOWN)
        passes = [shown(request, booking) for booking in ahead[:4]]
        return render(request, "bookings/pass.html", {"passes": passes, "early": services.EARLY.seconds // 60})


class CheckIn(PageView):
    """Lets a student in, or out again, by the code of their pass; typed, or scanned from the phone."""

    permission = {"GET": "bookings.attend", "POST": "bookings.attend"}

    def get(self, request: PageRequest) -> HttpResponse:
        code = request.GET.get("code", "")
        return self._shown(request, CodeForm(initial={"code": code[:40]}), typed=code)

    def post(self, request: PageRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        row: Booking | None = None
        try:
            row = booking_of_pass(request.actor, form.cleaned_data["code"])
            if request.POST.get("deed") == "leave":
                services.booking_check_out(booking=row.id)
            else:
                device = request.headers.get("User-Agent", "")
                services.booking_check_in(booking=row.id, ip=client_ip(request) or None, device=device)
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form, row=row, status=error.status)
        return redirect(f"{reverse('page_check_in')}?{urlencode({'done': pass_code(row.id)})}")

    @staticmethod
    def _shown(
        request: PageRequest, form: CodeForm, *, row: Booking | None = None, typed: str = "", status: int = 0
    ) -> HttpResponse:
        done = request.GET.get("done", "")
        if row is None and (typed or done):
            try:
                row = booking_of_pass(request.actor, typed or done)
            except PassUnknown:
                row = None
        if row is not None:
            row = selectors.bookings_listed(request.actor).select_related("student", "seat", "shift").get(id=row.id)
        since, _end = day_span(clock.today())
        latest = selectors.arrivals_all(request.actor, since=since)[:ARRIVALS]
        told: dict[str, Any] = {
            "form": form,
            "row": row,
            "is_done": bool(done),
            "is_tried": bool(form.errors),
            "code": pass_code(row.id) if row else "",
            "opens_at": row.during.lower - services.EARLY if row else None,
            "now": clock.now(),
            "arrivals": list(latest),
        }
        return render(request, "bookings/check_in.html", told, status=status or (422 if form.errors else 200))


def shown(request: PageRequest, booking: Booking) -> dict[str, Any]:
    """A booking with what its pass shows."""
    code = pass_code(booking.id)
    address = request.build_absolute_uri(f"{reverse('page_check_in')}?{urlencode({'code': code})}")
    return {"booking": booking, "code": pass_shown(code), "picture": picture_of(address)}


def picture_of(address: str) -> SafeString:
    """The address as a QR code, without a style of its own."""
    drawn = segno.make(address, error="m").svg_inline(border=0, dark="#17181c", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn here, of an address made here
