"""Where a payer's browser goes to pay: each gateway's own page, reached by a plain form, so that no script of theirs runs
on ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from connectors.payments.port import Gateway

# Cashfree's script posts the session there; the page it answers with, or is sent on to, stands at one of these.
_CASHFREE = {"sandbox": "https://sandbox.cashfree.com", "production": "https://api.cashfree.com"}
_CASHFREE_PAGES = {"sandbox": "https://payments-test.cashfree.com", "production": "https://payments.cashfree.com"}
_RAZORPAY = "https://api.razorpay.com"


@dataclass(frozen=True, slots=True)
class Customer:
    """What a gateway's page need not ask again, and where it leads who turns back."""

    business: str
    description: str
    name: str
    phone: str
    email: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class HostedCheckout:
    """A form: how and where it is sent, its hidden fields, and every origin a policy of content must let it reach.

    Chromium holds `form-action` against the redirects of an answer as well, hence more origins than one.
    """

    method: Literal["get", "post"]
    action: str
    fields: dict[str, str]
    origins: tuple[str, ...]


def hosted_checkout(
    gateway: str, *, environment: str, checkout: Mapping[str, Any], customer: Customer
) -> HostedCheckout:
    """The form for an order whose `checkout` its adapter told. A stand-in's own `page` goes before the real ones."""
    if page := checkout.get("page"):
        url = urlsplit(str(page))
        fields = dict(parse_qsl(url.query))
        if gateway == Gateway.RAZORPAY:
            fields["cancel_url"] = customer.cancel_url
        action = urlunsplit((url.scheme, url.netloc, url.path, "", ""))
        return HostedCheckout("get", action, fields, (f"{url.scheme}://{url.netloc}",))
    if gateway == Gateway.CASHFREE:
        root = _CASHFREE[environment]
        fields = {"payment_session_id": str(checkout["payment_session_id"])}
        return HostedCheckout("post", f"{root}/pg/view/sessions/checkout", fields, (root, _CASHFREE_PAGES[environment]))
    fields = {
        "key_id": str(checkout["key_id"]),
        "order_id": str(checkout["order_id"]),
        "amount": str(checkout["amount"]),
        "currency": str(checkout["currency"]),
        "name": customer.business,
        "description": customer.description,
        "prefill[name]": customer.name,
        "prefill[contact]": customer.phone,
        "prefill[email]": customer.email,
        "callback_url": str(checkout["callback_url"]),
        "cancel_url": customer.cancel_url,
    }
    return HostedCheckout("post", f"{_RAZORPAY}/v1/checkout/embedded", fields, (_RAZORPAY,))
