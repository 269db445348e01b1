"""No process works with an address that hands sessions around: it is tried before the first query."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connections

from kernel.tenancy import TenancyError, tenant_scope
from kernel.tenancy.backend import base
from kernel.tenancy.business import Business
from kernel.tenancy.errors import AddressLeaks
from kernel.tenancy.probe import refuse_leaks
from shared_apps.accounts.models import User
from tests.support.pooler import pooled

URL = os.environ["DATABASE_URL"]


def test_postgresql_itself_keeps_sessions_apart() -> None:
    refuse_leaks(lambda: psycopg.connect(URL))


def test_a_pooler_in_session_mode_is_accepted() -> None:
    with pooled(URL, mode="session", sessions=8) as address:
        refuse_leaks(lambda: psycopg.connect(address))


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("sessions", [1, 2, 8])
def test_a_pooler_that_hands_sessions_around_is_refused(mode: str, sessions: int) -> None:
    with pooled(URL, mode=mode, sessions=sessions) as address, pytest.raises(AddressLeaks, match="session mode"):
        refuse_leaks(lambda: psycopg.connect(address))


def test_nothing_is_asked_of_an_address_that_leaks(academy: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_PROVEN", set())
    wrapper = connections["default"].copy()
    with pooled(URL, mode="transaction", sessions=8) as address:
        wrapper.settings_dict["HOST"] = psycopg.conninfo.conninfo_to_dict(address)["host"]
        wrapper.settings_dict["PORT"] = psycopg.conninfo.conninfo_to_dict(address)["port"]
        with tenant_scope(academy), pytest.raises(TenancyError, match="hands sessions around"):
            wrapper.cursor().execute("SELECT %s", [1])
    assert base._PROVEN == set()
    assert wrapper.connection is None
    with tenant_scope(academy):
        assert User.objects.count() == 0


@pytest.mark.parametrize("loading", ["import config.wsgi", "import asyncio; asyncio.run(load())"])
@pytest.mark.parametrize(("mode", "starts"), [("session", True), ("transaction", False)])
def test_a_process_starts_only_where_it_cannot_leak(loading: str, mode: str, starts: bool) -> None:
    # Uvicorn loads what it serves on its event loop.
    code = f"async def load():\n    import config.asgi\n{loading}"
    with pooled(URL, mode=mode, sessions=8) as address:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "DATABASE_URL": address},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "away_at_start" not in done.stderr
    assert (done.returncode == 0) is starts, done.stderr
    assert ("AddressLeaks: the database's address hands sessions around" in done.stderr) is not starts
