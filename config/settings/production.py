"""For the real thing: refuses to start without its secrets, with a known key, or with anything meant for tests."""

import base64
import binascii
import os

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import JITSI_SECRET
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
CSRF_COOKIE_NAME = "__Host-csrf"
SILENCED_SYSTEM_CHECKS = [
    # SECURE_SSL_REDIRECT is off, as said there.
    "security.W008",
    # ContentHeadersMiddleware says X-Frame-Options of every answer.
    "security.W002",
]

_SECRET_LENGTH = 32
# What every default and every example of a secret says somewhere.
_KNOWN_TO_ALL = (b"development-only", b"insecure")
_NEEDED = (
    *("SHALA_DOMAIN", "DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY"),
    *("MSG91_AUTHKEY", "MSG91_WEBHOOK_TOKEN", "JITSI_DOMAIN", "JITSI_APP_ID", "JITSI_SECRET"),
)
_TESTS_ONLY = {
    "SHALA_CLOCK_FILE": "moves the clock",
    "SHALA_CRASH_AT": "kills processes",
    "SHALA_BREAK_FILE": "switches guards off",
    "MAIL_DIR": "keeps mail from being sent",
    "SANDBOX_CONTROL_URL": "steers stand-ins",
}


def _require(held: bool, what: str) -> None:
    if not held:
        raise ImproperlyConfigured(what)


def _is_secret(value: bytes) -> bool:
    return not any(known in value for known in _KNOWN_TO_ALL)


def _aes_256(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    _require(len(raw) == 32, "each of SEALING_KEYS is 32 random bytes in base64")
    return raw


_require(os.environ.get("DEBUG", "").lower() in {"", "0", "false", "no", "off"}, "DEBUG has no place in production")
for _name, _what in _TESTS_ONLY.items():
    _require(_name not in os.environ, f"{_name} {_what}; it is for tests only")
for _name in _NEEDED:
    _require(bool(text(_name).strip()), f"{_name} is empty; .env.example says what it is")
for _name, _value in {"SECRET_KEY": SECRET_KEY, "OTP_PEPPER": OTP_PEPPER, "JITSI_SECRET": JITSI_SECRET}.items():
    _require(len(_value) >= _SECRET_LENGTH, f"{_name} must be at least {_SECRET_LENGTH} characters")
    _require(_is_secret(_value.encode()), f"{_name} is a default that everyone knows")
_require(all(_is_secret(_aes_256(key)) for key in SEALING_KEYS.values()), "SEALING_KEYS holds a key everyone knows")
