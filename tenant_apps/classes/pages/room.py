"""The class room: who is there, what is said, whose hand is up, and the way into the meeting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from connectors.video.port import Entry
from kernel.errors import DomainError, NotFound
from kernel.http.forms import words_of
from kernel.http.headers import protective
from kernel.http.pages import PageRequest, PageView
from kernel.ids import public_id
from tenant_apps.classes import errors, selectors, services
from tenant_apps.classes.models import LiveClass, Presence

# A page shows so much of the chat, and catches up by so much at once.
LINES = 200
# The way into the meeting is for whoever clicks it, now; the video server asks for it at the door alone.
MEETING_LIFE = timedelta(minutes=10)
MEETING_ALLOWS = ("camera", "microphone", "display-capture", "autoplay", "fullscreen")


class Room(PageView):
    """One address for every state of a class: the way in, the room itself, why not, and what is left afterwards."""

    permission = {"GET": "classes.view"}

    def get(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        return room_page(request, selectors.class_get(request.actor, class_id))


class Join(PageView):
    """Into the room; why not is said there."""

    permission = {"POST": "classes.join"}

    def post(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        live = selectors.class_get(request.actor, class_id)
        try:
            services.class_enter(actor=request.actor, live_class=live, by_page=True)
        except DomainError as error:
            return room_page(request, live, refusal=error)
        return redirect("page_class_room", live.id)


class Leave(PageView):
    """Out of the room; coming back is one click."""

    permission = {"POST": "classes.join"}

    def post(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        services.class_leave(actor=request.actor, live_class=selectors.class_get(request.actor, class_id))
        return redirect("page_classes")


class End(PageView):
    """Ends the class for everyone."""

    permission = {"POST": "classes.start"}

    def post(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        live = selectors.class_get(request.actor, class_id)
        try:
            services.class_end(actor=request.actor, live_class=live)
        except DomainError as error:
            return room_page(request, live, refusal=error)
        return redirect("page_class_room", live.id)


class Say(PageView):
    """Says something in the chat; the same key twice is said once."""

    permission = {"POST": "classes.join"}

    def post(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        text, key = request.POST.get("text", ""), request.POST.get("key", "")

        def say(live: LiveClass) -> None:
            services.chat_say(actor=request.actor, live_class=live, text=text, key=key)

        return _done(request, class_id, say)


class Hand(PageView):
    """One's own hand, up or down."""

    permission = {"POST": "classes.join"}

    def post(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        raised = request.POST.get("raised") == "1"
        return _done(
            request,
            class_id,
            lambda live: services.hand_raise(actor=request.actor, live_class=live, raised=raised),
        )


class Lead(PageView):
    """What whoever holds the class does in it: answers hands, opens and closes the chat, takes out and lets in."""

    permission = {"POST": "classes.start"}

    def post(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        return _done(request, class_id, self._deed(request))

    @staticmethod
    def _deed(request: PageRequest) -> Callable[[LiveClass], Any]:
        actor, do = request.actor, request.POST.get("do", "")
        whole: dict[str, Callable[[LiveClass], Any]] = {
            "lower_all": lambda live: services.hands_lower(actor=actor, live_class=live),
            "open_chat": lambda live: services.chat_switch(actor=actor, live_class=live, is_open=True),
            "close_chat": lambda live: services.chat_switch(actor=actor, live_class=live, is_open=False),
        }
        if do in whole:
            return whole[do]
        try:
            stay = UUID(request.POST.get("stay", ""))
        except ValueError as error:
            raise NotFound(field="stay") from error
        of_one: dict[str, Callable[[LiveClass], Any]] = {
            "allow": lambda live: services.hand_answer(actor=actor, live_class=live, stay=stay, allow=True),
            "lower": lambda live: services.hand_answer(actor=actor, live_class=live, stay=stay, allow=False),
            "remove": lambda live: services.class_remove(actor=actor, live_class=live, stay=stay),
            "readmit": lambda live: services.class_readmit(actor=actor, live_class=live, stay=stay),
        }
        if do not in of_one:
            raise NotFound(field="do")
        return of_one[do]


class Now(PageView):
    """How the room stands, and what was said after a number: how a page catches up."""

    permission = {"GET": "classes.view"}

    def get(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        live = selectors.class_get(request.actor, class_id)
        after = request.GET.get("after", "0")
        return JsonResponse(room_told(request, live, after=int(after) if after.isdecimal() and len(after) < 9 else 0))


class Meeting(PageView):
    """Sends whoever is in the class on to the meeting, with a token made for this one click."""

    permission = {"GET": "classes.join"}

    def get(self, request: PageRequest, class_id: UUID) -> HttpResponse:
        live = selectors.class_get(request.actor, class_id)
        try:
            entry = services.class_entry(actor=request.actor, live_class=live, life=MEETING_LIFE)
        except DomainError as error:
            return room_page(request, live, refusal=error)
        if not entry.url:
            return room_page(request, live, refusal=errors.VideoUnset())
        return redirect(f"{entry.url}?jwt={entry.token}")


def room_page(request: PageRequest, live: LiveClass, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page as the class and the reader's part in it stand."""
    actor = request.actor
    stay = selectors.stay_of(actor, live) if live.state == LiveClass.State.LIVE else None
    told: dict[str, Any] = {
        "class": live,
        "teacher": live.teacher,
        "stay": stay,
        "is_student": actor.kind == "student",
        "leads": _leads(request, live),
        "may_join": actor.can("classes.join") and (actor.kind == "student" or _leads(request, live)),
        "refusal": refusal,
        "refusal_words": words_of(refusal) if refusal else "",
    }
    status = refusal.status if refusal else 200
    if stay is None:
        told |= _outside(request, live)
        return render(request, "classes/door.html", told, status=status)
    services.stay_seen(actor=actor, live_class=live)
    entry = _entry_of(request, live)
    people = selectors.room_people(live)
    told |= {
        "people": people,
        "count": len(people),
        "hands": [one for one in people if one.hand_at],
        "removed": _removed(request, live),
        "lines": list(reversed(selectors.chat_of(actor, live.id).order_by("-seq")[:LINES])),
        "topic": services.topic(live.id),
        "key": public_id(),
        "entry": entry,
        "meeting": reverse("page_class_meeting", args=[live.id]) if entry and entry.url else "",
        "allows": "; ".join(MEETING_ALLOWS),
    }
    return _framing(render(request, "classes/room.html", told, status=status), entry)


def room_told(request: PageRequest, live: LiveClass, *, after: int) -> dict[str, Any]:
    """How the room stands for this reader, as data; who is not in it learns no more than its state."""
    stay = selectors.stay_of(request.actor, live) if live.state == LiveClass.State.LIVE else None
    if stay is None:
        return {"state": live.state, "in": False}
    services.stay_seen(actor=request.actor, live_class=live)
    people = selectors.room_people(live)
    lines = selectors.chat_of(request.actor, live.id).filter(seq__gt=after).order_by("seq")[:LINES]
    return {
        "state": live.state,
        "in": True,
        "chat_open": live.chat_open,
        "count": len(people),
        "people": [_person(one) for one in people],
        "lines": [services.message_shown(line) for line in lines],
        "removed": [{"stay": str(one.id), "name": one.name} for one in _removed(request, live)],
    }


def _removed(request: PageRequest, live: LiveClass) -> list[Presence]:
    """Who was taken out, for whoever can let them in again."""
    return selectors.removed_from(live) if _leads(request, live) else []


def _person(stay: Presence) -> dict[str, Any]:
    return {
        "stay": str(stay.id),
        "name": stay.name,
        "part": stay.part,
        "hand": stay.hand_at.isoformat() if stay.hand_at else "",
        "may_speak": stay.may_speak,
    }


def _done(request: PageRequest, class_id: UUID, deed: Callable[[LiveClass], Any]) -> HttpResponse:
    """Do it; a script gets how the room stands or why not, a form the page."""
    live = selectors.class_get(request.actor, class_id)
    is_script = "application/json" in request.headers.get("Accept", "")
    try:
        deed(live)
    except DomainError as error:
        if is_script:
            return JsonResponse({"code": error.code, "words": words_of(error)}, status=error.status)
        return room_page(request, live, refusal=error)
    if is_script:
        live.refresh_from_db()
        after = request.POST.get("after", "0")
        return JsonResponse(room_told(request, live, after=int(after) if after.isdecimal() and len(after) < 9 else 0))
    return redirect("page_class_room", live.id)


def _outside(request: PageRequest, live: LiveClass) -> dict[str, Any]:
    """What is shown to who is not in the room."""
    told: dict[str, Any] = {"was_removed": selectors.was_removed(request.actor, live.id)}
    if live.state == LiveClass.State.ENDED:
        told |= {"lines": list(selectors.chat_of(request.actor, live.id).order_by("seq")[: 5 * LINES])}
        if told_to_staff := request.actor.kind != "student":
            told |= {"stays": selectors.attendance_of(live), "is_staff": told_to_staff}
    return told


def _leads(request: PageRequest, live: LiveClass) -> bool:
    actor = request.actor
    holds = live.teacher_id == actor.user_id or bool({"owner", "manager"} & set(actor.roles))
    return holds and actor.can("classes.start")


def _entry_of(request: PageRequest, live: LiveClass) -> Entry | None:
    try:
        return services.class_entry(actor=request.actor, live_class=live, life=MEETING_LIFE)
    except DomainError:
        return None


def _framing(response: HttpResponse, entry: Entry | None) -> HttpResponse:
    """This page alone may frame the one host its meeting is at, and lend it camera and microphone."""
    if entry is not None and entry.url:
        host = f"https://{entry.domain}"
        headers = protective(page=True)
        response["Content-Security-Policy"] = f"{headers['Content-Security-Policy']}; frame-src 'self' {host}"
        lent = ", ".join(f'{name}=(self "{host}")' for name in MEETING_ALLOWS)
        response["Permissions-Policy"] = f"{lent}, geolocation=(), payment=()"
    return response
