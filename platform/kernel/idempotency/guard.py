"""Runs a keyed request once: later equal requests get the kept answer, different ones are refused.

While a request runs, its process holds a session-level advisory lock on the key. The server lets go of it when the
process dies, so a row left `running` without the lock is a request that never finished: the next equal request runs it
again. Work that is one transaction is committed together with its answer, so it was not done then; work in phases is
safe to repeat by keys of its own.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.transaction import atomic, set_rollback
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from kernel import clock, crash, guards
from kernel.http import clients
from kernel.http.request import Request
from kernel.idempotency.errors import InFlight, KeyMissing, KeyReused
from kernel.idempotency.models import Call, State
from kernel.ids import uuid7
from kernel.tenancy import current

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replay"
_VISIBLE = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_FORGOTTEN = {409, 429}

STARTED = crash.register("idempotency.started")
WORKED = crash.register("idempotency.worked")
KEPT_ANSWER = crash.register("idempotency.kept")


def guarded(work: Callable[[], Any], view: Any, request: Request, *, whole: bool) -> HttpResponseBase:
    """Do the view's work at most once for the request's key and caller; `whole`: in one transaction with its answer.

    Sets `request.idempotency_id`, a text of 32 hex digits that is the same for every repetition: services use it as
    their own key. Raises KeyMissing (400), KeyReused (422), InFlight (409). Answers 409, 429 and 5xx are not kept.
    """
    key = request.headers.get(HEADER, "")
    if not _VISIBLE.fullmatch(key):
        raise KeyMissing()
    if guards.is_off(guards.Guard.IDEMPOTENCY):
        request.idempotency_id = uuid7().hex
        return _answer(work, view, request)
    caller = _caller(request)
    fingerprint = _fingerprint(request)
    if (kept := _kept(caller, key, fingerprint)) is not None:
        return kept
    request.idempotency_id = hashlib.sha256(f"{caller}|{key}".encode()).hexdigest()[:32]
    with _alone(caller, key) as alone:
        if not alone:
            # The other may have answered between the look and the lock.
            if (kept := _kept(caller, key, fingerprint)) is not None:
                return kept
            raise InFlight()
        if (kept := _kept(caller, key, fingerprint)) is not None:
            return kept
        return _run(_begin(caller, key, fingerprint), work, view, request, whole=whole)


def _run(call: Call, work: Callable[[], Any], view: Any, request: Request, *, whole: bool) -> HttpResponseBase:
    crash.point(STARTED)
    keep = False
    try:
        with atomic() if whole else nullcontext():
            # What the work raises undoes the work, and is answered and kept like any other answer.
            response = _answer(atomic(work) if whole else work, view, request)
            keep = response.status_code < 500 and response.status_code not in _FORGOTTEN
            crash.point(WORKED)
            if keep:
                _keep(call, response)
            elif whole:
                set_rollback(True)
        crash.point(KEPT_ANSWER)
        return response
    finally:
        if not keep:
            _forget(call)


def _keep(call: Call, response: HttpResponse) -> None:
    call.state = State.DONE
    call.status = response.status_code
    call.headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    call.answer = response.content
    call.save(update_fields=["state", "status", "headers", "answer"])


def _answer(work: Callable[[], Any], view: Any, request: Request) -> HttpResponse:
    try:
        response = work()
    except Exception as error:
        response = view.handle_exception(error)
    response = view.finalize_response(request, response)
    if hasattr(response, "render"):
        response.render()
    plain = HttpResponse(response.content, status=response.status_code)
    for name in _KEPT_HEADERS:
        if name in response:
            plain[name] = response[name]
    return plain


def _forget(call: Call) -> None:
    try:
        call.delete()
    except Exception:
        # The row stays `running` and unlocked, which the next equal request takes as never finished.
        log.warning("idempotency.forget_failed", exc_info=True)


def _begin(caller: str, key: str, fingerprint: bytes) -> Call:
    """The row of this request, new or taken over from one that expired or never finished."""
    now = clock.now()
    values = {
        "fingerprint": fingerprint,
        "state": State.RUNNING,
        "started_at": now,
        "expires_at": now + KEPT,
        "status": None,
        "headers": {},
        "answer": b"",
    }
    return Call.objects.update_or_create(caller=caller, key=key, defaults=values)[0]


def _kept(caller: str, key: str, fingerprint: bytes) -> HttpResponse | None:
    """The kept answer, None when there is none yet; raises KeyReused when the key stands for another request."""
    call = Call.objects.filter(caller=caller, key=key, expires_at__gt=clock.now()).first()
    if call is None:
        return None
    if bytes(call.fingerprint) != fingerprint:
        raise KeyReused()
    if call.state != State.DONE:
        return None
    return HttpResponse(bytes(call.answer), status=call.status, headers={**call.headers, REPLAYED: "true"})


@contextmanager
def _alone(caller: str, key: str) -> Iterator[bool]:
    """Whether this session is the only one at work on the key; the server frees it if the process dies."""
    digest = hashlib.blake2b(f"idempotency|{current().schema}|{caller}|{key}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s::bigint)", [number])
        (locked,) = cursor.fetchone()
    try:
        yield locked
    finally:
        if locked:
            _unlock(number)


def _unlock(number: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s::bigint)", [number])
    except Exception:
        log.warning("idempotency.unlock_failed", exc_info=True)
        connection.close()  # a session that ends holds nothing


def _caller(request: Request) -> str:
    if request.user.is_authenticated:
        return str(request.user.name)
    return f"nobody:{clients.network(clients.client_ip(request._request))}"


def _fingerprint(request: Request) -> bytes:
    raw = request._request
    digest = hashlib.sha256(f"{raw.method} {raw.get_full_path()}\n".encode())
    digest.update(raw.body)
    return digest.digest()
