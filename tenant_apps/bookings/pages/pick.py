"""A student's seat, phone first: shift and day, a free seat, the hold with its deadline, and what is booked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError
from kernel.http.errors import Forbidden, NotFound
from kernel.http.forms import words_of
from kernel.http.pages import PageRequest, PageView, onward
from tenant_apps.bookings import selectors, services
from tenant_apps.bookings.errors import StudentNeeded
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.pages.choices import Choice, choice_of
from tenant_apps.bookings.pages.seats import map_words, next_free_said
from tenant_apps.libraries import selectors as libraries
from tenant_apps.people import selectors as people

# How long a hold that ended is still spoken of.
LATELY = timedelta(minutes=30)
PAST = 20


class Pick(PageView):
    """The map of a shift of a day, and the seat that is looked at or held."""

    permission = {"GET": "libraries.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_seats")
        return pick_page(request, request.GET)


class Hold(PageView):
    """Holds a seat for ten minutes; one that costs nothing is booked at once."""

    permission = {"POST": "bookings.hold"}

    def post(self, request: PageRequest, seat: UUID) -> HttpResponse:
        libraries.seat_get(request.actor, seat)
        choice = choice_of(request.actor, request.POST)
        if choice is None or request.actor.kind != "student":
            raise NotFound
        choice.seat = seat
        profile = people.profile_shown(request.actor)
        try:
            if profile is None:
                raise StudentNeeded
            booking = services.booking_hold(seat=seat, shift=choice.shift.shift.id, day=choice.day, student=profile.id)
        except DomainError as error:
            return pick_page(request, {**choice.kept, "seat": str(seat)}, refusal=error)
        if booking.state == Booking.State.CONFIRMED:
            messages.success(request, _("The seat is yours."))
            return onward(request, reverse("page_pass"))
        return redirect(f"{reverse('page_seat')}?{choice.base}&seat={seat}")


class Bookings(PageView):
    """Everything one has booked: what is to come, then what was."""

    permission = {"GET": "bookings.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind != "student":
            return redirect("page_seats")
        now = clock.now()
        ahead = list(selectors.bookings_ahead(request.actor, since=now))
        past = selectors.bookings_listed(request.actor).exclude(id__in=[one.id for one in ahead])
        past = past.select_related("shift", "seat").order_by("-during")[:PAST]
        return render(request, "bookings/bookings.html", {"ahead": ahead, "past": past, "now": now})


class Cancel(PageView):
    """Gives a seat back, after its terms were read."""

    permission = {"GET": "bookings.change", "POST": "bookings.change"}

    def get(self, request: PageRequest, booking: UUID) -> HttpResponse:
        return self._shown(request, self._own(request, booking))

    def post(self, request: PageRequest, booking: UUID) -> HttpResponse:
        row = self._own(request, booking)
        try:
            services.booking_cancel(booking=row.id)
        except DomainError as error:
            return self._shown(request, row, refusal=error)
        messages.success(request, _("The booking is cancelled; the seat is free for others."))
        return redirect("page_bookings")

    @staticmethod
    def _own(request: PageRequest, booking: UUID) -> Booking:
        if request.actor.kind != "student":
            raise Forbidden
        mine = selectors.bookings_listed(request.actor).select_related("student", "shift", "seat__hall__branch")
        row = mine.filter(id=booking).first()
        if row is None:
            raise NotFound
        return row

    @staticmethod
    def _shown(request: PageRequest, row: Booking, *, refusal: DomainError | None = None) -> HttpResponse:
        told = {
            "booking": row,
            "refusal": words_of(refusal) if refusal else "",
            "can": row.state in (Booking.State.HELD, Booking.State.CONFIRMED) and row.during.lower > clock.now(),
        }
        return render(request, "bookings/cancel.html", told, status=refusal.status if refusal else 200)


def pick_page(request: PageRequest, given: Any, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page as the address or a form chooses, with a refusal where a seat was tried."""
    profile = people.profile_shown(request.actor)
    choice = choice_of(request.actor, given, home=profile.branch_id if profile else None)
    now = clock.now()
    mine = list(selectors.bookings_ahead(request.actor, since=now))
    if choice is None:
        return render(request, "bookings/pick_none.html", {"mine": mine})
    if given.get("best") and choice.drawn.best is not None:
        choice.seat = choice.drawn.best.id
    held = next((one for one in mine if one.state == Booking.State.HELD and not _is_over(one)), None)
    spot = choice.spot
    ended = None if held else _ended(request, choice)
    told = {
        "choice": choice,
        "drawn": choice.drawn,
        "spot": spot,
        "words": map_words(),
        "address": reverse("page_seat"),
        "profile": profile,
        "mine": [one for one in mine if one.state != Booking.State.HELD],
        "held": held,
        "pay": pay_address(held) if held else "",
        "seconds": max(0, int((held.hold_until - now).total_seconds())) if held and held.hold_until else 0,
        "ended": ended,
        "refusal": words_of(refusal) if refusal else "",
        "next_free": next_free_said(refusal),
        "nearest": choice.drawn.nearest(spot) if spot and (refusal or spot.state not in ("free", "yours")) else [],
        "minutes": int(services.HOLD.total_seconds() // 60),
    }
    answer = render(request, "bookings/pick.html", told, status=refusal.status if refusal else 200)
    if refusal:
        # The address of what was tried is no page to come back to.
        answer["HX-Push-Url"] = "false"
    return answer


def pay_address(booking: Booking) -> str:
    """Where a held seat is paid for."""
    return f"{reverse('page_pay')}?{urlencode({'booking': booking.id})}"


def _is_over(booking: Booking) -> bool:
    return booking.hold_until is not None and booking.hold_until <= clock.now()


def _ended(request: PageRequest, choice: Choice) -> Booking | None:
    """A hold of this map that ended unpaid a little while ago, and nothing was booked there since."""
    if any(spot.state == "yours" and not _lapsed(spot.booking) for spot in choice.drawn.spots):
        return None
    rows = selectors.bookings_listed(request.actor).filter(day=choice.day, shift=choice.shift.shift.id)
    lately = rows.filter(updated_at__gt=clock.now() - LATELY, state=Booking.State.EXPIRED)
    lapsed = rows.filter(state=Booking.State.HELD, hold_until__lte=clock.now())
    return (lately | lapsed).select_related("seat").order_by("-updated_at").first()


def _lapsed(booking: Booking | None) -> bool:
    return booking is not None and booking.state == Booking.State.HELD and _is_over(booking)
