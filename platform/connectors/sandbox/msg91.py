"""MSG91's v5 Flow API, its balance, and its delivery reports in every layout it has had.

Source of the wire: MSG91's published API reference and its help pages about webhooks. An account's `key_id` is its
authkey; its `account_id` names the layout of its reports: `new` (also when empty), `v2`, `v3` or `v4`.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from connectors.sandbox.book import Account, instant, token
from connectors.sandbox.deliver import Callback
from connectors.sandbox.faults import Refusal, operation

VENDOR = "msg91"
BALANCE = 100_000
# Numbers whose reports end otherwise than delivered, by MSG91's status codes: failed, NDNC, rejected, blocked.
FATES = {"916000000002": "2", "916000000009": "9", "916000000016": "16", "916000000017": "17"}
# A template that was never approved, and one that the registry has scrubbed.
UNAPPROVED, SCRUBBED = "unapproved", "scrubbed"
_IST = ZoneInfo("Asia/Kolkata")
_WORDS = {"1": "delivered", "2": "failed", "9": "ndnc", "16": "rejected", "17": "blocked"}


def refusal(message: str, status: int = 200, code: str = "") -> Refusal:
    """An error answer of MSG91's shape: most come with HTTP 200."""
    return Refusal(status, {"message": message, "type": "error", **({"code": code} if code else {})})


def _account(request: Request) -> Account:
    key = request.headers.get("authkey", "") or request.query_params.get("authkey", "")
    account: Account | None = request.app.state.book.accounts.get((VENDOR, key))
    if account is None:
        raise refusal("Invalid authkey", 401, "207")
    return account


async def flow(request: Request) -> Response:
    account = _account(request)
    try:
        asked = json.loads(await request.body())
    except ValueError as error:
        raise refusal("Invalid JSON", 400) from error
    template = asked.get("template_id") or asked.get("flow_id")
    if not template:
        raise refusal("template_id is missing")
    if template == UNAPPROVED:
        raise refusal("Template is not approved")
    if template == SCRUBBED:
        raise refusal("PE-TM hash is not registered", code="615")
    recipients = asked.get("recipients")
    if not isinstance(recipients, list) or not recipients:
        raise refusal("recipients are missing")
    for recipient in recipients:
        mobile = str(recipient.get("mobiles", ""))
        if not (mobile.isdecimal() and len(mobile) == 12 and mobile.startswith("91")):
            raise refusal("Invalid mobile number")
    number, at = token(24), instant()
    for recipient in recipients:
        request.app.state.book.messages.append(_received(asked, str(template), recipient, number, at))
    for callback in _reports(account, recipients, number, at):
        request.app.state.deliver.put(callback)
    return JSONResponse({"message": number, "type": "success"})


async def balance(request: Request) -> Response:
    try:
        _account(request)
    except Refusal:
        return PlainTextResponse("207")  # documented: errors are text with HTTP 200
    return PlainTextResponse(str(BALANCE))


def _received(
    asked: dict[str, Any], template: str, recipient: dict[str, Any], number: str, at: datetime
) -> dict[str, Any]:
    values = {name: value for name, value in recipient.items() if name not in {"mobiles", "CRQID"}}
    return {
        "vendor": VENDOR,
        "phone": f"+{recipient['mobiles']}",
        "at": at.isoformat(),
        "request_id": number,
        "reference": recipient.get("CRQID", ""),
        "template": template,
        "header": asked.get("sender", ""),
        "unicode": asked.get("unicode", "0"),
        "values": values,
    }


def _reports(account: Account, recipients: list[dict[str, Any]], number: str, at: datetime) -> list[Callback]:
    layout = {"v2": _v2, "v3": _v3, "v4": _v4}.get(account.account_id, _new)
    kind = "application/x-www-form-urlencoded" if layout is _v2 else "application/json"
    groups = [recipients] if layout in {_v2, _v4} else [[recipient] for recipient in recipients]

    def headers(_body: bytes, _attempt: int) -> dict[str, str]:
        return {"content-type": kind}

    return [Callback(VENDOR, "report", account.webhook_url, layout(group, number, at), headers) for group in groups]


def _fate(recipient: dict[str, Any]) -> str:
    return FATES.get(str(recipient["mobiles"]), "1")


def _told(at: datetime, later: int = 6) -> str:
    return (at + timedelta(seconds=later)).astimezone(_IST).strftime("%Y-%m-%d %H:%M:%S")


def _new(group: list[dict[str, Any]], number: str, at: datetime) -> bytes:
    recipient = group[0]
    fate = _WORDS[_fate(recipient)]
    report = {
        "requestId": number,
        "requestedAt": _told(at, 0),
        "status": fate,
        "deliveryTime": _told(at),
        "telNum": str(recipient["mobiles"]),
        "credit": "1",
        "senderId": "SHALA",
        "campaignName": "API",
        "route": "4",
        "campaign_pid": "",
        "clientId": "",
        "UUID": "",
        "INMSID": "0",
        "CRQID": recipient.get("CRQID", ""),
        "failureReason": "" if fate == "delivered" else fate.upper(),
        "smsLength": "1",
        "scheduleDateTime": "",
        "msgData": json.dumps([""]),
        "DLT_TE_ID": "",
        "nodeId": "",
        "userIp": "127.0.0.1",
    }
    return json.dumps(report).encode()


def _v2(group: list[dict[str, Any]], number: str, at: datetime) -> bytes:
    reports = [
        {
            "date": _told(at),
            "number": str(recipient["mobiles"]),
            "status": _fate(recipient),
            "desc": _WORDS[_fate(recipient)].upper(),
            "credit": "1",
            "CRQID": recipient.get("CRQID", ""),
            "INMSID": "0",
        }
        for recipient in group
    ]
    data = [{"senderId": "SHALA", "requestId": number, "userId": "1", "campaignName": "API", "report": reports}]
    return urlencode({"data": json.dumps(data)}).encode()


def _v3(group: list[dict[str, Any]], number: str, at: datetime) -> bytes:
    recipient = group[0]
    fate = _fate(recipient)
    report = {"requestId": number, "number": str(recipient["mobiles"]), "status": fate, "desc": _WORDS[fate].upper()}
    return json.dumps({**report, "date": _told(at), "CRQID": recipient.get("CRQID", "")}).encode()


def _v4(group: list[dict[str, Any]], number: str, at: datetime) -> bytes:
    entries = [
        {
            "event": _WORDS[_fate(recipient)],
            "data": [
                {
                    "meta": recipient.get("CRQID", "") or "0",
                    "INMSID": "0",
                    "description": _WORDS[_fate(recipient)].upper(),
                    "ts": int(at.timestamp()) + 6,
                }
            ],
        }
        for recipient in group
    ]
    return json.dumps(entries).encode()


routes: list[Route] = [
    operation("/api/v5/flow", flow, name="flow"),
    operation("/api/balance.php", balance, name="balance", methods=("GET",)),
]
