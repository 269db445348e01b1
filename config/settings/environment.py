"""Reading settings from environment variables; `.env.example` explains each."""

import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict


def text(name: str, default: str | None = None) -> str:
    """A variable's value. Without a default it must be set."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"set {name}; .env.example says what it is")
    return value


def number(name: str, default: int) -> int:
    value = os.environ.get(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error


def sealing_keys(name: str, default: str | None = None) -> dict[str, str]:
    """`id:base64,id:base64`, the current key first."""
    pairs = [part.split(":", 1) for part in text(name, default).split(",") if part]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ImproperlyConfigured(f"{name} is a comma-separated list of id:key")
    return dict(pairs)


def database(url: str, **overrides: Any) -> dict[str, Any]:
    """One entry of DATABASES from a PostgreSQL URL.

    Parameters are bound by the server, so a statement that carries one can never be two statements.
    """
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "kernel.tenancy.backend",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "OPTIONS": {
            "server_side_binding": True,
            # Said at connect: Django would else set it by a function that nobody may call.
            "options": "-c TimeZone=UTC",
            "application_name": f"shala-{os.environ.get('SHALA_PROCESS', 'manage')}",
        },
        **overrides,
    }
