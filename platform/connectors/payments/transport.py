"""The one way out to a gateway: certificates checked, every wait bounded, one attempt, every failure told apart.

Both SDKs hand their finished requests over here instead of to the client they bring along (cashfree-pg's checks no
certificate, neither has time-outs, Razorpay's trusts a bundle of 2015 and throws the status away).
"""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors.payments.errors import (
    Duplicate,
    GatewayError,
    NeverReached,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from connectors.payments.port import Limits

LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024
# No document of either gateway is nested half as deep.
_DEEPEST = 50
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
# A gateway's words go into logs and to admins; longer ones are pages of a proxy.
_LONGEST_MESSAGE = 300
# Cashfree says "that reference exists with other contents" also with 400 and 422.
_DUPLICATE_CODES = {
    "idempotency_error",
    "idempotency_key_mismatch",
    "order_already_exists",
    "refund_id_already_exists",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _Connecting:
    # Whatever fails in here failed before the first byte of the request: refused, no such name, no route, time-out,
    # TLS handshake. Once it has returned nothing is certain any more.
    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except Exception as error:
            raise NeverReached(f"{type(error).__name__}: {error}") from error


class _Http(_Connecting, HTTPConnection):
    pass


class _Https(_Connecting, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


@lru_cache(maxsize=4)
def _pools(ca_file: str) -> urllib3.PoolManager:
    # Shared by all businesses: credentials travel in each request's headers, never with a connection.
    manager = urllib3.PoolManager(num_pools=8, maxsize=32, cert_reqs="CERT_REQUIRED", ca_certs=ca_file)
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager


# A child process must not talk over its parent's connections: each would read the other's answers.
os.register_at_fork(after_in_child=_pools.cache_clear)


def send(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, limits: Limits) -> Answer:
    """Make one request and read its answer. Raises NeverReached or OutcomeUnknown; any status is an answer."""
    deadline = time.monotonic() + limits.total_s
    try:
        response = _pools(limits.ca_file).urlopen(
            method,
            url,
            headers=dict(headers),
            body=body,
            timeout=urllib3.Timeout(connect=limits.connect_s, read=limits.read_s),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return Answer(response.status, dict(response.headers), b"".join(_chunks(response, deadline)))
        except BaseException:
            # What is left unread must not be taken for the answer to somebody's next request.
            response.close()
            raise
        finally:
            response.release_conn()
    except urllib3.exceptions.HTTPError as error:
        # urllib3's words name the host and the path, never a header.
        raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error


def _chunks(response: urllib3.BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
    size = 0
    # read1 returns what has arrived, so that the clock is looked at also while bytes only drip.
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise OutcomeUnknown("the answer is too large")
        if time.monotonic() > deadline:
            raise OutcomeUnknown("the answer took too long")
        yield chunk


def read(answer: Answer) -> Any:
    """The JSON of a 2xx answer, numbers with a point as Decimal. Every other answer raises what it means."""
    if 200 <= answer.status <= 299:
        try:
            document = parse(answer.body)
        except ValueError as error:
            raise OutcomeUnknown(f"{answer.status} with a body that is not JSON") from error
        if not isinstance(document, dict | list):
            raise OutcomeUnknown(f"{answer.status} with neither object nor list")
        return document
    raise _meaning(answer)


def parse(body: bytes) -> Any:
    """JSON as it came, nothing rounded. Raises ValueError for anything else, hostile nesting and NaN included."""
    # Looked at before the parser recurses: a RecursionError strikes whatever else happens to run at that depth.
    depth = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
    return json.loads(body, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _meaning(answer: Answer) -> GatewayError:
    status = answer.status
    if not 400 <= status <= 499 or status == 408:
        return OutcomeUnknown(f"answered {status}")
    code, message = _words(answer.body)
    if status in {401, 403}:
        return NotAuthorised(status, code, message)
    if status == 429:
        return RateLimited(status, code, message, retry_after=_retry_after(answer.headers))
    if status == 409 or code in _DUPLICATE_CODES:
        return Duplicate(status, code, message)
    return Rejected(status, code, message)


def _words(body: bytes) -> tuple[str, str]:
    # Cashfree: {"code", "message", "type"}. Razorpay: {"error": {"code", "description", …}}, or a bare string there.
    try:
        document = parse(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return "unreadable", "an error without JSON"
    error = document.get("error", document)
    if not isinstance(error, dict):
        return "unreadable", str(error)[:_LONGEST_MESSAGE]
    message = error.get("description") or error.get("message") or ""
    return str(error.get("code") or "unreadable"), str(message)[:_LONGEST_MESSAGE]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    named = {name.lower(): value for name, value in headers.items()}
    try:
        seconds = float(named.get("retry-after") or named.get("x-ratelimit-retry") or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None
