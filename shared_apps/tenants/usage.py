"""Writes of how large tenants are, in the operator's scope."""

from datetime import datetime
from uuid import UUID

from kernel import clock
from shared_apps.tenants.models import Usage


def usage_note(*, tenant: UUID, students: int, staff: int, bytes: int, active_at: datetime | None) -> None:  # noqa: A002
    """Keep a tenant's figures as of now in the place of those before."""
    facts = {"students": students, "staff": staff, "bytes": bytes, "active_at": active_at, "measured_at": clock.now()}
    Usage.objects.update_or_create(tenant_id=tenant, defaults=facts)
