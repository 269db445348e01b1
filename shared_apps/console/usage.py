"""How large each tenant is and when somebody last worked there: measured in its own schema now and then, and kept beside
its name, so that a list of many asks none of them.
"""

import logging
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection

from kernel import clock, quotas
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts import selectors as accounts
from shared_apps.files import selectors as files
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants import services as tenant_services

log = logging.getLogger(__name__)

# A figure older than this is measured again; so many tenants at a time, kept in handfuls.
STALE = timedelta(hours=1)
AT_ONCE, HANDFUL = 1_000, 50


def usage_measure() -> int:
    """Measure the tenants whose figures are the oldest; how many. Called without a scope; repeating it does no harm."""
    with platform_scope():
        due = tenants.usage_due(before=clock.now() - STALE, most=AT_ONCE)
    count = 0
    for start in range(0, len(due), HANDFUL):
        found = [(one.id, facts) for one in due[start : start + HANDFUL] if (facts := _measured_if_well(one))]
        with platform_scope():
            for tenant, facts in found:
                tenant_services.usage_note(tenant=tenant, **facts)
        count += len(found)
    return count


def _measured_if_well(business: Business) -> dict[str, Any] | None:
    """One that is behind, or being brought back, must not keep the others from being measured."""
    try:
        return measured(business)
    except DatabaseError as error:
        log.warning("usage.not_measured", extra={"schema": business.schema, "error": type(error).__name__})
        return None


def measured(business: Business) -> dict[str, Any]:
    """One tenant's figures as of now: `students`, `staff`, `bytes`, `active_at`."""
    with tenant_scope(business):
        used = {one.name: one.used for one in quotas.usage()}
        return {
            "students": used.get("students", 0),
            "staff": accounts.staff_count(),
            "bytes": _tables_bytes() + files.bytes_stored(),
            "active_at": accounts.seen_last(),
        }


def _tables_bytes() -> int:
    """What the schema's tables take with their indexes; each is found by name, for the catalogue of a fleet is long."""
    tables = [model._meta.db_table for model in apps.get_models() if _is_of_tenants(model)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)::bigint FROM unnest(%s::text[]) AS t (name)",
            [tables],
        )
        return int(cursor.fetchone()[0])


def _is_of_tenants(model: Any) -> bool:
    return apps.get_app_config(model._meta.app_label).name in settings.TENANT_APPS
