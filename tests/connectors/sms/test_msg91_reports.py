"""Delivery callbacks of every layout MSG91 has had are read alike."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from connectors.sms.errors import MalformedReport
from connectors.sms.msg91_reports import reports_of
from connectors.sms.port import Report, Verdict

SAMPLES = Path(__file__).parent / "samples"
JSON = {"Content-Type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
AT = datetime(2026, 11, 18, 4, 28, 16, tzinfo=UTC)


def v2(*reports: dict[str, object], **group: object) -> bytes:
    return urlencode({"data": json.dumps([{"requestId": "r1", "report": list(reports), **group}])}).encode()


def test_the_new_layout_is_one_recipient_and_indian_time() -> None:
    assert reports_of(JSON, (SAMPLES / "new_on_report.json").read_bytes()) == [
        Report(
            vendor_reference="346b6b7a1b2c3d4e5f600130",
            phone="+919800000001",
            reference="acme:msg:42",
            verdict=Verdict.DELIVERED,
            at=AT,
        )
    ]


def test_version_two_is_json_in_a_form_field_with_many_recipients() -> None:
    body = v2(
        {"date": "2026-11-18 09:58:16", "number": "919800000001", "status": "1", "desc": "DELIVRD", "CRQID": "a.1"},
        {"date": "2026-11-18 09:58:16", "number": "9800000002", "status": 2, "desc": "ABSENT SUBSCRIBER"},
    )
    assert reports_of(FORM, body) == [
        Report("r1", "+919800000001", "a.1", Verdict.DELIVERED, "1", "DELIVRD", AT),
        Report("r1", "+919800000002", "", Verdict.FAILED, "2", "ABSENT SUBSCRIBER", AT),
    ]


def test_version_two_may_hold_its_reports_as_a_string() -> None:
    reports = json.dumps([{"number": "919800000001", "status": "17"}])
    body = urlencode({"data": json.dumps([{"requestId": "r1", "report": reports}])}).encode()
    assert [(r.phone, r.verdict, r.code) for r in reports_of(FORM, body)] == [("+919800000001", Verdict.FAILED, "17")]


def test_version_three_is_flat() -> None:
    body = b'{"requestId":"r3","number":"919800000001","status":"16","desc":"REJECTED","date":"2026-11-18 09:58:16"}'
    assert reports_of(JSON, body) == [Report("r3", "+919800000001", "", Verdict.FAILED, "16", "REJECTED", AT)]


def test_version_four_names_events_and_seconds() -> None:
    entry = {"meta": "a.1", "INMSID": "0", "description": "DELIVERED", "ts": 1795000000}
    body = json.dumps([{"data": [entry], "event": "delivered"}]).encode()
    assert reports_of(JSON, body) == [
        Report("", "", "a.1", Verdict.DELIVERED, "", "DELIVERED", datetime.fromtimestamp(1795000000, UTC))
    ]


def test_a_report_that_names_nothing_is_nobodys() -> None:
    """Version four as published carries "0" for every id: it must not be taken for the message "0"."""
    assert reports_of(JSON, (SAMPLES / "v4.json").read_bytes()) == []


@pytest.mark.parametrize("status", ["1", 1, "delivered", "DELIVERED", "Delivered"])
def test_delivered_in_every_spelling(status: object) -> None:
    body = json.dumps({"requestId": "r", "telNum": "919800000001", "status": status}).encode()
    assert reports_of(JSON, body)[0].verdict is Verdict.DELIVERED


@pytest.mark.parametrize("status", ["2", "9", "16", "25", "17", "failed", "Rejected", "NDNC", "blocked"])
def test_failed_in_every_spelling(status: str) -> None:
    body = json.dumps({"requestId": "r", "telNum": "919800000001", "status": status}).encode()
    assert reports_of(JSON, body)[0].verdict is Verdict.FAILED


@pytest.mark.parametrize("status", ["", "0", "8", "sent", "queued", "{{status}}", None, [], {}, True, "deliverd"])
def test_an_unknown_status_is_no_end(status: object) -> None:
    """The hook "On Request Received" is another one: it tells of no delivery."""
    body = json.dumps({"requestId": "r", "telNum": "919800000001", "status": status}).encode()
    assert reports_of(JSON, body)[0].verdict is Verdict.UNDERWAY


def test_a_placeholder_nobody_filled_in_is_no_value() -> None:
    body = b'{"requestId":"r","CRQID":"{{CRQID}}","telNum":"{{telNum}}","status":"1","deliveryTime":"{{deliveryTime}}"}'
    assert reports_of(JSON, body) == [Report("r", "", "", Verdict.DELIVERED, "1")]


@pytest.mark.parametrize(("code", "dlt"), [("615", True), ("699", True), ("2", False)])
def test_the_registrys_refusal_is_marked(code: str, dlt: bool) -> None:
    body = json.dumps({"requestId": "r", "telNum": "919800000001", "status": "2", "ctCode": code}).encode()
    report = reports_of(JSON, body)[0]
    assert (report.verdict, report.dlt, report.code) == (Verdict.FAILED, dlt, code)


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-11-18 09:58:16", AT),
        ("2026-11-18T04:28:16Z", AT),
        ("1763440096000", datetime.fromtimestamp(1763440096, UTC)),
        ("1763440096", datetime.fromtimestamp(1763440096, UTC)),
        ("yesterday", None),
        ("99999999999999999999", None),
        ("", None),
    ],
)
def test_times(told: str, at: datetime | None) -> None:
    body = json.dumps({"requestId": "r", "status": "1", "deliveryTime": told}).encode()
    assert reports_of(JSON, body)[0].at == at


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, b""),
        (JSON, b"{"),
        (JSON, b"\xff\xfe"),
        (JSON, b"17"),
        (JSON, b'["x"]'),
        (JSON, b'{"data":["x"]}'),
        (JSON, b"[" * 100_000),
        (FORM, b"data=%7B"),
        (FORM, b"data=\xff"),
        (FORM, b"&".join(b"a=1" for _ in range(200))),
    ],
)
def test_rubbish_is_said_to_be_rubbish(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(MalformedReport):
        reports_of(headers, body)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"status":"1"}', b'{"data":[]}'])
def test_a_body_without_a_reference_tells_nothing(body: bytes) -> None:
    assert reports_of(JSON, body) == []
