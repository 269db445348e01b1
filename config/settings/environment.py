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


_PLACE = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
# With several hosts one of them may be a machine that is gone, or a standby that takes no writes.
_SEVERAL = {"target_session_attrs": "read-write", "connect_timeout": "3"}


def database(url: str, **overrides: Any) -> dict[str, Any]:
    """One entry of DATABASES from a PostgreSQL URL, whose other parameters (`sslmode`, …) reach libpq as they are.

    Of several hosts (`postgresql://app@one:5432,two:5432/shala`) the one that takes writes is found at each connect.
    Parameters of statements are bound by the server, so one that carries any can never be two statements.
    """
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    several = _SEVERAL if "," in parts.get("host", "") else {}
    told = {name: value for name, value in parts.items() if name not in _PLACE}
    return {
        "ENGINE": "kernel.tenancy.backend",
        **{setting: parts.get(name, "") for name, setting in _PLACE.items()},
        "OPTIONS": {
            "server_side_binding": True,
            "application_name": f"shala-{os.environ.get('SHALA_PROCESS', 'manage')}",
            **several,
            **told,
            # Said at connect: Django would else set it by a function that nobody may call.
            "options": f"{told.get('options', '')} -c TimeZone=UTC".strip(),
        },
        **overrides,
    }
