"""Delivery reports at the operator's own host: believed by the secret in their address, led to the tenant they are of.

Vendors do not sign reports, so the address registered with them carries `?token=…` (or they send it as a bearer
token); neither is kept with the callback.
"""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from django.conf import settings

from kernel import inbox
from kernel.tenancy import Business

PATH = "messages/webhook/msg91"
HANDLER = "messaging.reports_receive"


def verify(business: Business, headers: Mapping[str, str], body: bytes) -> inbox.Verdict:
    """Whether the sender knows the secret. Nothing is believed while none is configured, nor at a tenant's host."""
    wanted = settings.MSG91_WEBHOOK_TOKEN.encode()
    query = parse_qs(headers.get(":query", ""), max_num_fields=20) if len(headers.get(":query", "")) < 2000 else {}
    shown = query.get("token", [headers.get("authorization", "").removeprefix("Bearer ")])[0].encode()
    if not business.is_platform or not wanted or not hmac.compare_digest(wanted, shown):
        return inbox.refused("token")
    return inbox.accepted("", "report")


def register() -> None:
    """Open the address."""
    inbox.source("msg91", path=PATH, verify=verify, handler=HANDLER)
