"""One's own page: who one is here, for whom one acts, language and light, and the devices one is signed in on."""

from __future__ import annotations

import re
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel.http.errors import Forbidden, NotFound
from kernel.http.pages import SIGNED_IN, PageRequest, PageView, onward
from kernel.observe.context import not_for_support
from kernel.phone import mask

from . import errors, selectors, sessions
from .profiles import profiles_of
from .services.ending import sign_in_revoke, sign_ins_end
from .services.switching import profile_switch

# What user agents call themselves, the most telling first.
_BROWSERS = (
    ("Edg", "Edge"),
    ("SamsungBrowser", "Samsung Internet"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class Me(PageView):
    """All of it on one page."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        actor = request.actor
        person = selectors.user_by_id(cast(UUID, actor.user_id))
        if person is None:
            raise NotFound
        devices = list(selectors.sign_ins_live(person.id).order_by("-seen_at"))
        for one in devices:
            one.words = device_words(one.device)  # type: ignore[attr-defined]
        told = {
            "person": person,
            "phone": mask(person.phone) if person.phone else "",
            "profiles": profiles_of(person.id) if actor.kind == "student" else [],
            "devices": devices,
        }
        return render(request, "accounts/me.html", told)


class ProfileSwitch(PageView):
    """Acts for another of one's profiles from here on."""

    permission = {"POST": SIGNED_IN}
    when_read_only = True

    def post(self, request: PageRequest) -> HttpResponse:
        actor = request.actor
        if actor.kind != "student" or actor.sign_in is None:
            raise Forbidden
        try:
            student = UUID(request.POST.get("profile", ""))
        except ValueError as error:
            raise errors.ProfileUnknown(field="profile") from error
        profile_switch(sign_in=actor.sign_in, user=cast(UUID, actor.user_id), student=student)
        return redirect("page_home")


class DeviceEnd(PageView):
    """Signs one of one's devices out."""

    permission = {"POST": SIGNED_IN}
    when_read_only = True

    def post(self, request: PageRequest, device: UUID) -> HttpResponse:
        if not sign_in_revoke(user=cast(UUID, request.actor.user_id), sign_in=device):
            raise NotFound
        messages.success(request, _("That device is signed out."))
        return redirect("page_me")


class SignOutEverywhere(PageView):
    """Signs all of one's devices out, this one as well."""

    permission = {"POST": SIGNED_IN}
    when_suspended = True

    def post(self, request: PageRequest) -> HttpResponse:
        not_for_support()
        sign_ins_end(user=cast(UUID, request.actor.user_id), because="logout")
        answer = onward(request, "/sign-in")
        sessions.forget(answer)
        return answer


def device_words(agent: str) -> str:
    """A browser in words: "Chrome, Android"; what it calls itself where that says nothing."""
    browser = next((name for mark, name in _BROWSERS if re.search(rf"\b{mark}", agent)), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (browser, system))) or agent[:40] or _("A device")
