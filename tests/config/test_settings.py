"""Production settings start with everything they need and with nothing they must not have, and say which it was."""

import base64
import os
import re
import runpy
import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

import config.settings
from scripts.stack.check import PRODUCTION
from scripts.stack.layout import ROOT

SECRETS = ["SECRET_KEY", "OTP_PEPPER", "JITSI_SECRET"]
DEVELOPMENT_KEY = "c2hhbGEtZGV2ZWxvcG1lbnQtb25seS1rZXktMzJieXQ="


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A production environment that is complete; each test spoils it."""
    for name in {*starred(), "DEBUG", "SHALA_CLOCK_FILE", "SHALA_CRASH_AT", "MAIL_DIR", "SANDBOX_CONTROL_URL"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def start(environment: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings, read afresh; the suite's own stay as they are."""
    with environment.context() as once:
        for module in [name for name in sys.modules if name.startswith("config.settings.")]:
            once.delitem(sys.modules, module)
        for module in ("base", "environment", "grants"):
            once.setattr(config.settings, module, None, raising=False)
        return runpy.run_module("config.settings.production")


def starred() -> set[str]:
    """The variables `.env.example` marks as refused when they are missing."""
    found, mark = set(), False
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line.startswith("#"):
            mark = mark or bool(re.match(r"#( .*:)? \*", line))
        else:
            found |= {line.partition("=")[0]} if mark else set()
            mark = False
    return found


def test_a_complete_environment_starts(environment: pytest.MonkeyPatch) -> None:
    settings = start(environment)
    assert settings["DEBUG"] is False
    assert settings["SCHEME"] == "https"
    assert settings["SECRET_KEY"] == PRODUCTION["SECRET_KEY"]


def test_what_is_marked_in_the_example_is_what_is_missed(environment: pytest.MonkeyPatch) -> None:
    missed = set()
    for name in PRODUCTION:
        with environment.context() as once:
            once.delenv(name)
            try:
                start(environment)
            except ImproperlyConfigured as refusal:
                missed |= {name} & set(re.findall(r"\w+", str(refusal)))
    assert missed == starred()
    assert missed >= {
        *SECRETS,
        "SEALING_KEYS",
        "S3_ACCESS_KEY",
        "S3_SECRET_KEY",
        "MSG91_AUTHKEY",
        "MSG91_WEBHOOK_TOKEN",
    }


@pytest.mark.parametrize("name", sorted(starred()))
def test_an_empty_one_is_as_good_as_none(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(name, "")
    with pytest.raises(ImproperlyConfigured, match=name):
        start(environment)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value", ["short", "development-only-key-that-production-refuses", "django-insecure-" + "x" * 40]
)
def test_a_guessable_secret_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        start(environment)


@pytest.mark.parametrize(
    "keys",
    [
        f"dev:{DEVELOPMENT_KEY}",
        f"k1:{DEVELOPMENT_KEY}",
        f"{PRODUCTION['SEALING_KEYS']},old:{DEVELOPMENT_KEY}",
        "k1:" + base64.b64encode(bytes(range(16))).decode(),
        "k1:not base64",
        "k1:",
        "no-name",
    ],
)
def test_sealing_keys_are_whole_and_secret(environment: pytest.MonkeyPatch, keys: str) -> None:
    environment.setenv("SEALING_KEYS", keys)
    with pytest.raises(ImproperlyConfigured, match="SEALING_KEYS"):
        start(environment)


def test_a_new_sealing_key_stands_before_the_old(environment: pytest.MonkeyPatch) -> None:
    new = base64.b64encode(bytes(range(32, 64))).decode()
    environment.setenv("SEALING_KEYS", f"k2:{new},{PRODUCTION['SEALING_KEYS']}")
    assert list(start(environment)["SEALING_KEYS"]) == ["k2", "k1"]


@pytest.mark.parametrize("value", ["1", "true", "True", "yes", "on", "anything"])
def test_debug_is_refused(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("DEBUG", value)
    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        start(environment)


@pytest.mark.parametrize("value", ["", "0", "false", "off"])
def test_debug_said_to_be_off_is_off(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("DEBUG", value)
    assert start(environment)["DEBUG"] is False


@pytest.mark.parametrize(
    "name", ["SHALA_CLOCK_FILE", "SHALA_CRASH_AT", "SHALA_BREAK_FILE", "MAIL_DIR", "SANDBOX_CONTROL_URL"]
)
@pytest.mark.parametrize("value", ["", "something"])
def test_what_is_for_tests_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name} .*tests only"):
        start(environment)


def test_a_number_must_be_one(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("JOBS_SLOTS", "four")
    with pytest.raises(ImproperlyConfigured, match="JOBS_SLOTS must be a whole number, not 'four'"):
        start(environment)


def test_a_production_process_passes_the_deploy_check_and_answers_health_in_plain_http() -> None:
    """A process of its own, as it starts in production; nothing answers behind it."""
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from django.test import Client\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
        "plain, secure = (Client().get('/healthz', secure=secure) for secure in (False, True))\n"
        "print(plain.status_code, 'Strict-Transport-Security' in plain.headers)\n"
        "print(secure.status_code, secure.headers['Strict-Transport-Security'])\n"
    )
    kept = {"PATH", "HOME", "LANG"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**{name: value for name, value in os.environ.items() if name in kept}, **PRODUCTION},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["200 False", "200 max-age=31536000; includeSubDomains; preload"]
