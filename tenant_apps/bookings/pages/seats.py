"""The desk's hall, live: who sits where, and what the desk does about it, each refusal explained where it was earned."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError
from kernel.http.clients import client_ip
from kernel.http.errors import NotFound
from kernel.http.forms import words_of
from kernel.http.pages import PageRequest, PageView
from tenant_apps.bookings import moves, selectors, services
from tenant_apps.bookings.drawing import WORDS, hour
from tenant_apps.bookings.errors import StudentNeeded
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.pages.choices import Choice, choice_of, uuid_of
from tenant_apps.bookings.seatmaps import day_span
from tenant_apps.libraries import selectors as libraries
from tenant_apps.libraries import services as library_services
from tenant_apps.people import selectors as people

FOUND, ARRIVALS, STANDING = 8, 8, 5
METHODS = ("cash", "upi", "card")


class Seats(PageView):
    """A hall in a shift of a day; the address says which, and which seat is looked at."""

    permission = {"GET": "bookings.attend"}

    def get(self, request: PageRequest) -> HttpResponse:
        return seats_page(request, request.GET)


class Assign(PageView):
    """Gives a seat to a student."""

    permission = {"POST": "bookings.attend"}

    def post(self, request: PageRequest, seat: UUID) -> HttpResponse:
        libraries.seat_get(request.actor, seat)
        choice = _chosen(request)
        try:
            wanted = uuid_of(request.POST.get("student"))
            if wanted is None:
                raise StudentNeeded
            student = people.student_get(request.actor, wanted)
            booking = moves.booking_assign(
                seat=seat, shift=choice.shift.shift.id, day=choice.day, student=student.id, money=_money(request)
            )
        except DomainError as error:
            return seats_page(request, request.POST, refusal=error)
        said = _("%(seat)s is held for %(name)s for ten minutes.")
        if booking.state == Booking.State.CONFIRMED:
            said = _("%(seat)s is given to %(name)s.")
        return _back(request, choice, said % {"seat": _label(seat), "name": student.name}, seat=seat)


class Block(PageView):
    """Keeps new bookings off a seat, or lets them in again."""

    permission = {"POST": "libraries.change"}

    def post(self, request: PageRequest, seat: UUID) -> HttpResponse:
        row, choice = libraries.seat_get(request.actor, seat), _chosen(request)
        if request.POST.get("open"):
            library_services.seat_open(seat=row)
            said = _("%(seat)s can be booked again.")
        else:
            library_services.seat_block(seat=row, reason=request.POST.get("reason", "").strip()[:120])
            said = _("%(seat)s is blocked.")
        return _back(request, choice, said % {"seat": row.label}, seat=seat)


class Deed(PageView):
    """What the desk does with one booking: let in and out, take the money, move, renew, cancel."""

    permission = {"POST": "bookings.attend"}

    def post(self, request: PageRequest, booking: UUID, deed: str) -> HttpResponse:
        row, choice = selectors.booking_get(request.actor, booking), _chosen(request)
        if deed not in DEEDS:
            raise NotFound
        try:
            seat, said = DEEDS[deed](request, row, choice)
        except DomainError as error:
            return seats_page(request, request.POST, refusal=error)
        return _back(request, choice, said, seat=seat)


def _come(request: PageRequest, row: Booking, choice: Choice) -> tuple[UUID, str]:
    ip, device = client_ip(request) or None, request.headers.get("User-Agent", "")
    services.booking_check_in(booking=row.id, ip=ip, device=device)
    return row.seat_id, _("%(name)s is in.") % {"name": row.student.name}


def _leave(request: PageRequest, row: Booking, choice: Choice) -> tuple[UUID, str]:
    services.booking_check_out(booking=row.id)
    return row.seat_id, _("%(name)s has left; the seat is free.") % {"name": row.student.name}


def _confirm(request: PageRequest, row: Booking, choice: Choice) -> tuple[UUID, str]:
    moves.booking_take(booking=row.id, money=_money(request) or moves.Taken("cash", by=request.actor.user_id))
    return row.seat_id, _("Paid: the seat is %(name)s's.") % {"name": row.student.name}


def _cancel(request: PageRequest, row: Booking, choice: Choice) -> tuple[UUID, str]:
    services.booking_cancel(booking=row.id, reason=request.POST.get("reason", "").strip()[:200], by_desk=True)
    return row.seat_id, _("The booking of %(name)s is cancelled.") % {"name": row.student.name}


def _move(request: PageRequest, row: Booking, choice: Choice) -> tuple[UUID, str]:
    seat = libraries.seat_get(request.actor, uuid_of(request.POST.get("seat")) or row.id)
    moves.booking_move(booking=row.id, seat=seat.id, shift=choice.shift.shift.id, day=choice.day)
    choice.moving = None
    return seat.id, _("%(name)s now has %(seat)s.") % {"name": row.student.name, "seat": seat.label}


def _renew(request: PageRequest, row: Booking, choice: Choice) -> tuple[UUID, str]:
    renewed = moves.booking_renew(booking=row.id, money=moves.Taken("cash", by=request.actor.user_id))
    day = f"{renewed.day:%d %b %Y}"
    return row.seat_id, _("%(name)s has the seat on %(day)s too.") % {"name": row.student.name, "day": day}


DEEDS = {"come": _come, "leave": _leave, "confirm": _confirm, "cancel": _cancel, "move": _move, "renew": _renew}


def seats_page(request: PageRequest, given: Any, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page as the address or a form chooses, with a refusal where something was tried."""
    choice = choice_of(request.actor, given)
    if choice is None:
        told: dict[str, Any] = {"has_hall": libraries.halls_visible(request.actor).exists()}
        return render(request, "bookings/seats_none.html", told)
    spot, now = choice.spot, clock.now()
    moving = _moving(request, choice)
    told = {
        "choice": choice,
        "drawn": choice.drawn,
        "spot": spot,
        "words": map_words(),
        "address": reverse("page_seats"),
        "moving": moving,
        "is_lead": request.actor.can("libraries.change"),
        "is_today": choice.day == clock.today(),
        "arrivals": list(_arrivals(request, choice)),
        "refusal": words_of(refusal) if refusal else "",
        "next_free": next_free_said(refusal),
        "text": str(given.get("q") or "").strip()[:80],
    }
    if spot is not None:
        told["standing"] = list(selectors.bookings_standing(request.actor, seat=spot.id, since=now)[:STANDING])
        told["nearest"] = choice.drawn.nearest(spot) if spot.state != "free" or refusal else []
        told["found"] = _found(request, told["text"]) if spot.state == "free" and not moving else []
    answer = render(request, "bookings/seats.html", told, status=refusal.status if refusal else 200)
    if refusal:
        # The address of what was tried is no page to come back to.
        answer["HX-Push-Url"] = "false"
    return answer


def map_words() -> dict[str, str]:
    """What the script says of a seat whose state it hears of before the page is brought up to date."""
    seat = _("Seat %(seat)s") % {"seat": "{}"}
    return {"seat": seat} | {state: str(WORDS[state]) for state in ("free", "held", "taken", "blocked")}


def next_free_said(refusal: DomainError | None) -> str:
    """From when a taken seat is free, in words, when the refusal tells."""
    told = refusal.data.get("next_free_at") if refusal else None
    if not told:
        return ""
    free = timezone.localtime(datetime.fromisoformat(told))
    day = "" if free.date() == clock.today() else date_format(free, "j M, ")
    return _("It is next free from %(time)s.") % {"time": day + hour(free)}


def _chosen(request: PageRequest) -> Choice:
    choice = choice_of(request.actor, request.POST)
    if choice is None:
        raise NotFound
    return choice


def _back(request: PageRequest, choice: Choice, said: str, *, seat: UUID) -> HttpResponse:
    messages.success(request, said)
    kept = choice.without_moving if choice.moving is None else choice.base
    return redirect(f"{reverse('page_seats')}?{kept}&seat={seat}")


def _money(request: PageRequest) -> moves.Taken | None:
    """What was taken at the desk, or None when the student is to pay on their phone."""
    method = request.POST.get("paid", "")
    if method not in METHODS:
        return None
    return moves.Taken(method, request.POST.get("reference", "").strip()[:60], request.actor.user_id)


def _label(seat: UUID) -> str:
    place = libraries.seat_place(seat)
    return place.label if place else ""


def _moving(request: PageRequest, choice: Choice) -> Booking | None:
    """The booking that is being moved, while it still can be."""
    if choice.moving is None:
        return None
    live = selectors.bookings_listed(request.actor).filter(id=choice.moving, state__in=Booking.LIVE)
    return live.select_related("student", "seat", "shift").first()


def _arrivals(request: PageRequest, choice: Choice) -> Any:
    since, _end = day_span(clock.today())
    return selectors.arrivals(request.actor, library=choice.hall.branch_id, since=since)[:ARRIVALS]


def _found(request: PageRequest, text: str) -> list[Any]:
    if len(text) < 2:
        return []
    columns = ("name", "code", "phone") if request.actor.can("people.phones") else ("name", "code")
    named = Q.create([(f"{column}__icontains", text) for column in columns], Q.OR)
    students = people.students_listed(request.actor).filter(named, state="active")
    return list(students.order_by("name", "id")[:FOUND])
