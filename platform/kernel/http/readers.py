"""Who reads an answer: a program or a person, in which language, and whether a whole page or a piece of one."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

LANGUAGE_COOKIE = "language"


def language_of(request: HttpRequest) -> AbstractContextManager[Any]:
    """The language its reader chose, else the business's, which is active already."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    return translation.override(chosen) if chosen in dict(settings.LANGUAGES) else nullcontext()


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks, and so wants a piece of a page."""
    return request.headers.get("HX-Request") == "true"


def wants_page(request: HttpRequest) -> bool:
    """Whether the answer is read by a person: outside the API, and HTML is what was asked for."""
    if request.path.startswith("/api/") or request.path in settings.HOSTLESS_PATHS:
        return False
    return "text/html" in request.headers.get("Accept", "") or is_partial(request)
