"""The OpenAPI document: short words for views, and one schema class that adds ids, permissions and refusals."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema

from kernel.errors import DomainError

View = TypeVar("View", bound=Callable[..., Any])


class Schema(AutoSchema):
    """Adds what a view's class already says: operation id, permission, refusals."""


def api(
    summary: str,
    *,
    request: Any = None,
    responses: Any = None,
    errors: Sequence[type[DomainError]] = (),
    **more: Any,
) -> Callable[[View], View]:
    """Describe one method of a view: its summary, its Input, its Output (or {status: Output}) and its refusals."""
    options: dict[str, Any] = {"summary": summary, "request": request, **more}
    if responses is not None:
        options["responses"] = responses

    def describe(method: View) -> View:
        described = extend_schema(**options)(method)
        described.api_errors = tuple(errors)  # type: ignore[attr-defined]
        return described

    return describe
