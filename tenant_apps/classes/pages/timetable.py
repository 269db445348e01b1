"""The week as a grid, an hour added or moved, and one day's class called off."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse, words_of
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView
from tenant_apps.classes import selectors, services, weeks
from tenant_apps.classes.forms import WEEKDAYS, CancelForm, SlotForm
from tenant_apps.classes.models import Slot
from tenant_apps.classes.selectors import ClassCard
from tenant_apps.people import selectors as people

# What a timetable without early or late classes shows.
FIRST, LAST = 9, 17
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cell:
    """What starts in one hour of one day."""

    day: date
    hour: time
    cards: list[ClassCard]
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One hour of the week. `is_shown` when the day that phones show has something in it."""

    hour: time
    cells: list[Cell]
    is_shown: bool
    is_now: bool


class Timetable(PageView):
    """The week; teacher, room and cohort to look at stand in the address."""

    permission = {"GET": "classes.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind == "student":
            return redirect("page_classes")
        chosen = day_asked(request)
        monday = weeks.monday_of(chosen)
        slots = list(
            selectors.slots_visible(request.actor).select_related("teacher", "branch").order_by("weekday", "starts")
        )
        asked = {name: request.GET.get(name, "").strip()[:80] for name in ("teacher", "room", "cohort")}
        wanted = [slot for slot in slots if _fits(slot, asked)]
        cards = selectors.cards_between(request.actor, monday, 7, only=_only(asked), slots=wanted)
        told = {
            "rows": _rows(cards, monday, chosen),
            "days": [monday + timedelta(days=number) for number in range(7)],
            "chosen": chosen,
            "today": clock.today(),
            "before": chosen - timedelta(days=7),
            "after": chosen + timedelta(days=7),
            "monday": monday,
            "sunday": monday + timedelta(days=6),
            "count": len(cards),
            "choices": _choices(slots, asked),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "has_slots": bool(slots),
            "may_plan": request.actor.can("classes.schedule"),
        }
        return render(request, "classes/timetable.html", told)


class NewSlot(PageView):
    """Adds an hour; what collides is shown beside it, with the next time that is free."""

    permission = {"GET": "classes.schedule", "POST": "classes.schedule"}

    def get(self, request: PageRequest) -> HttpResponse:
        with suppress(ValueError):
            starts = _on_a_day(request.GET.get("starts", "17:00")[:5])
            given = {"starts": starts.time(), "ends": (starts + HOUR).time(), "weekday": request.GET.get("weekday", 0)}
            return _form_page(request, SlotForm(actor=request.actor, initial=given))
        return _form_page(request, SlotForm(actor=request.actor))

    def post(self, request: PageRequest) -> HttpResponse:
        form = SlotForm(_moved(request), actor=request.actor)
        if not form.is_valid():
            return _form_page(request, form)
        try:
            people.branch_chosen(request.actor, form.cleaned_data["branch"]) if form.cleaned_data["branch"] else None
            slot = services.slot_create(**form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return _form_page(request, form, refusal=error)
        messages.success(request, _("%(subject)s is in the timetable.") % {"subject": slot.subject})
        return redirect(week_of(slot))


class SlotPage(PageView):
    """One hour: what it is, how its class of a day stands; for who plans, moving it and calling a day off."""

    permission = {"GET": "classes.view", "POST": "classes.schedule"}

    def get(self, request: PageRequest, slot_id: UUID) -> HttpResponse:
        if request.actor.kind == "student":
            return redirect("page_classes")
        return slot_page(request, slot_get(request, slot_id))

    def post(self, request: PageRequest, slot_id: UUID) -> HttpResponse:
        slot = slot_get(request, slot_id)
        form = SlotForm(_moved(request), actor=request.actor, teacher=(slot.teacher_id, slot.teacher.name))
        if not form.is_valid():
            return slot_page(request, slot, form=form)
        try:
            people.branch_chosen(request.actor, form.cleaned_data["branch"]) if form.cleaned_data["branch"] else None
            moved = services.slot_change(slot=slot, **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return slot_page(request, slot, form=form, refusal=error)
        messages.success(request, _("The timetable is changed."))
        return redirect(week_of(moved))


class SlotEnd(PageView):
    """Takes an hour out of the timetable."""

    permission = {"POST": "classes.schedule"}

    def post(self, request: PageRequest, slot_id: UUID) -> HttpResponse:
        slot = slot_get(request, slot_id)
        services.slot_end(slot=slot)
        messages.success(request, _("%(subject)s is out of the timetable.") % {"subject": slot.subject})
        return redirect("page_timetable")


class SlotCancel(PageView):
    """Lets the class of one day fall, with the reason students read."""

    permission = {"POST": "classes.schedule"}

    def post(self, request: PageRequest, slot_id: UUID) -> HttpResponse:
        slot = slot_get(request, slot_id)
        form = CancelForm(request.POST)
        if not form.is_valid():
            return slot_page(request, slot, cancel=form)
        try:
            services.class_cancel(slot=slot, **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return slot_page(request, slot, cancel=form)
        messages.success(request, _("The class of that day is cancelled; its students see why."))
        return redirect(week_of(slot, form.cleaned_data["day"]))


class SlotRestore(PageView):
    """Holds a cancelled class after all."""

    permission = {"POST": "classes.schedule"}

    def post(self, request: PageRequest, slot_id: UUID) -> HttpResponse:
        slot = slot_get(request, slot_id)
        card = selectors.card_of(request.actor, slot.id, day_asked(request, request.POST))
        try:
            if card is not None and card.live_class is not None:
                services.class_restore(live_class=selectors.class_get(request.actor, card.live_class))
        except DomainError as error:
            messages.error(request, words_of(error))
        return redirect(week_of(slot, card.day if card else None))


def slot_page(
    request: PageRequest,
    slot: Slot,
    *,
    form: SlotForm | None = None,
    cancel: CancelForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """The page of an hour, with what was tried when something was."""
    day = day_asked(request, request.POST if cancel else request.GET)
    day += timedelta(days=(slot.weekday - day.weekday()) % 7)
    facts = {name: getattr(slot, name) for name in ("subject", "grade", "board", "weekday", "starts", "ends", "room")}
    facts |= {"teacher": slot.teacher_id, "branch": slot.branch_id or ""}
    may_plan = request.actor.can("classes.schedule")
    if form is None and may_plan:
        form = SlotForm(initial=facts, actor=request.actor, teacher=(slot.teacher_id, slot.teacher.name))
    told = {
        "slot": slot,
        "weekday": WEEKDAYS[slot.weekday][1],
        "day": day,
        "card": selectors.card_of(request.actor, slot.id, day),
        "cancel": cancel or CancelForm(initial={"day": day}),
        "may_plan": may_plan,
        **_form_told(request, form, refusal),
    }
    tried = bool((form is not None and form.errors) or (cancel is not None and cancel.errors))
    return render(request, "classes/slot.html", told, status=422 if tried else 200)


def slot_get(request: PageRequest, slot_id: UUID) -> Slot:
    return found(selectors.slots_visible(request.actor).select_related("teacher", "branch"), id=slot_id)


def day_asked(request: PageRequest, given: Any = None) -> date:
    """The day in the address or form, else today."""
    text = (given or request.GET).get("day", "")
    try:
        asked = date.fromisoformat(text[:10])
    except ValueError:
        return clock.today()
    return asked if abs(asked - clock.today()) < timedelta(days=3660) else clock.today()


def week_of(slot: Slot, day: date | None = None) -> str:
    """The address of the week that shows a slot's class of a day, else its next one."""
    today = clock.today()
    day = day or today + timedelta(days=(slot.weekday - today.weekday()) % 7)
    return f"{reverse('page_timetable')}?day={day.isoformat()}"


def _form_page(request: PageRequest, form: SlotForm, *, refusal: DomainError | None = None) -> HttpResponse:
    told = _form_told(request, form, refusal)
    return form_page(request, "classes/new_slot.html", form, told)


def _form_told(request: PageRequest, form: SlotForm | None, refusal: DomainError | None) -> dict[str, Any]:
    """The form with what others typed before, and what collides with it."""
    if form is None:
        return {}
    known = list(selectors.slots_visible(request.actor).values_list("subject", "grade", "board", "room").distinct())
    cohorts = set(people.students_visible(request.actor).values_list("grade", "board").distinct())
    told: dict[str, Any] = {
        "form": form,
        "subjects": sorted({one[0] for one in known}),
        "grades": sorted({one[1] for one in known} | {one[0] for one in cohorts} - {""}),
        "boards": sorted({one[2] for one in known} | {one[1] for one in cohorts} - {""}),
        "rooms": sorted({one[3] for one in known} - {""}),
    }
    if refusal is not None and "clashes" in refusal.data:
        told["clashes"] = [_clash(one) for one in refusal.data["clashes"]]
        told["wanted"] = form.cleaned_data | {
            "weekday_name": WEEKDAYS[form.cleaned_data["weekday"]][1],
            "teacher_name": dict(selectors.teachers()).get(form.cleaned_data["teacher"], ""),
        }
        if free := refusal.data["next_free"]:
            told["free"] = {
                "value": f"{free['weekday']} {free['starts']}",
                "weekday": WEEKDAYS[free["weekday"]][1],
                "starts": time.fromisoformat(free["starts"]),
            }
    return told


def _clash(told: dict[str, Any]) -> dict[str, Any]:
    return told | {
        "weekday_name": WEEKDAYS[told["weekday"]][1],
        "starts": time.fromisoformat(told["starts"]),
        "ends": time.fromisoformat(told["ends"]),
    }


def _moved(request: PageRequest) -> Any:
    """The form as it was sent; when the next free time was taken, moved there."""
    sent = request.POST.copy()
    weekday, _space, starts = sent.get("free", "").partition(" ")
    try:
        begin, old, end = (_on_a_day(str(text)) for text in (starts, sent["starts"], sent["ends"]))
    except (ValueError, KeyError):
        return sent
    sent["weekday"], sent["starts"] = weekday, starts
    sent["ends"] = f"{begin + (end - old) % timedelta(days=1):%H:%M}"
    return sent


def _on_a_day(text: str) -> datetime:
    """An hour as a moment to reckon with, of some day. Raises ValueError."""
    return datetime.combine(date(2001, 1, 1), time.fromisoformat(text))


def _fits(slot: Slot, asked: dict[str, str]) -> bool:
    return (
        asked["teacher"] in {"", str(slot.teacher_id)}
        and asked["room"] in {"", slot.room}
        and asked["cohort"] in {"", f"{slot.grade}|{slot.board}"}
    )


def _only(asked: dict[str, str]) -> Q:
    """The same, as the database asks; what is no teacher's id fits nobody."""
    only = Q()
    if asked["teacher"]:
        try:
            only &= Q(teacher=UUID(asked["teacher"]))
        except ValueError:
            only &= Q(pk__in=[])
    if asked["room"]:
        only &= Q(room=asked["room"])
    if asked["cohort"]:
        grade, _bar, board = asked["cohort"].partition("|")
        only &= Q(grade=grade, board=board)
    return only


def _choices(slots: list[Slot], asked: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """What the week can be cut to, of what stands in it."""
    found = {
        "teacher": {(str(slot.teacher_id), slot.teacher.name) for slot in slots},
        "room": {(slot.room, slot.room) for slot in slots if slot.room},
        "cohort": {(f"{slot.grade}|{slot.board}", f"{slot.grade} {slot.board}") for slot in slots},
    }
    return {
        name: sorted(pairs, key=lambda pair: pair[1]) for name, pairs in found.items() if len(pairs) > 1 or asked[name]
    }


def _rows(cards: list[ClassCard], monday: date, chosen: date) -> list[Row]:
    """The hours from the first class to the last, each with its seven days."""
    placed: dict[tuple[date, int], list[ClassCard]] = {}
    for card in cards:
        local = card.starts_at.astimezone(clock.zone())
        placed.setdefault((local.date(), local.hour), []).append(card)
    hours = {hour for _day, hour in placed}
    now = clock.now().astimezone(clock.zone())
    rows = []
    for hour in range(min(hours | {FIRST}), max(hours | {LAST}) + 1):
        cells = []
        for number in range(7):
            day = monday + timedelta(days=number)
            cells.append(Cell(day, time(hour), placed.get((day, hour), []), day == chosen))
        shown = any(cell.is_shown and cell.cards for cell in cells)
        rows.append(Row(time(hour), cells, shown, hour == now.hour))
    return rows
