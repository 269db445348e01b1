"""Which tables a schema has: the operator's apps in public, the tenants' apps in every other schema."""

from typing import Any

from django.conf import settings
from django_tenants.routers import TenantSyncRouter

from kernel.tenancy.scope import current_or_none

DDL_ALIAS = "ddl"


class SchemaRouter(TenantSyncRouter):
    """Migrations run on the DDL login's connection only, and only inside a schema's scope."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        business = current_or_none()
        if db != DDL_ALIAS or business is None:
            return False
        apps = settings.SHARED_APPS if business.is_platform else settings.TENANT_APPS
        return bool(self.app_in_list(app_label, apps))
