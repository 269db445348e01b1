"""Certificates: a gateway that cannot prove who it is learns nothing, whichever SDK speaks."""

import datetime
import ssl

import certifi
import pytest
import trustme

from connectors.payments import Gateway, Limits, gateway_for
from connectors.payments.errors import NeverReached
from connectors.payments.port import OrderRequest
from tests.connectors.payments.bare import BareCashfree
from tests.connectors.payments.servers import document, wire_server
from tests.connectors.payments.shops import credentials

CASHFREE_ORDER = {
    "order_id": "asha-1",
    "cf_order_id": "1",
    "order_amount": 1500.00,
    "order_currency": "INR",
    "order_status": "ACTIVE",
    "payment_session_id": "session_1",
}
RAZORPAY_ORDER = {"id": "order_1", "receipt": "asha-1", "amount": 150000, "currency": "INR", "status": "created"}
ORDERS = {Gateway.CASHFREE: CASHFREE_ORDER, Gateway.RAZORPAY: RAZORPAY_ORDER}
REQUEST = OrderRequest(
    reference="asha-1",
    amount_paise=150_000,
    customer_id="asha_1",
    customer_name="Asha",
    customer_phone="+919876543210",
    customer_email="asha@example.com",
    return_url="http://asha.localhost/return",
    notify_url="http://asha.localhost/hook",
    idempotency_key="6f7c8f6e-5b7e-5e0a-8d5e-0f3a4c1d2b3a",
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def presenting(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def expired(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("127.0.0.1", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))


WRONG = {
    "unknown authority": lambda authority: trustme.CA().issue_cert("127.0.0.1"),
    "another host": lambda authority: authority.issue_cert("api.cashfree.com"),
    "expired": expired,
}


def test_authorities_of_certifi_are_the_default() -> None:
    assert Limits().ca_file == certifi.where()


@pytest.mark.parametrize("gateway", list(Gateway))
def test_order_over_tls_with_a_good_certificate(authority: trustme.CA, ca_file: str, gateway: Gateway) -> None:
    good = presenting(authority.issue_cert("127.0.0.1"))
    with wire_server(document(ORDERS[gateway]), tls=good) as server:
        adapter = gateway_for(credentials(gateway, server.url), Limits(2, 2, 4, ca_file))
        assert adapter.order_create(REQUEST).amount_paise == 150_000
        assert len(server.requests) == 1


@pytest.mark.parametrize("gateway", list(Gateway))
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_certificate_is_refused_before_a_byte_is_sent(
    authority: trustme.CA, ca_file: str, gateway: Gateway, wrong: str
) -> None:
    with wire_server(document(ORDERS[gateway]), tls=presenting(WRONG[wrong](authority))) as server:
        adapter = gateway_for(credentials(gateway, server.url), Limits(2, 2, 4, ca_file))
        with pytest.raises(NeverReached, match="CERTIFICATE_VERIFY_FAILED"):
            adapter.order_create(REQUEST)
        assert server.connections == 1
        assert (server.received, server.requests) == (0, [])


@pytest.mark.parametrize("gateway", list(Gateway))
def test_authority_certifi_does_not_know_is_refused(authority: trustme.CA, gateway: Gateway) -> None:
    good = presenting(authority.issue_cert("127.0.0.1"))
    with wire_server(document(ORDERS[gateway]), tls=good) as server:
        with pytest.raises(NeverReached, match="CERTIFICATE_VERIFY_FAILED"):
            gateway_for(credentials(gateway, server.url), Limits(2, 2, 4)).order_create(REQUEST)
        assert (server.received, server.requests) == (0, [])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("wrong", WRONG)
def test_the_bare_sdk_hands_its_secret_to_anybody(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    with wire_server(document(CASHFREE_ORDER), tls=presenting(WRONG[wrong](authority))) as server:
        with pytest.warns(Warning, match="Unverified HTTPS request"):
            BareCashfree(monkeypatch, server.url).order("asha")
        assert [one.headers["x-client-secret"] for one in server.requests] == ["secret-cashfree-asha"]


@pytest.mark.parametrize("gateway", list(Gateway))
def test_handshake_that_never_ends_never_reached(gateway: Gateway) -> None:
    with wire_server(None) as server:
        # A server that accepts the connection and does not speak TLS: nothing of the request is ever sent.
        silent = server.url.replace("http:", "https:")
        with pytest.raises(NeverReached):
            gateway_for(credentials(gateway, silent), Limits(0.5, 2, 4)).order_create(REQUEST)
        assert server.requests == []


@pytest.mark.parametrize("url", ["http://api.cashfree.com/pg", "ftp://api.cashfree.com", "http://10.0.0.5:8000"])
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        credentials(Gateway.CASHFREE, url)
