"""What is the same everywhere."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config.settings.environment import database, number, sealing_keys, text
from config.settings.grants import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent.parent
PROCESS = text("SHALA_PROCESS", "manage")

# The names people and machines reach us by. A tenant is <slug>.<domain> and, for ever, <public id>.<domain>.
DOMAIN = text("SHALA_DOMAIN", "localhost:8000")
SCHEME = text("SHALA_SCHEME", "http")
BARE_DOMAIN = DOMAIN.split(":", maxsplit=1)[0]
PLATFORM_HOSTS = frozenset({BARE_DOMAIN, "127.0.0.1"} if BARE_DOMAIN == "localhost" else {BARE_DOMAIN})
PLATFORM_NAME = text("SHALA_NAME", "Shala")
ALLOWED_HOSTS = ["*"]  # the tenancy middleware answers 404 for a host nobody owns
HOSTLESS_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/tls-ask"})
# The addresses at which people reach us, for a tenant's own domain where it can be no other word for ours; and who is
# asked for such domains (`address` or `address:port`; none: the name servers of the machine).
PUBLIC_ADDRESSES = tuple(one for one in text("PUBLIC_ADDRESSES", "").split(",") if one)
DNS_NAMESERVERS = tuple(one for one in text("DNS_NAMESERVERS", "").split(",") if one)
DNS_SECONDS = float(text("DNS_SECONDS", "4"))

_EVERY_SCHEMA = [
    "kernel.quotas",
    "kernel.jobs.progress",
    "kernel.idempotency",
    "kernel.audit",
    "shared_apps.files",
    "shared_apps.organisation",
    "shared_apps.accounts",
    "shared_apps.ledger",
    "shared_apps.payments",
    "shared_apps.messaging",
]
_PUBLIC_ONLY = [
    "kernel.http",
    "kernel.observe",
    "kernel.realtime",
    "kernel.tenancy",
    "kernel.jobs",
    "kernel.inbox",
    "shared_apps.tenants",
    "shared_apps.plans",
    "shared_apps.credits",
    "shared_apps.ui",
    "shared_apps.console",
]
_TENANT_ONLY = [
    "tenant_apps.people",
    "tenant_apps.libraries",
    "tenant_apps.bookings",
    "tenant_apps.classes",
    "tenant_apps.fees",
    "tenant_apps.campaigns",
]
_LIBRARIES = [
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.postgres",
    "django.contrib.messages",
    "rest_framework",
    "drf_spectacular",
    "channels",
]


def _standing(apps: list[str]) -> list[str]:
    """The apps whose folder holds an app: a room may be named here before it is built."""
    roots = (BASE_DIR, BASE_DIR / "platform")
    return [a for a in apps if any((root / a.replace(".", "/") / "apps.py").exists() for root in roots)]


SHARED_APPS = [*_LIBRARIES, *_standing(_PUBLIC_ONLY + _EVERY_SCHEMA)]
TENANT_APPS = _standing(_EVERY_SCHEMA + _TENANT_ONLY)
INSTALLED_APPS = [*SHARED_APPS, *_standing(_TENANT_ONLY)]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Tenancy
DATABASE_URL = text("DATABASE_URL", "postgresql:///shala")
# The login that changes schemas is known to the processes that do, and to no other.
MIGRATE_DATABASE_URL = text("MIGRATE_DATABASE_URL", "")
# Only the sockets' process has a pool; its threads come and go. Web and worker threads keep one connection each.
_POOL: dict[str, Any] = {"min_size": 1, "max_size": number("DATABASE_POOL_SIZE", 8), "timeout": 10}
DATABASES = {
    "default": database(DATABASE_URL, CONN_MAX_AGE=0 if PROCESS == "live" else 600, CONN_HEALTH_CHECKS=True),
}
if MIGRATE_DATABASE_URL:
    DATABASES["ddl"] = database(MIGRATE_DATABASE_URL, CONN_MAX_AGE=0)
if PROCESS == "live":
    DATABASES["default"]["OPTIONS"]["pool"] = _POOL
# Reports and exports read from a streaming replica while it is no further behind than this (kernel.tenancy.replica).
REPLICA_DATABASE_URL = text("REPLICA_DATABASE_URL", "")
REPLICA_LAG_SECONDS = number("REPLICA_LAG_SECONDS", 5)
if REPLICA_DATABASE_URL:
    DATABASES["replica"] = database(
        REPLICA_DATABASE_URL, CONN_MAX_AGE=0 if PROCESS == "live" else 600, CONN_HEALTH_CHECKS=True
    )
    DATABASES["replica"]["OPTIONS"] |= {"connect_timeout": "2", "target_session_attrs": "any"}
DATABASE_ROUTERS = ["kernel.tenancy.router.SchemaRouter"]
TENANT_SYNC_ROUTER = "kernel.tenancy.router.SchemaRouter"
ROLE_PREFIX = text("SHALA_ROLE_PREFIX", str(DATABASES["default"]["NAME"]))
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Host"
TENANT_DIRECTORY = "shared_apps.tenants.directory"
PUBLIC_SCHEMA_NAME = "public"
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
ROOT_URLCONF = "config.urls_public"
TENANT_URLCONF = "config.urls_tenant"
READY_SCHEMAS = number("READY_SCHEMAS", 4)
# How long a tenant that leaves is read only before its data is packed up and deleted, where nobody says otherwise.
OFFBOARDING_GRACE_DAYS = number("OFFBOARDING_GRACE_DAYS", 30)

# Web
MIDDLEWARE = [
    "kernel.http.middleware.BodyMiddleware",
    "kernel.observe.middleware.RequestMiddleware",
    "kernel.http.kept.KeptConnectionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "kernel.http.middleware.ContentHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kernel.tenancy.middleware.BusinessMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "kernel.http.middleware.MessageMiddleware",
    "django.middleware.common.CommonMiddleware",
]
APPEND_SLASH = False
# Requests a minute for one caller, and whose word on a caller's address is believed (X-Forwarded-For).
REQUESTS_PER_MINUTE = number("REQUESTS_PER_MINUTE", 100)
TRUSTED_PROXIES = frozenset(text("TRUSTED_PROXIES", "127.0.0.1,::1").split(","))
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
_LOADERS = ["django_cotton.cotton_loader.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", _LOADERS)],
            "builtins": [
                "django.templatetags.i18n",
                "django_cotton.templatetags.cotton",
                "shared_apps.ui.templatetags.ui",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "shared_apps.ui.shell.shell",
            ],
        },
    }
]

# Pages: sign-in by a session of the host, forms guarded, everything they load from here.
PAGE_SESSIONS = "shared_apps.accounts.sessions"
PAGE_SIGN_IN = "page_sign_in"
PROBLEM_TEMPLATE = "ui/problem.html"
STYLEGUIDE = False
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
SESSION_COOKIE_HTTPONLY = True  # what the storage of messages goes by
CSRF_COOKIE_NAME = "__Host-csrf" if SCHEME == "https" else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = SCHEME == "https"
CSRF_COOKIE_AGE = None
CSRF_FAILURE_VIEW = "kernel.http.problems.form_stale"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "shared_apps/ui/static"
# Every address of a static file carries a part of its content's hash, fonts their version.
WHITENOISE_MAX_AGE = 31_536_000
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["shared_apps.accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "kernel.http.schema.Schema",
    "EXCEPTION_HANDLER": "kernel.http.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shala",
    "DESCRIPTION": "The API of a platform for academies, coaching institutes and study libraries.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "DEFAULT_GENERATOR_CLASS": "kernel.http.schema.Generator",
    "POSTPROCESSING_HOOKS": ["kernel.http.schema.finish"],
}

# Identity
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = timedelta(days=7)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email", "phone")},
    },
]
REALTIME_AUTHENTICATE = "shared_apps.accounts.sockets.authenticate"

# Servers beside PostgreSQL. Keys of this installation begin with the prefix, so a shared server stays tidy.
REDIS_URL = text("REDIS_URL", "redis://127.0.0.1:6379/0")
REDIS_PREFIX = text("REDIS_PREFIX", f"{ROLE_PREFIX}:")
BROKER_URL = text("BROKER_URL", "") or REDIS_URL
# Work: the row in the queue is what counts; Celery is its bell. A worker that has not renewed its lease is taken for dead.
CELERY_APP = "config.celery.app"
JOBS_SCHEDULE = "config.schedule.SCHEDULE"
JOBS_RING = text("JOBS_RING", "on") == "on"
JOBS_SLOTS = number("JOBS_SLOTS", 4)
JOBS_LEASE_SECONDS = number("JOBS_LEASE_SECONDS", 30)
JOBS_TICK_SECONDS = number("JOBS_TICK_SECONDS", 5)
S3 = {
    "endpoint_url": text("S3_ENDPOINT_URL", ""),
    "public_url": text("S3_PUBLIC_URL", ""),
    "bucket": text("S3_BUCKET", "shala"),
    "access_key": text("S3_ACCESS_KEY", ""),
    "secret_key": text("S3_SECRET_KEY", ""),
    "region": text("S3_REGION", "ap-south-1"),
}

# Third parties; another base URL is the only difference between a stand-in and the real one.
CASHFREE_BASE_URL = text("CASHFREE_BASE_URL", "https://api.cashfree.com/pg")
RAZORPAY_BASE_URL = text("RAZORPAY_BASE_URL", "https://api.razorpay.com")
GATEWAY_READ_SECONDS = number("GATEWAY_READ_SECONDS", 10)
MSG91_BASE_URL = text("MSG91_BASE_URL", "https://control.msg91.com")
MSG91_AUTHKEY = text("MSG91_AUTHKEY", "")
MSG91_WEBHOOK_TOKEN = text("MSG91_WEBHOOK_TOKEN", "")
MSG91_ANSWER_SECONDS = number("MSG91_ANSWER_SECONDS", 10)
# The operator's registered sender and texts: `otp.en=<vendor id>/<DLT id>,…`.
SMS_HEADER = text("SMS_HEADER", "")
SMS_TEMPLATES = text("SMS_TEMPLATES", "")
JITSI_DOMAIN = text("JITSI_DOMAIN", "meet.jit.si")
JITSI_APP_ID = text("JITSI_APP_ID", "")
JITSI_SECRET = text("JITSI_SECRET", "")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = text("EMAIL_HOST", "localhost")
EMAIL_PORT = number("EMAIL_PORT", 25)
DEFAULT_FROM_EMAIL = text("EMAIL_FROM", f"no-reply@{BARE_DOMAIN}")

# Place and language
LOCALE_PATHS = [BASE_DIR / "shared_apps/ui/locale"]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("hi", "हिन्दी")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOGGING_CONFIG = None  # kernel.observe sets logging up

SECRET_KEY = text("SECRET_KEY", "")
SEALING_KEYS = sealing_keys("SEALING_KEYS", "none:")
OTP_PEPPER = text("OTP_PEPPER", "")
# How many one-time codes and password links are sent at most (`accounts.services.caps`): to one address and for one
# network by whoever asks; paid messages of one tenant; and of the whole installation, where spending stops for the day.
# A school's pupils share one address on the network, hence the third figure.
OTP_CAPS = {
    "address_hour": number("OTP_PER_ADDRESS_HOUR", 5),
    "address_day": number("OTP_PER_ADDRESS_DAY", 10),
    "network_hour": number("OTP_PER_NETWORK_HOUR", 60),
    "tenant_hour": number("OTP_PER_TENANT_HOUR", 1_000),
    "tenant_day": number("OTP_PER_TENANT_DAY", 3_000),
    "installation_day": number("OTP_PER_INSTALLATION_DAY", 50_000),
}
