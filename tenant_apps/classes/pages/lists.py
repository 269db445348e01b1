"""The classes of a day: for staff what is now, next and over; for students their week, a day at a time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.http.forms import words_of
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView, onward
from tenant_apps.classes import selectors, services, weeks
from tenant_apps.classes.pages.timetable import day_asked
from tenant_apps.people import selectors as people

A_PAGE = 25


class Classes(PageView):
    """One address, two faces: staff see who teaches what today, students when they must be where."""

    permission = {"GET": "classes.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        return classes_page(request)


class Card(PageView):
    """One class of one day, as its card: asked for by the card itself when something happened; `plain` has no Join."""

    permission = {"GET": "classes.view"}

    def get(self, request: PageRequest, slot_id: UUID, day: str) -> HttpResponse:
        try:
            card = selectors.card_of(request.actor, slot_id, date.fromisoformat(day))
        except ValueError as error:
            raise NotFound from error
        if card is None:
            raise NotFound
        return render(request, "classes/card.html", {"card": card, "plain": "plain" in request.GET})


class Start(PageView):
    """Starts the class of an hour and leads into its room; why it cannot start is said above the list."""

    permission = {"POST": "classes.start"}

    def post(self, request: PageRequest) -> HttpResponse:
        try:
            wanted = UUID(request.POST.get("slot", ""))
        except ValueError as error:
            raise NotFound(field="slot") from error
        slot = found(selectors.slots_visible(request.actor), id=wanted, field="slot")
        try:
            live = services.class_start(actor=request.actor, slot=slot)
        except DomainError as error:
            return classes_page(request, refusal=error)
        services.class_enter(actor=request.actor, live_class=live, by_page=True)
        return redirect("page_class_room", live.id)


class Lobby(PageView):
    """Where students wait for a class that its teacher has yet to start; it leads on by itself."""

    permission = {"GET": "classes.view"}

    def get(self, request: PageRequest, slot_id: UUID) -> HttpResponse:
        card = selectors.card_now(request.actor, slot_id)
        if card is None:
            raise NotFound
        if card.live_class is not None:
            return onward(request, reverse("page_class_room", args=[card.live_class]))
        return render(request, "classes/lobby.html", {"card": card})


def classes_page(request: PageRequest, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page of the day, above it why something could not be done."""
    told: dict[str, Any] = {"refusal": refusal, "refusal_words": words_of(refusal) if refusal else ""}
    if request.actor.kind == "student":
        chosen = day_asked(request)
        monday, today = weeks.monday_of(chosen), clock.today()
        week = [monday + timedelta(days=number) for number in range(7)]
        # A day more at both ends: over midnight a class is on that the week before or after begins.
        cards = selectors.cards_between(request.actor, monday - timedelta(days=1), 9)
        profile = people.profile_shown(request.actor)
        busy = {card.day for card in cards if card.state != "cancelled"}
        told |= {
            "days": [(day, day in busy) for day in week],
            "chosen": chosen,
            "today": today,
            "before": chosen - timedelta(days=7),
            "after": chosen + timedelta(days=7),
            "cards": [card for card in cards if card.day == chosen or (chosen == today and card.is_open)],
            "coming": next(
                (card for card in cards if chosen < card.day <= week[6] and card.state != "cancelled"), None
            ),
            "profile": profile,
            "is_paused": profile is not None and profile.state != "active",
        }
        return render(request, "classes/student.html", told, status=refusal.status if refusal else 200)
    cards = selectors.cards_today(request.actor)
    held = selectors.classes_visible(request.actor).filter(state="ended", starts_at__lt=weeks.begin_of(clock.today()))
    counted = held.select_related("teacher").annotate(
        pupils=Count("presences__student", filter=Q(presences__student__isnull=False), distinct=True)
    )
    told |= {
        "now": [card for card in cards if card.is_open],
        "next": [card for card in cards if card.state == "scheduled"],
        "over": [card for card in cards if card.state in {"ended", "missed", "cancelled"}],
        "today": clock.today(),
        "page": Paginator(counted.order_by("-starts_at", "-id"), A_PAGE).get_page(request.GET.get("page")),
        "has_slots": bool(cards) or selectors.slots_visible(request.actor).exists(),
        "may_plan": request.actor.can("classes.schedule"),
        "may_set_video": request.actor.can("classes.video"),
    }
    return render(request, "classes/classes.html", told, status=refusal.status if refusal else 200)
