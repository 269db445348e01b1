"""For the real thing: refuses to start without its secrets, with a known key, or with anything meant for tests."""

import base64
import binascii
import os

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import MSG91_WEBHOOK_TOKEN, S3
from config.settings.environment import sealing_keys, text

DEBUG = False
SECRET_KEY = text("SECRET_KEY")
OTP_PEPPER = text("OTP_PEPPER")
SEALING_KEYS = sealing_keys("SEALING_KEYS")
SCHEME = "https"

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = False  # the proxy in front redirects; health checks come in plain
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SILENCED_SYSTEM_CHECKS = [
    # No CsrfViewMiddleware: the API takes a bearer token, which no foreign page can make a browser send, and no cookie.
    "security.W003",
    # SECURE_SSL_REDIRECT is off, as said there.
    "security.W008",
]

_SECRET_LENGTH = 32


def _require(held: bool, what: str) -> None:
    if not held:
        raise ImproperlyConfigured(what)


def _is_aes_256(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 32
    except (ValueError, binascii.Error):
        return False


_require(os.environ.get("DEBUG", "").lower() not in {"1", "true", "yes", "on"}, "DEBUG has no place in production")
_require("SHALA_CLOCK_FILE" not in os.environ, "SHALA_CLOCK_FILE moves the clock; it is for tests only")
for _name, _value in {"SECRET_KEY": SECRET_KEY, "OTP_PEPPER": OTP_PEPPER}.items():
    _require(len(_value) >= _SECRET_LENGTH, f"{_name} must be at least {_SECRET_LENGTH} characters")
    _require("development-only" not in _value and "insecure" not in _value, f"{_name} is a default that everyone knows")
_require(all(map(_is_aes_256, SEALING_KEYS.values())), "each of SEALING_KEYS is 32 random bytes in base64")
_require("dev" not in SEALING_KEYS, "SEALING_KEYS holds the development key")
for _name in ("SHALA_DOMAIN", "DATABASE_URL", "REDIS_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY", "MSG91_AUTHKEY"):
    text(_name)
_require(bool(S3["secret_key"]), "S3_SECRET_KEY is empty")
_require(bool(MSG91_WEBHOOK_TOKEN), "MSG91_WEBHOOK_TOKEN is empty: anyone could report deliveries")
