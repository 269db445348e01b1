"""`ETag` and `If-Match`: an edit says which version it changes, and a stale one is refused."""

import hashlib
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from kernel.http import errors
from kernel.http.rendering import dumps


def of(data: Any) -> str:
    """The strong ETag of an answer's data (a dict as `row` gives it)."""
    return f'"{hashlib.blake2b(dumps(data), digest_size=12).hexdigest()}"'


def answer(request: Request, data: Any, *, status: int = 200) -> HttpResponse:
    """The data as JSON with its ETag; 304 without a body when If-None-Match already names it."""
    body = dumps(data)
    tag = of(data)
    if status == 200 and request.method in {"GET", "HEAD"} and tag in _tags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": tag})
    return HttpResponse(body, status=status, content_type="application/json", headers={"ETag": tag})


def check(request: Request, data: Any, *, required: bool = False) -> None:
    """Refuse an edit of another version than `data`, the row as it is now, read under lock in the edit's transaction.

    Raises Changed (412), or PreconditionRequired (428) when `required` and If-Match is absent.
    """
    named = request.headers.get("If-Match", "").strip()
    if not named:
        if required:
            raise errors.PreconditionRequired()
        return
    if named != "*" and of(data) not in _tags(named):
        raise errors.Changed()


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
