"""The names and addresses by which gateways know us."""

import base64
from uuid import UUID

from django.conf import settings

from kernel.tenancy import current


def home() -> str:
    """The business's permanent address."""
    business = current()
    host = settings.DOMAIN if business.is_platform else f"{business.public_id}.{settings.DOMAIN}"
    return f"{settings.SCHEME}://{host}"


def reference_of(id_: UUID) -> str:
    """Our name for a row outside: the business's public id and the row's, in letters every gateway takes."""
    return f"{current().public_id}-{base64.b32encode(id_.bytes).decode().rstrip('=').lower()}"
