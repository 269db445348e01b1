"""Notices inside the app, for whoever is signed in: the bell, the list, and a notice opened."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kernel.http.lookup import found
from kernel.http.pages import SIGNED_IN, PageRequest, PageView, local_path
from kernel.http.readers import is_partial
from shared_apps.messaging import selectors, services

A_PAGE = 20


class Notices(PageView):
    """One's notices, the last first; all of them marked as read by one button."""

    permission = {"GET": SIGNED_IN, "POST": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        mine = selectors.notifications_of(request.actor).order_by("-id")
        page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
        told = {"page": page, "unread": selectors.notifications_unread(request.actor)}
        return render(request, "messaging/notices_list.html" if is_partial(request) else "messaging/notices.html", told)

    def post(self, request: PageRequest) -> HttpResponse:
        services.notifications_read(user=cast(UUID, request.actor.user_id))
        return redirect("page_notices")


class Notice(PageView):
    """Opens a notice: it is read, and one goes where it points, on this host only."""

    permission = {"POST": SIGNED_IN}

    def post(self, request: PageRequest, notice: UUID) -> HttpResponse:
        row = found(selectors.notifications_of(request.actor), id=notice)
        services.notification_read(notification_id=notice, user=cast(UUID, request.actor.user_id))
        return redirect(local_path(row.link, reverse("page_notices")))


class Bell(PageView):
    """The bell alone, for when something came."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        return render(request, "ui/bell.html")
