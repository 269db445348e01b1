"""MSG91's delivery callbacks: v2 (a form field of JSON), v3 (flat), v4 (events), "Webhook (New)" (an edited template).

All scalars may be strings, times are Indian without a zone, lists may be JSON inside a string, and a layout the
customer edited may leave anything out or still hold its `{{placeholders}}`. So fields are found by name whatever the
layout, and a status nobody has documented is UNDERWAY, never an end.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

from connectors.sms.dlt import INDIA, scrubbed
from connectors.sms.errors import MalformedReport
from connectors.sms.port import Report, Verdict
from kernel.phone import PhoneInvalid, phone

# 1 delivered, 2 failed, 9 NDNC, 16 and 25 rejected, 17 blocked number; words stand in v4 and New.
_VERDICTS = {
    "1": Verdict.DELIVERED,
    "delivered": Verdict.DELIVERED,
    **dict.fromkeys(("2", "9", "16", "17", "25"), Verdict.FAILED),
    **dict.fromkeys(
        ("failed", "rejected", "ndnc", "blocked", "blocked number", "undelivered", "expired"), Verdict.FAILED
    ),
}
_REQUEST = ("requestid", "request_id")
_REFERENCE = ("crqid", "clientid", "client_id", "meta")
_PHONE = ("telnum", "number", "mobile", "mobiles", "to")
_STATUS = ("status", "event")
_REASON = ("failurereason", "failedreason", "desc", "description")
_CODE = ("code", "ctcode", "errorcode")
_AT = ("deliverytime", "date", "ts", "timestamp")


def reports_of(headers: Mapping[str, str], body: bytes) -> list[Report]:
    """Every recipient's report in one callback; empty when it tells of none. Raises MalformedReport."""
    payload = _payload(headers, body)
    return [report for fields in _entries(payload) if (report := _report(fields)) is not None]


def _payload(headers: Mapping[str, str], body: bytes) -> Any:
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "form-urlencoded" in kind.lower():
        try:
            form = parse_qs(body.decode(), max_num_fields=100)
        except (UnicodeDecodeError, ValueError) as error:
            raise MalformedReport("the form cannot be read") from error
        if "data" not in form:
            return {name: values[0] for name, values in form.items()}
        return _json(form["data"][0])
    return _json(body)


def _json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedReport("the body is not JSON") from error


def _entries(payload: Any) -> Iterator[dict[str, Any]]:
    """Flatten: what a group says (`requestId`, `event`) counts for each entry of its `report` or `data` list."""
    for group in payload if isinstance(payload, list) else [payload]:
        if not isinstance(group, dict):
            raise MalformedReport("an entry is not an object")
        named = {str(name).lower(): value for name, value in group.items()}
        inner = named.pop("report", None) or named.pop("data", None)
        if isinstance(inner, str) and inner.lstrip().startswith(("[", "{")):
            inner = _json(inner)
        if isinstance(inner, dict):
            inner = [inner]
        if not isinstance(inner, list):
            yield named
            continue
        for entry in inner:
            if not isinstance(entry, dict):
                raise MalformedReport("an entry is not an object")
            yield {**named, **{str(name).lower(): value for name, value in entry.items()}}


def _report(fields: dict[str, Any]) -> Report | None:
    request, reference = _first(fields, _REQUEST), _first(fields, _REFERENCE)
    if not request and not reference:
        return None  # nothing here could be told apart from anybody else's
    status, code, reason = _first(fields, _STATUS).lower(), _first(fields, _CODE), _first(fields, _REASON)
    verdict = _VERDICTS.get(status, Verdict.UNDERWAY)
    dlt = verdict is Verdict.FAILED and (scrubbed(code) is not None or scrubbed(reason[:3]) is not None)
    return Report(
        vendor_reference=request,
        phone=_phone(_first(fields, _PHONE)),
        reference=reference,
        verdict=verdict,
        code=code or (status if status.isdecimal() else ""),
        reason=reason[:200],
        at=_instant(_first(fields, _AT)),
        dlt=dlt,
    )


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first value that says something: "0", blanks and placeholders nobody filled in do not."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        text = str(value).strip()
        if text and text != "0" and "{{" not in text:
            return text
    return ""


def _phone(text: str) -> str:
    try:
        return phone(text if len(text) <= 10 or text.startswith("+") else f"+{text}")
    except PhoneInvalid:
        return text


def _instant(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970, or Indian wall-clock time; None when it is neither."""
    try:
        if text.isdecimal():
            number = int(text)
            return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=INDIA)).astimezone(UTC)
