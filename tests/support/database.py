"""An early pytest plugin: gives each test process a migrated database of its own before Django reads its settings.

Servers come from `TEST_SERVERS` (a JSON file or text) or are started for the run. A template database is made once per
state of the migrations; each xdist worker clones it. Tests commit for real and take fresh tenants from the stock.
"""

import hashlib
import json
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).resolve().parents[2]
for _root in (str(ROOT), str(ROOT / "platform")):
    if _root not in sys.path:
        sys.path.append(_root)

from kernel.tenancy.bootstrap import MARKER, drop_database, ensure_database  # noqa: E402

SECRET = "tests"
READY_IN_TEMPLATE = int(os.environ.get("TEST_READY_SCHEMAS", "6"))
_state: dict[str, Any] = {}


def _prepare() -> None:
    servers = _servers()
    template = _ensure_template(servers["postgres"])
    name = f"shala_test_{os.getpid()}_{secrets.token_hex(3)}"
    urls = ensure_database(servers["postgres"], name, secret=SECRET, role_prefix=template, template=template)
    numbers = numbers_apart(servers["postgres"], name)
    _state.update(
        roles=f"{template}_t_{numbers}", admin=servers["postgres"], name=name, passing=servers.get("passing", False)
    )
    os.environ.update(_environment(servers, name, template, urls.app, urls.ddl))


def pytest_unconfigure(config: pytest.Config) -> None:
    if "name" in _state:
        from django.db import connections

        connections.close_all()
        # Who still listens says that it hears nothing any more: nobody needs to know by now.
        logging.disable(logging.WARNING)
        # A thousand schemas take a minute to drop; those of a server that ends with us need not be.
        if not _state["passing"]:
            drop_database(_state["admin"], _state["name"])
            _drop_roles(_state["admin"], _state["roles"])
        del _state["name"]
        shutil.rmtree(_state.pop("scratch"), ignore_errors=True)
    if "servers" in _state:
        _state.pop("servers").stop()


def numbers_apart(admin_url: str, name: str) -> str:
    """Let a clone's new schemas bear numbers of its own; how all of these begin.

    Roles belong to the server: a clone that drops a schema with its role would else drop that of another's schema, which
    is being made under the same number.
    """
    numbers = str(10**6 + secrets.randbelow(10**6))
    with psycopg.connect(make_conninfo(admin_url, dbname=name), autocommit=True) as inside:
        inside.execute(f"ALTER SEQUENCE public.tenancy_schema_number RESTART WITH {numbers}001")
    return numbers


def _drop_roles(admin_url: str, beginning: str) -> None:
    """Those of a clone that is gone. Others would look them up each time one is taken."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        found = admin.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [beginning])
        for (role,) in found.fetchall():
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def superuser_url() -> str:
    """This process's own database, for what neither the app's login nor the one that migrates may do."""
    return make_conninfo(_state["admin"], dbname=_state["name"])


def _servers() -> dict[str, Any]:
    given = os.environ.get("TEST_SERVERS", "")
    if not given:
        from scripts.stack.servers import start_test_servers

        _state["servers"] = start_test_servers()
        given = _state["servers"].env["TEST_SERVERS"]
        os.environ["TEST_SERVERS"] = given  # xdist's workers inherit it
    text = given if given.lstrip().startswith("{") else Path(given).read_text()
    servers: dict[str, Any] = json.loads(text)
    return servers


def _environment(servers: dict[str, Any], name: str, template: str, app: str, ddl: str) -> dict[str, str]:
    scratch = _state["scratch"] = Path(tempfile.mkdtemp(prefix="shala-test-"))
    s3 = servers["s3"]
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": app,
        "MIGRATE_DATABASE_URL": ddl,
        "SHALA_ROLE_PREFIX": template,
        "REDIS_URL": servers["redis"],
        "REDIS_PREFIX": f"{name}:",
        "S3_ENDPOINT_URL": s3["endpoint_url"],
        "S3_PUBLIC_URL": s3["endpoint_url"],
        "S3_ACCESS_KEY": s3["access_key"],
        "S3_SECRET_KEY": s3["secret_key"],
        "S3_REGION": s3.get("region", "us-east-1"),
        "S3_BUCKET": name.replace("_", "-"),
        "SHALA_DOMAIN": "localhost",
        "SHALA_CLOCK_FILE": str(scratch / "clock"),
        "MAIL_DIR": str(scratch / "mail"),
        "MSG91_AUTHKEY": "test-authkey",
        "MSG91_WEBHOOK_TOKEN": "test-webhook-token",
        "JITSI_APP_ID": "shala",
        "JITSI_SECRET": "jitsi-test-secret-jitsi-test-secret",
    }


def _fingerprint() -> str:
    """Changes with anything that decides what a migrated database holds."""
    digest = hashlib.sha256(str(READY_IN_TEMPLATE).encode())
    files = [*ROOT.glob("platform/kernel/tenancy/**/*.py"), ROOT / "config/settings/grants.py"]
    for room in ("platform", "shared_apps", "tenant_apps"):
        files += (ROOT / room).rglob("migrations/*.py")
        files += (ROOT / room).rglob("*.sql")
    for file in sorted(files):
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:10]


def _ensure_template(admin_url: str) -> str:
    """The template's name; made by whichever process comes first, under an advisory lock of the server."""
    name = f"shala_tpl_{_fingerprint()}"
    with psycopg.connect(admin_url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if _is_complete(lock, name):
            return name
        drop_database(admin_url, name)
        urls = ensure_database(admin_url, name, secret=SECRET)
        env = {
            **os.environ,
            "DATABASE_URL": urls.app,
            "MIGRATE_DATABASE_URL": urls.ddl,
            "SHALA_ROLE_PREFIX": name,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        }
        command = [sys.executable, "manage.py", "fleet", "migrate", "--ready", str(READY_IN_TEMPLATE)]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise pytest.UsageError(f"migrating the test template failed:\n{done.stdout}\n{done.stderr}")
        lock.execute(f"COMMENT ON DATABASE \"{name}\" IS '{MARKER}, complete'")
    return name


def _is_complete(admin: psycopg.Connection, name: str) -> bool:
    row = admin.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    return row is not None and row[0] == f"{MARKER}, complete"


# At import, because pytest-django reads the settings in a hook that no plugin named by `-p` comes before.
_prepare()
