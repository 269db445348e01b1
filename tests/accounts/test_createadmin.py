"""The command that makes the first super_admin."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kernel.tenancy import Business, platform_scope
from shared_apps.accounts.models import User
from tests.support.people import anyone, email_make
from tests.support.second_factor import admin_signed_in

PASSWORD = "three-copper-kettles"
ROOT = Path(__file__).resolve().parents[2]


def createadmin(email: str) -> str:
    out = io.StringIO()
    call_command("createadmin", email=email, name="Root", stdout=out)
    return out.getvalue()


def test_the_first_admin_signs_in_with_the_password_from_the_environment(
    platform: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = email_make()
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    said = createadmin(email)
    assert said == f"Made super_admin {email}.\n"
    me = admin_signed_in(platform, email, PASSWORD).get("auth/me").json()
    assert (me["kind"], me["roles"], me["name"]) == ("admin", ["super_admin"], "Root")


@pytest.mark.parametrize("password", ["admin", "changeme", "qwerty123456", "123456789012345", "root@example.in"])
def test_a_weak_password_makes_nobody(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    email = "root@example.in"
    with pytest.raises(CommandError, match="too easy to guess"):
        createadmin(email)
    with platform_scope():
        assert not User.objects.filter(email=email).exists()


def test_a_second_one_of_the_same_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    email = email_make()
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    createadmin(email)
    with pytest.raises(CommandError, match="in use"):
        createadmin(email)


def test_without_the_variable_it_asks_and_shows_nothing(platform: Business) -> None:
    email = email_make()
    parent, child = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "ADMIN_PASSWORD"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "createadmin", "--email", email, "--name", "Root"],
        cwd=ROOT, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True, close_fds=True,
    )  # fmt: skip
    os.close(child)
    seen = b""
    for prompt in (b"Password: ", b"Again: "):
        while prompt not in seen:
            seen += os.read(parent, 1000)
        os.write(parent, PASSWORD.encode() + b"\n")
    while b"Made super_admin" not in seen:
        seen += os.read(parent, 1000)
    assert process.wait(30) == 0
    os.close(parent)
    assert PASSWORD.encode() not in seen
    assert anyone(platform).post("auth/login", {"email": email, "password": PASSWORD}).status_code == 200
