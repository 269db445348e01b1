"""Every refusal and failure as one RFC 9457 problem document with a stable `code`."""

import logging
import sys
from collections.abc import Iterator
from typing import Any

import orjson
from django.conf import settings
from django.core import exceptions as django_errors
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf_errors

from kernel.errors import DomainError
from kernel.http import errors
from kernel.http.readers import language_of, wants_page
from kernel.observe import context

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# SQLSTATEs (PostgreSQL, appendix A) that a caller's value alone can bring about.
_BAD_VALUE = {"22001", "22003", "22007", "22008", "22009", "22021", "22P02", "22P05", "22023", "2201X", "54000"}
_REFUSED_BY_RULE = {"23503", "23505", "23514", "23P01"}
_MET_ANOTHER = {"40001", "40P01", "55P03", "57014"}


def document(error: DomainError) -> dict[str, Any]:
    """The members of the problem document: type, title, status, detail, code, action, request_id, field?, and data."""
    body: dict[str, Any] = {
        "type": f"urn:shala:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "action": error.action,
        "request_id": context.request_id.get(),
    }
    if error.field:
        body["field"] = error.field
    return {**error.data, **body}


def problem_response(error: DomainError, request: HttpRequest | None = None) -> HttpResponse:
    """The problem document as an HTTP response; as a page where a person asked for one."""
    if request is not None and wants_page(request):
        return page(error, request)
    body = orjson.dumps(document(error), default=str, option=orjson.OPT_NON_STR_KEYS)
    return HttpResponse(body, status=error.status, content_type=CONTENT_TYPE, headers=error.headers)


def page(error: DomainError, request: HttpRequest) -> HttpResponse:
    """The refusal as a page in its reader's language, with the same status and headers."""
    told = {"error": error, "status": error.status, "request_id": context.request_id.get()}
    with language_of(request):
        body = render_to_string(settings.PROBLEM_TEMPLATE, told, request)
    return HttpResponse(body, status=error.status, headers=error.headers)


def noted(error: DomainError, exc: BaseException) -> None:
    """A line in the log where a refusal hides a fault of ours or of the database."""
    if error.status >= 500 or isinstance(exc, DatabaseError):
        event = "request.refused_by_database" if isinstance(exc, DatabaseError) else "request.unavailable"
        log.warning(event, exc_info=exc, extra={"code": error.code})


_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], type[DomainError]], ...] = (
    ((Http404, django_errors.ObjectDoesNotExist), errors.NotFound),
    (django_errors.PermissionDenied, errors.Forbidden),
    ((django_errors.RequestDataTooBig, django_errors.TooManyFieldsSent), errors.TooLarge),
    ((django_errors.SuspiciousOperation, django_errors.BadRequest, MultiPartParserError), errors.Malformed),
)


def refusal(exc: BaseException) -> DomainError | None:
    """The refusal an exception stands for, or None when it is a fault of ours."""
    if isinstance(exc, DomainError):
        return exc
    if isinstance(exc, drf_errors.APIException):
        return _from_rest_framework(exc)
    if isinstance(exc, DatabaseError | InterfaceError):
        return _from_database(exc)
    if isinstance(exc, django_errors.ValidationError):
        return errors.Invalid("; ".join(exc.messages))
    return next((refused() for kinds, refused in _KINDS if isinstance(exc, kinds)), None)


def exception_handler(exc: Exception, _: dict[str, Any]) -> HttpResponse | None:
    """The REST framework's exception handler; None lets a fault of ours reach Django's 500."""
    error = refusal(exc)
    if error is None:
        return None
    noted(error, exc)
    return problem_response(error)


def _from_rest_framework(exc: drf_errors.APIException) -> DomainError:
    if isinstance(exc, drf_errors.ValidationError):
        found = list(_field_errors(exc.get_full_details()))
        return errors.Invalid(field=found[0]["field"] or None if len(found) == 1 else None, errors=found)
    if isinstance(exc, drf_errors.MethodNotAllowed):
        return errors.MethodNotAllowed()
    if isinstance(exc, drf_errors.Throttled):
        return errors.Throttled()
    kinds: dict[type, type[DomainError]] = {
        drf_errors.NotAuthenticated: errors.NotSignedIn,
        drf_errors.AuthenticationFailed: errors.NotSignedIn,
        drf_errors.PermissionDenied: errors.Forbidden,
        drf_errors.NotFound: errors.NotFound,
        drf_errors.UnsupportedMediaType: errors.UnsupportedMediaType,
        drf_errors.ParseError: errors.Malformed,
    }
    kind = next((kinds[c] for c in type(exc).__mro__ if c in kinds), errors.Malformed)
    return kind(str(exc.detail))


def _field_errors(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten nested serializer errors to `{field: "items.0.name", code, detail}`."""
    if _is_message(details):
        field = path.removesuffix("non_field_errors").removesuffix(".")
        yield {"field": field, "code": details["code"], "detail": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _field_errors(inner, f"{path}.{name}" if path else str(name))
    else:
        for index, inner in enumerate(details):
            # Messages belong to the field itself; anything else in a list to the item of a list field.
            own = path if _is_message(inner) else f"{path}.{index}" if path else str(index)
            yield from _field_errors(inner, own)


def _is_message(details: Any) -> bool:
    return isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str)


def _from_database(exc: DatabaseError | InterfaceError) -> DomainError | None:
    cause = exc.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    if state in _BAD_VALUE:
        return errors.Unacceptable()
    if state in _REFUSED_BY_RULE and isinstance(exc, IntegrityError):
        rule = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
        return errors.Conflict(rule=rule)
    if state in _MET_ANOTHER:
        return errors.TryAgain()
    if isinstance(exc, OperationalError | InterfaceError) and (not state or state[:2] in {"08", "53", "57"}):
        return errors.TryAgain()
    if not state and type(exc).__name__ == "DataError":
        # psycopg refuses a NUL character or a number beyond its types before it asks the server: no SQLSTATE.
        return errors.Unacceptable()
    return None


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler400` of the URL configurations."""
    error = refusal(exception) if exception else None
    return problem_response(error or errors.Malformed(), request)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler403` of the URL configurations."""
    return problem_response(errors.Forbidden(), request)


def form_stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """`CSRF_FAILURE_VIEW`: a form without our token, or with that of an earlier sign-in."""
    return problem_response(errors.FormStale(), request)


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler404` of the URL configurations, and the last pattern under `api/`."""
    return problem_response(errors.NotFound(), request)


def internal(request: HttpRequest) -> HttpResponse:
    """`handler500` of the URL configurations; called while the fault is being handled, so the log can tell it.

    A database that is away before any view is reached, when the business is looked up, is a reason to try again.
    """
    fault = sys.exc_info()[1]
    if isinstance(fault, DatabaseError | InterfaceError) and isinstance(away := _from_database(fault), errors.TryAgain):
        log.warning("request.refused_by_database", exc_info=fault, extra={"code": away.code})
        return problem_response(away, request)
    log.error("request.failed", exc_info=sys.exc_info())
    try:
        return problem_response(errors.Internal(), request)
    except Exception:  # what failed is what pages are made of
        log.exception("request.page_failed")
        return problem_response(errors.Internal())
