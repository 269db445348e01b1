"""Refusals: every way the product says no is a class with a stable code, a status and what to do about it."""

from typing import Any, ClassVar

_LINE = 300


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


class NotForSupport(DomainError):
    """The operator's support acts in a tenant's owner's place, and this is the owner's alone."""

    code = "http.not_for_support"
    status = 403
    title = "Support cannot do this"
    action = "Ask the owner to do it themselves."


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "http.forbidden"
    status = 403
    title = "You may not do this"
    action = "Ask someone whose role allows it."


def known_as(code: str) -> type[DomainError] | None:
    """The refusal of this code, for work that kept only the code of what stopped it."""
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        refusal = waiting.pop()
        if refusal.code == code:
            return refusal
        waiting += refusal.__subclasses__()
    return None


def error_line(error: BaseException) -> str:
    """An error in one line, at most 300 characters, for rows and screens of the operator that outlive it.

    Its type and the first line of what it says: PostgreSQL writes the values of rows into the lines below (DETAIL,
    CONTEXT; "Error Message Style Guide" of its manual), and those are tenants' own. Where the data themselves are refused
    (SQLSTATE class 22) the first line quotes them, so that kind of error is told by its name alone.
    """
    origin = error.__cause__ or error
    if (getattr(origin, "sqlstate", None) or "").startswith("22"):
        return type(origin).__name__
    said = str(error).strip().partition("\n")[0].strip()
    return f"{type(error).__name__}: {said}".removesuffix(": ")[:_LINE]
