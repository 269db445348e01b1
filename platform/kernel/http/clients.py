"""Where a request comes from, as far as it can be believed."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The caller's address; a proxy's word is taken only from the addresses in settings.TRUSTED_PROXIES."""
    peer = str(request.META.get("REMOTE_ADDR") or "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    # Without an address the peer came through a socket of this machine.
    if forwarded and (not peer or peer in settings.TRUSTED_PROXIES):
        # The last entry is the one our own proxy wrote; those before it are the caller's own words.
        return forwarded.rsplit(",", 1)[-1].strip()[:45]
    return peer


def network(address: str) -> str:
    """What counts as one unknown client: an IPv4 address, or the /64 an IPv6 address comes from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
