"""Which long work a browser keeps in sight while its reader goes on: ids in a cookie of the host, the newest last."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "jobs"
MOST = 3
A_DAY_S = 24 * 60 * 60


def followed(request: HttpRequest) -> list[UUID]:
    """The work in this browser's tray; what is no id is passed over."""
    found = []
    for text in request.COOKIES.get(COOKIE, "").split(".")[:MOST]:
        try:
            found.append(UUID(hex=text))
        except ValueError:
            continue
    return found


def follow(request: HttpRequest, answer: HttpResponse, work: UUID) -> None:
    """Put work into the tray; the oldest gives way."""
    others = [one for one in followed(request) if one != work]
    _keep(answer, [*others[-(MOST - 1) :], work])


def leave(request: HttpRequest, answer: HttpResponse, work: UUID) -> None:
    """Take work out of the tray."""
    mine = followed(request)
    if work in mine:
        _keep(answer, [one for one in mine if one != work])


def _keep(answer: HttpResponse, works: list[UUID]) -> None:
    if not works:
        answer.delete_cookie(COOKIE)
        return
    text = ".".join(work.hex for work in works)
    secure = settings.SCHEME == "https"
    answer.set_cookie(COOKIE, text, max_age=A_DAY_S, secure=secure, httponly=True, samesite="Lax")
