"""Our own settings for a measurement: as for one machine, with the app whose migrations are written meanwhile."""

import os

from config.settings.development import *  # noqa: F403
from config.settings.development import INSTALLED_APPS as _INSTALLED
from config.settings.development import TENANT_APPS as _TENANTS

TENANT_APPS = [*_TENANTS, "scripts.benches.peers.moving"]
INSTALLED_APPS = [*_INSTALLED, "scripts.benches.peers.moving"]
MIGRATION_MODULES = {"moving": os.environ.get("BENCH_MIGRATIONS") or None}
if os.environ.get("BENCH_BARE"):  # a request with tenancy and nothing else around it, as on the other sides
    MIDDLEWARE = ["kernel.tenancy.middleware.BusinessMiddleware"]
    ROOT_URLCONF = TENANT_URLCONF = PUBLIC_SCHEMA_URLCONF = "scripts.benches.peers.urls"
