"""Which tables a schema has (the operator's apps in public, the tenants' apps in every other), and who is read from."""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django_tenants.routers import TenantSyncRouter

from kernel.tenancy.replica import REPLICA_ALIAS, read_alias
from kernel.tenancy.scope import current_or_none

DDL_ALIAS = "ddl"


class SchemaRouter(TenantSyncRouter):
    """Migrations run on the DDL login's connection only, and only inside a schema's scope; reads may use a replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return read_alias() or self.db_for_write(model, **hints)

    def db_for_write(self, model: Any, instance: Any = None, **hints: Any) -> str | None:
        # What was read from the replica is changed, and looked up further from, where everything is.
        is_copy = instance is not None and instance._state.db == REPLICA_ALIAS
        return DEFAULT_DB_ALIAS if is_copy else None

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True  # every alias is the same database

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        business = current_or_none()
        if db != DDL_ALIAS or business is None:
            return False
        apps = settings.SHARED_APPS if business.is_platform else settings.TENANT_APPS
        return bool(self.app_in_list(app_label, apps))
