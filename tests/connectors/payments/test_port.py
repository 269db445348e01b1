"""What the port refuses before anything is sent, amounts on the wire, and that no secret is ever written anywhere."""

import io
import json
import logging
import traceback
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.payments import Gateway, gateway_for, wire
from connectors.payments.errors import GatewayError, Rejected
from connectors.payments.port import RefundRequest
from connectors.payments.transport import parse
from tests.connectors.payments.servers import answer, document, raw, wire_server
from tests.connectors.payments.shops import LIMITS, credentials
from tests.connectors.payments.test_tls import CASHFREE_ORDER, ORDERS, REQUEST

gateways = pytest.mark.parametrize("gateway", list(Gateway))


@pytest.mark.parametrize(
    "other",
    [
        {"reference": "ab"},
        {"reference": "x" * 41},
        {"reference": "asha/1"},
        {"reference": "asha 1"},
        {"reference": "asha-1\n"},
        {"amount_paise": 99},
        {"amount_paise": 0},
        {"amount_paise": -100},
        {"amount_paise": 150.0},
        {"amount_paise": True},
        {"amount_paise": Decimal("150")},
        {"currency": "USD"},
        {"customer_phone": "9876543210"},
        {"customer_phone": "+91 98765 43210"},
        {"return_url": "http://asha.localhost/" + "x" * 250},
    ],
)
def test_order_no_gateway_takes_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(REQUEST, **other)


def test_refund_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError):
        RefundRequest("asha-r1", "asha-1", "pay_1", 0, "key")


def test_foreign_phone_is_refused_by_cashfree_before_it_is_sent() -> None:
    with wire_server(document(CASHFREE_ORDER)) as server, pytest.raises(Rejected) as refused:
        gateway_for(credentials(Gateway.CASHFREE, server.url)).order_create(
            replace(REQUEST, customer_phone="+14155550100")
        )
    assert (refused.value.code, server.connections) == ("phone_unsupported", 0)


def test_what_the_sdk_refuses_names_the_field_not_the_value() -> None:
    with wire_server(document(CASHFREE_ORDER)) as server, pytest.raises(Rejected) as refused:
        gateway_for(credentials(Gateway.CASHFREE, server.url)).order_create(replace(REQUEST, customer_id="ab"))
    assert (refused.value.message, server.connections) == ("cashfree-pg refuses customer_id", 0)


def test_short_texts_the_sdk_refuses_are_left_out() -> None:
    with wire_server(document(CASHFREE_ORDER)) as server:
        asked = replace(REQUEST, customer_name="Om", customer_email="", note="x")
        gateway_for(credentials(Gateway.CASHFREE, server.url)).order_create(asked)
    [request] = server.requests
    assert set(request.json()["customer_details"]) == {"customer_id", "customer_phone"}
    assert "order_note" not in request.json()


@given(st.integers(1, 10**11 - 1))
def test_rupees_on_the_wire_are_the_very_paise(paise: int) -> None:
    sent = json.dumps(wire.rupees_of(paise))
    assert wire.paise_from_rupees(json.loads(sent, parse_float=Decimal)) == paise


@given(st.recursive(st.none() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_any_document_is_read_as_it_was_written(document: object) -> None:
    assert parse(json.dumps(document).encode()) == document


@pytest.mark.parametrize("body", [b"[" * 51 + b"]" * 51, b'{"a":' * 200_000, b'["]]]]]]",' + b"[" * 60])
def test_nesting_is_bounded_before_it_is_parsed(body: bytes) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse(body)


def test_brackets_inside_texts_are_no_nesting() -> None:
    assert parse(json.dumps(["[" * 500 + '"\\']).encode()) == ["[" * 500 + '"\\']


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.floats() | st.text() | st.booleans() | st.none())
def test_any_amount_is_paise_or_none(value: object) -> None:
    paise = wire.paise_from_rupees(value)
    assert paise is None or isinstance(paise, int)


@given(st.integers() | st.text() | st.none() | st.booleans() | st.floats())
def test_any_instant_is_aware_or_none(value: object) -> None:
    moment = wire.instant(value)
    assert moment is None or moment.utcoffset() is not None


@pytest.mark.parametrize(
    ("key_id", "environment"),
    [("rzp_test_asha", "production"), ("rzp_live_asha", "sandbox"), ("rzp_live_asha", "production?")],
)
def test_key_of_the_other_mode_is_refused(key_id: str, environment: str) -> None:
    with pytest.raises(ValueError, match=environment.rstrip("?")):
        credentials(Gateway.RAZORPAY, "https://api.razorpay.com", key_id=key_id, environment=environment)


@gateways
def test_credentials_do_not_show_their_secrets(gateway: Gateway) -> None:
    assert "secret" not in repr(credentials(gateway, "https://x.example")).replace("webhook_secrets", "")


@gateways
@pytest.mark.parametrize(
    "reply",
    [
        None,
        raw(b""),
        answer(502, b"<html>"),
        document({"message": "no", "code": "x"}, 400),
        document({"message": "no", "code": "x"}, 401),
        answer(200, b"{"),
        answer(302, b"", "location: http://127.0.0.1:9/"),
    ],
    ids=["silence", "closed", "502", "400", "401", "cut", "302"],
)
def test_no_secret_reaches_logs_output_or_errors(
    gateway: Gateway, reply: object, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = io.StringIO()
    with wire_server(reply) as server:  # type: ignore[arg-type]
        adapter = gateway_for(credentials(gateway, server.url), LIMITS)
        # The SDK lowers this logger with each call; what it would say is wanted here.
        logging.getLogger("urllib3").setLevel(logging.DEBUG)
        with pytest.raises(GatewayError) as failed:
            adapter.order_create(REQUEST)
        traceback.print_exception(failed.value, file=shown)
    captured = capfd.readouterr()
    everything = shown.getvalue() + caplog.text + captured.out + captured.err
    assert type(failed.value).__name__ in everything
    key_secret = adapter.credentials.key_secret  # type: ignore[attr-defined]
    assert key_secret not in everything
    assert REQUEST.customer_phone[3:] not in everything


@gateways
def test_success_writes_nothing_at_all(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with wire_server(document(ORDERS[gateway])) as server:
        gateway_for(credentials(gateway, server.url), LIMITS).order_create(REQUEST)
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
