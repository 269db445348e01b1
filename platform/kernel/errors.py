"""Refusals: every way the product says no is a class with a stable code, a status and what to do about it."""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal a caller can act on; doors turn it into an RFC 9457 problem document.

    Subclasses set `code` (stable, `<app>.<reason>`), `status` (HTTP), `title` (one line for a person) and `action`
    (what to do). Named `data` travels in the document beside the standard members.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "That could not be done"
    action: ClassVar[str] = ""
    headers: dict[str, str] = {}

    def __init__(self, detail: str = "", *, field: str | None = None, **data: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.field = field
        self.data = data


class NotFound(DomainError):
    """There is no such thing, or it is not the caller's to see; the two are not told apart."""

    code = "http.not_found"
    status = 404
    title = "Not found"
    action = "Check the address. It may belong to someone else or no longer exist."


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "http.forbidden"
    status = 403
    title = "You may not do this"
    action = "Ask someone whose role allows it."
