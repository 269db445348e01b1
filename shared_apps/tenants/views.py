"""What the proxy in front asks before it gets a certificate for a name."""

import ipaddress
import re

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kernel.http import errors
from kernel.tenancy import states
from kernel.tenancy.directory import business_by_host

_NAME = re.compile(r"[A-Za-z0-9.-]{1,253}")


@require_safe
def tls_ask(request: HttpRequest) -> HttpResponse:
    """200 when `?domain=` is a name we serve, else 404: so nobody can make us ask for certificates of strangers' names.

    For the proxy alone, which asks without having been asked through itself; answered from the look-up of hosts, so a
    name given up is refused within a second. See `docs/operations/domains.md`.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    if "X-Forwarded-For" in request.headers or not ipaddress.ip_address(peer).is_private:
        raise errors.NotFound()
    name = request.GET.get("domain", "")
    business = business_by_host(name) if _NAME.fullmatch(name) else None
    served = business is not None and states.nobody_is_served(business.state) is None
    return HttpResponse("yes" if served else "no", status=200 if served else 404, content_type="text/plain")
