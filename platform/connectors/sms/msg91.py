"""MSG91 v5: the Flow call on httpx, its balance, and its delivery callbacks in every layout it has had.

Wire: control.msg91.com/apidoc. Flow answers `{"message": <request id>, "type": "success"}`; anything but a 2xx **and**
`type == "success"` is no acceptance. Callbacks carry no signature, so the address they arrive at holds a secret.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from connectors.sms.errors import Cause, NeverReached, OutcomeUnknown, RateLimited, Refused
from connectors.sms.msg91_reports import reports_of
from connectors.sms.port import Accepted, Batch, Report

CONNECT_SECONDS = 3.05
ANSWER_SECONDS = 10.0
_ANSWER_BYTES = 64 * 1024

# Numbers of the older API that still come back inside texts, and HTTP 418 for an address that is not allow-listed.
_CAUSES = {
    "202": Cause.NUMBER,
    "203": Cause.TEMPLATE,
    "207": Cause.ACCOUNT,
    "208": Cause.ACCOUNT,
    "301": Cause.ACCOUNT,
    "302": Cause.ACCOUNT,
    "303": Cause.ACCOUNT,
    "306": Cause.WINDOW,
    "310": Cause.TEMPLATE,
    "418": Cause.ACCOUNT,
}
# Nothing of the request has left when these are raised.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


class Msg91:
    """One account at MSG91, with one connection pool; safe between threads. The key shows in no `repr` or error."""

    name = "msg91"

    def __init__(
        self,
        *,
        base_url: str,
        authkey: str,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._authkey = authkey
        self._answer_seconds = answer_seconds
        self._client = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(answer_seconds, connect=connect_seconds),
            # No proxies or certificates out of the environment, no redirects, and no retries nobody asked for. Idle
            # connections are dropped early: one the vendor has closed meanwhile would make an outcome unknown.
            trust_env=False,
            follow_redirects=False,
            transport=httpx.HTTPTransport(retries=0, limits=httpx.Limits(keepalive_expiry=2.0)),
        )

    def send(self, batch: Batch) -> Accepted:
        """Hand over a batch under one request id. Raises NeverReached, OutcomeUnknown, RateLimited, Refused."""
        body: dict[str, Any] = {
            "template_id": batch.template,
            "short_url": "0",
            "realTimeResponse": "1",
            "recipients": [
                {**recipient.values, "mobiles": recipient.phone.removeprefix("+"), "CRQID": recipient.reference}
                for recipient in batch.recipients
            ],
        }
        if batch.header:
            body["sender"] = batch.header
        if batch.unicode:
            body["unicode"] = "1"
        status, raw = self._call(
            "POST",
            "/api/v5/flow",
            content=orjson.dumps(body),
            headers={"content-type": "application/json", "accept": "application/json"},
        )
        answer = _object(raw)
        if 200 <= status < 300:
            if answer is None:
                raise OutcomeUnknown("the answer cannot be read")
            if answer.get("type") == "success":
                reference = answer.get("message")
                if not isinstance(reference, str) or not reference.strip():
                    raise OutcomeUnknown("accepted without a request id")
                return Accepted(reference.strip())
            if answer.get("type") != "error":
                raise OutcomeUnknown("neither success nor error")
        raise _refusal(status, answer)

    def balance(self) -> int:
        """Messages left on the transactional route. Errors come as text with HTTP 200, so only a number counts."""
        status, raw = self._call("GET", "/api/balance.php", params={"type": "4"})
        text = raw.decode("utf-8", "replace").strip()
        if 200 <= status < 300 and text.lstrip("-").isdecimal():
            return int(text)
        raise Refused(text[:200] or f"HTTP {status}", cause=Cause.ACCOUNT, code=str(status))

    def reports(self, headers: Mapping[str, str], body: bytes) -> list[Report]:
        """Read a delivery callback. Raises MalformedReport."""
        return reports_of(headers, body)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _call(self, method: str, path: str, **request: Any) -> tuple[int, bytes]:
        """One exchange, bounded in time and size: a read time-out alone lets a vendor drip bytes for ever."""
        headers = {**request.pop("headers", {}), "authkey": self._authkey}
        ends = time.monotonic() + self._answer_seconds
        try:
            with self._client.stream(method, path, headers=headers, **request) as response:
                raw = b""
                for piece in response.iter_bytes():
                    raw += piece
                    if len(raw) > _ANSWER_BYTES or time.monotonic() > ends:
                        raise OutcomeUnknown("the answer is too long or too slow")
        except _NOT_SENT as error:
            raise NeverReached(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(type(error).__name__) from error
        if response.status_code == 429:
            wait = response.headers.get("retry-after", "")
            raise RateLimited(int(wait) if wait.isdecimal() else None)
        if response.status_code >= 500 or response.status_code in {408, 425}:
            raise OutcomeUnknown(f"HTTP {response.status_code}")
        return response.status_code, raw


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _refusal(status: int, answer: dict[str, Any] | None) -> Refused:
    answer = answer or {}
    text = str(answer.get("message") or f"HTTP {status}")[:200]
    code = str(answer.get("code") or (status if status >= 400 else ""))
    if code.startswith("6") and len(code) == 3 and code.isdecimal():
        return Refused(text, cause=Cause.DLT, code=code)
    cause = _CAUSES.get(code)
    if cause is None:
        cause = Cause.ACCOUNT if status in {401, 403, 418} else _cause_by_words(text.lower())
    return Refused(text, cause=cause, code=code)


def _cause_by_words(text: str) -> Cause:
    """MSG91 publishes no list of v5 refusals; these words stand in the ones that are known."""
    if "dlt" in text or "entity" in text:
        return Cause.DLT
    for cause, words in (
        (Cause.ACCOUNT, ("authkey", "auth key", "balance", "ip ", "whitelist", "expired", "banned")),
        (Cause.TEMPLATE, ("template", "flow", "sender")),
        (Cause.NUMBER, ("mobile", "number")),
    ):
        if any(word in text for word in words):
            return cause
    return Cause.OTHER
