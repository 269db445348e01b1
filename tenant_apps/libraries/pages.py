"""The pages on which a library is set up: its halls with their seats, and its shifts with their prices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse, words_of
from kernel.http.pages import PageRequest, PageView
from tenant_apps.libraries import selectors, services
from tenant_apps.libraries.forms import (
    GridForm,
    HallForm,
    HallNameForm,
    LibraryChangeForm,
    LibraryForm,
    SeatForm,
    ShiftChangeForm,
    ShiftForm,
    price_text,
)
from tenant_apps.people import services as people

# Teachers and accountants may look at halls through the API; the pages are for who sets them up.
VIEW = CHANGE = "libraries.change"


class Libraries(PageView):
    """The places with halls."""

    permission = {"GET": VIEW}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = selectors.libraries_counted(request.actor).order_by("name", "id")
        return render(request, "libraries/libraries.html", {"libraries": list(rows)})


class LibraryNew(PageView):
    """Opens a library."""

    permission = {"GET": CHANGE, "POST": CHANGE}

    def get(self, request: PageRequest) -> HttpResponse:
        return _asked(request, LibraryForm(), _("New library"), back="page_libraries")

    def post(self, request: PageRequest) -> HttpResponse:
        form = LibraryForm(request.POST)
        if form.is_valid():
            try:
                made = people.branch_create(**form.cleaned_data, kind="library")
                return redirect("page_library", made.id)
            except DomainError as error:
                refuse(form, error)
        return _asked(request, form, _("New library"), back="page_libraries")


class Library(PageView):
    """One library: its halls, its shifts."""

    permission = {"GET": VIEW}

    def get(self, request: PageRequest, library: UUID) -> HttpResponse:
        return library_page(request, library)


class LibraryChange(PageView):
    """Renames, moves, closes a library."""

    permission = {"GET": CHANGE, "POST": CHANGE}

    def get(self, request: PageRequest, library: UUID) -> HttpResponse:
        row = selectors.library_get(request.actor, library)
        facts = {"name": row.name, "city": row.city, "address": row.address, "state": row.state}
        return _asked(request, LibraryChangeForm(initial=facts), row.name, back="page_library", ids=(library,))

    def post(self, request: PageRequest, library: UUID) -> HttpResponse:
        row, form = selectors.library_get(request.actor, library), LibraryChangeForm(request.POST)
        if form.is_valid():
            try:
                people.branch_change(branch=row, changes=form.cleaned_data)
                return redirect("page_library", library)
            except DomainError as error:
                refuse(form, error)
        return _asked(request, form, row.name, back="page_library", ids=(library,))


class HallNew(PageView):
    """A hall by rows and columns: its map is drawn from them."""

    permission = {"GET": CHANGE, "POST": CHANGE}

    def get(self, request: PageRequest, library: UUID) -> HttpResponse:
        selectors.library_get(request.actor, library)
        return _asked(request, HallForm(), _("New hall"), back="page_library", ids=(library,))

    def post(self, request: PageRequest, library: UUID) -> HttpResponse:
        row, form = selectors.library_get(request.actor, library), HallForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            try:
                hall = services.hall_furnish(branch=row.id, name=given["name"], floor=given["floor"], **form.grid())
                return redirect("page_hall", hall.id)
            except DomainError as error:
                refuse(form, error)
        return _asked(request, form, _("New hall"), back="page_library", ids=(library,))


class Hall(PageView):
    """One hall: its seats as they stand, and what can be done to them."""

    permission = {"GET": VIEW, "POST": CHANGE}

    def get(self, request: PageRequest, hall: UUID) -> HttpResponse:
        return hall_page(request, hall)

    def post(self, request: PageRequest, hall: UUID) -> HttpResponse:
        row = selectors.hall_get(request.actor, hall)
        form: Any = HallNameForm(request.POST)
        if not form.is_valid():
            return hall_page(request, hall, named=form)
        try:
            services.hall_change(hall=row, changes=form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return hall_page(request, hall, named=form)
        messages.success(request, _("Saved."))
        return redirect("page_hall", hall)


class HallRows(PageView):
    """More rows of seats, behind the last."""

    permission = {"POST": CHANGE}

    def post(self, request: PageRequest, hall: UUID) -> HttpResponse:
        row, form = selectors.hall_get(request.actor, hall), GridForm(request.POST)
        if not form.is_valid():
            return hall_page(request, hall, grid=form)
        try:
            made = services.seats_add(hall=row.id, seats=services.seats_grid(hall=row.id, **form.grid()))
        except DomainError as error:
            refuse(form, error)
            return hall_page(request, hall, grid=form)
        messages.success(request, _("%(n)s seats added.") % {"n": len(made)})
        return redirect("page_hall", hall)


class HallDelete(PageView):
    """Removes a hall without seats."""

    permission = {"POST": CHANGE}

    def post(self, request: PageRequest, hall: UUID) -> HttpResponse:
        row = selectors.hall_get(request.actor, hall)
        library = row.branch_id
        try:
            services.hall_delete(hall=row)
        except DomainError as error:
            return hall_page(request, hall, refusal=error)
        messages.success(request, _("The hall is removed."))
        return redirect("page_library", library)


class SeatChange(PageView):
    """One seat: its number and kind; removed, as long as it was never booked."""

    permission = {"GET": CHANGE, "POST": CHANGE}

    def get(self, request: PageRequest, hall: UUID, seat: UUID) -> HttpResponse:
        row = self._row(request, hall, seat)
        return self._shown(request, row, SeatForm(initial={"label": row.label, "seat_class": row.seat_class}))

    def post(self, request: PageRequest, hall: UUID, seat: UUID) -> HttpResponse:
        row = self._row(request, hall, seat)
        if request.POST.get("delete"):
            form = SeatForm(initial={"label": row.label, "seat_class": row.seat_class})
            try:
                services.seat_delete(seat=row)
            except DomainError as error:
                return self._shown(request, row, form, refusal=error)
            messages.success(request, _("Seat %(seat)s is removed.") % {"seat": row.label})
            return redirect("page_hall", hall)
        form = SeatForm(request.POST)
        if form.is_valid():
            try:
                services.seat_change(seat=row, changes=form.cleaned_data)
                return redirect("page_hall", hall)
            except DomainError as error:
                refuse(form, error)
        return self._shown(request, row, form)

    @staticmethod
    def _row(request: PageRequest, hall: UUID, seat: UUID) -> Any:
        return selectors.seat_in(request.actor, hall=hall, seat=seat)

    @staticmethod
    def _shown(request: PageRequest, row: Any, form: Form, *, refusal: DomainError | None = None) -> HttpResponse:
        told = {"seat": row, "form": form, "refusal": words_of(refusal) if refusal else ""}
        status = refusal.status if refusal else 422 if form.errors else 200
        return render(request, "libraries/seat.html", told, status=status)


class ShiftNew(PageView):
    """Hours that can be booked, with their price."""

    permission = {"GET": CHANGE, "POST": CHANGE}

    def get(self, request: PageRequest, library: UUID) -> HttpResponse:
        selectors.library_get(request.actor, library)
        return _asked(request, ShiftForm(), _("New shift"), back="page_library", ids=(library,))

    def post(self, request: PageRequest, library: UUID) -> HttpResponse:
        row, form = selectors.library_get(request.actor, library), ShiftForm(request.POST)
        if form.is_valid():
            given = dict(form.cleaned_data)
            try:
                services.shift_create(branch=row.id, price_paise=given.pop("price"), **given)
                return redirect("page_library", library)
            except DomainError as error:
                refuse(form, error)
        return _asked(request, form, _("New shift"), back="page_library", ids=(library,))


class Shift(PageView):
    """One shift: its name, its price, whether it can be booked; its hours stay."""

    permission = {"GET": CHANGE, "POST": CHANGE}

    def get(self, request: PageRequest, shift: UUID) -> HttpResponse:
        row = selectors.shift_get(request.actor, shift)
        facts = {"name": row.name, "price": price_text(row.price_paise), "is_open": row.is_open}
        return self._shown(request, row, ShiftChangeForm(initial=facts))

    def post(self, request: PageRequest, shift: UUID) -> HttpResponse:
        row, form = selectors.shift_get(request.actor, shift), ShiftChangeForm(request.POST)
        library = row.branch_id
        try:
            if request.POST.get("delete"):
                services.shift_delete(shift=row)
                messages.success(request, _("The shift is removed."))
                return redirect("page_library", library)
            if form.is_valid():
                given = dict(form.cleaned_data)
                services.shift_change(shift=row, changes={"price_paise": given.pop("price"), **given})
                return redirect("page_library", library)
        except DomainError as error:
            form.is_valid()
            refuse(form, error)
            return self._shown(request, row, form, status=error.status)
        return self._shown(request, row, form, status=422)

    @staticmethod
    def _shown(request: PageRequest, row: Any, form: Form, *, status: int = 200) -> HttpResponse:
        return render(request, "libraries/shift.html", {"shift": row, "form": form}, status=status)


def library_page(request: PageRequest, library: UUID) -> HttpResponse:
    """A library with its halls and shifts."""
    row = selectors.library_get(request.actor, library)
    told = {
        "library": row,
        "halls": list(selectors.halls_counted(request.actor, library=row.id)),
        "shifts": list(selectors.shifts_visible(request.actor).filter(branch_id=row.id).order_by("starts", "id")),
    }
    return render(request, "libraries/library.html", told)


def hall_page(
    request: PageRequest,
    hall: UUID,
    *,
    named: HallNameForm | None = None,
    grid: GridForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """A hall as it stands, with the form or the refusal of what was tried."""
    row = selectors.hall_get(request.actor, hall)
    seats = list(selectors.seats_visible(request.actor).filter(hall_id=row.id).order_by("row", "column"))
    told = {
        "hall": row,
        "library": selectors.library_get(request.actor, row.branch_id),
        "bays": selectors.bays_of(seats),
        "seats": seats,
        "named": named or HallNameForm(initial={"name": row.name, "floor": row.floor}),
        "grid": grid or GridForm(),
        "tried": named or grid,
        "refusal": words_of(refusal) if refusal else "",
    }
    status = refusal.status if refusal else 422 if named or grid else 200
    return render(request, "libraries/hall.html", told, status=status)


def _asked(request: PageRequest, form: Form, title: str, *, back: str, ids: tuple[UUID, ...] = ()) -> HttpResponse:
    told = {"title": title, "back": reverse(back, args=ids)}
    return form_page(request, "libraries/form.html", form, told)
