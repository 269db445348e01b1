"""Settings of the peer: the stock backend, router and middleware, a connection that stays, our tenants' apps.

With `BENCH_TENANCY=none` there is no tenancy at all: plain Django in one schema, what a request costs without any.
"""

import os

from config.settings.development import *  # noqa: F403
from config.settings.development import INSTALLED_APPS as _OURS
from config.settings.development import TENANT_APPS as _TENANTS
from config.settings.environment import database

_NONE = os.environ.get("BENCH_TENANCY") == "none"
SHARED_APPS = [
    "django_tenants",
    "scripts.benches.peers.stock",
    "django.contrib.contenttypes",
    "django.contrib.auth",
]
TENANT_APPS = [*_TENANTS, "scripts.benches.peers.moving"]
INSTALLED_APPS = [*SHARED_APPS, *(app for app in [*_OURS, "scripts.benches.peers.moving"] if app not in SHARED_APPS)]
if _NONE:
    INSTALLED_APPS.remove("django_tenants")
# The operator's apps are there to be imported; the peer has no such tables and runs none of their migrations.
_LABELS = [
    app.rpartition(".")[2] for app in _OURS if app.startswith(("kernel.", "shared_apps.")) and app not in _TENANTS
]
MIGRATION_MODULES = {**dict.fromkeys(_LABELS), "moving": os.environ.get("BENCH_MIGRATIONS", "")}
if not MIGRATION_MODULES["moving"]:
    MIGRATION_MODULES["moving"] = None

_ENGINE = "django.db.backends.postgresql" if _NONE else "django_tenants.postgresql_backend"
_SCHEMA = os.environ.get("BENCH_SCHEMA", "public")
DATABASES = {
    "default": database(
        os.environ["BENCH_STOCK_URL"],
        ENGINE=_ENGINE,
        CONN_MAX_AGE=600,
        CONN_HEALTH_CHECKS=True,  # as ours: one more statement in each of the sides' requests
        OPTIONS={"options": f"-c search_path={_SCHEMA}"} if _NONE else {},
    )
}
DATABASE_ROUTERS = [] if _NONE else ["django_tenants.routers.TenantSyncRouter"]
TENANT_SYNC_ROUTER = "django_tenants.routers.TenantSyncRouter"
TENANT_MODEL = "stock.Client"
TENANT_DOMAIN_MODEL = "stock.Domain"
PG_EXTRA_SEARCH_PATHS = ["ext"]
MIDDLEWARE = [] if _NONE else ["django_tenants.middleware.main.TenantMainMiddleware"]
ROOT_URLCONF = PUBLIC_SCHEMA_URLCONF = "scripts.benches.peers.urls"

if os.environ.get("BENCH_LISTS"):
    ROOT_URLCONF = "scripts.benches.peers.stock.lists"
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # Django's default
    MIDDLEWARE = [
        "django_tenants.middleware.main.TenantMainMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ]
    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
        "PAGE_SIZE": 50,  # type: ignore[dict-item]
    }
