"""A student's home: the next thing to do first, then fees, today's classes, the seat, and what is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kernel import clock
from kernel.http.pages import PageRequest
from shared_apps.accounts.profiles import profiles_of
from shared_apps.messaging import selectors as messaging
from tenant_apps.bookings import selectors as bookings
from tenant_apps.classes import selectors as classes
from tenant_apps.classes.selectors import ClassCard
from tenant_apps.fees.pages.dues import owed_told

if TYPE_CHECKING:
    from tenant_apps.bookings.models import Booking

NEWS = 3
NOON, EVENING = 12, 17


def home(request: PageRequest) -> HttpResponse:
    """The portal's first page."""
    told = {**owed_told(request), **today_told(request)}
    told["hero"] = first_of(told)
    told["hours"] = hours_of_day()
    told["profiles"] = profiles_of(request.actor.user_id) if request.actor.user_id else []
    told["news"] = messaging.notifications_of(request.actor).filter(read_at=None).order_by("-id")[:NEWS]
    return render(request, "fees/student_home.html", told)


def today_told(request: PageRequest) -> dict[str, Any]:
    """Today's classes and seats of whoever is acted for, as far as the business has any."""
    kind, actor = request.business.kind, request.actor
    teaches, seats = kind in ("academy", "both"), kind in ("library", "both")
    cards = classes.cards_today(actor) if teaches and actor.can("classes.view") else []
    ahead = list(bookings_mine(request)) if seats and actor.can("bookings.view") else []
    today = clock.today()
    return {
        "teaches": teaches,
        "seats": seats,
        "cards": cards,
        "held": next(
            (one for one in ahead if one.state == "held" and one.hold_until and one.hold_until > clock.now()), None
        ),
        "sitting": [one for one in ahead if one.state != "held" and one.day == today],
        "later": next((one for one in ahead if one.state != "held" and one.day > today), None),
    }


def bookings_mine(request: PageRequest) -> list[Booking]:
    """The seats that are not over, of the profile acted for, the next first."""
    ahead = bookings.bookings_ahead(request.actor, since=clock.now())
    student: UUID | None = request.actor.student
    return list((ahead.filter(student_id=student) if student else ahead)[:6])


def first_of(told: dict[str, Any]) -> tuple[str, Any]:
    """What comes first on the page and what it is about; blank when nothing needs anybody."""
    return next(wanted_of(told), ("", None))


def wanted_of(told: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What wants to come first: what ends soonest, then what cannot wait, then what is next."""
    cards: list[ClassCard] = told["cards"]
    payable = {due.id for due in told["payable"]}
    if told["held"]:
        yield "held", told["held"]
    for state in ("live", "lobby"):
        yield from ((state, card) for card in cards if card.state == state and card.may_join)
    if any(due.id in payable for due in told["overdue"]):
        yield "overdue", told["overdue_sum"]
    yield from (("seat", booking) for booking in told["sitting"])
    yield from (("class", card) for card in cards if card.state == "scheduled")
    yield from (("owed", due) for due in told["payable"])


def hours_of_day() -> str:
    """morning, afternoon or evening, where the business is."""
    hour = timezone.localtime(clock.now()).hour
    return "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"
