"""Caddy as it stands in `deploy/caddy`: it gets a certificate for a name we serve, and for no stranger's."""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kernel.tenancy import Business, platform_scope
from scripts.stack.layout import ROOT, Ports, program
from shared_apps.tenants.domains import Finding, domain_claim, domain_judge, domain_release
from tests.support.browser import served

# What a test puts in the place of a certificate authority on the internet.
OWN_AUTHORITY = "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[int]:
    """The port at which Caddy answers TLS, with the product behind it."""
    port = Ports(tmp_path / "ports").take("tls")
    config = tmp_path / "Caddyfile"
    text = (ROOT / "deploy/caddy/Caddyfile").read_text()
    mail = "\temail {$ACME_EMAIL}\n"
    assert mail in text
    config.write_text(text.replace(mail, f"\thttps_port {port}\n").replace("\n{\n", f"\n{OWN_AUTHORITY}", 1))
    with served() as web:
        said = {
            "WEB": f"127.0.0.1:{web}",
            "LIVE": f"127.0.0.1:{web}",
            "FILES": "files.localhost",
            "FILES_STORE": "127.0.0.1:9",
        }
        home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        command = [str(program("caddy")), "run", "--config", str(config), "--adapter", "caddyfile"]
        with (tmp_path / "log").open("wb") as log:
            caddy = subprocess.Popen(command, env={**os.environ, **said, **home}, stdout=log, stderr=log)
        try:
            _awaited(port, caddy)
            yield port
        finally:
            caddy.terminate()
            caddy.wait(10)


def _awaited(port: int, caddy: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 15
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert caddy.poll() is None, "Caddy ended before it began"
        assert time.monotonic() < deadline, "Caddy did not begin"
        with suppress(subprocess.TimeoutExpired):
            caddy.wait(0.05)


def answered(port: int, name: str) -> str:
    """The first line that the site of this name answers over TLS; what was refused, where it was."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # the authority is Caddy's own
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        try:
            with trusting.wrap_socket(plain, server_hostname=name) as secure:
                secure.sendall(f"GET /healthz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                return secure.recv(100).decode().split("\r\n")[0]
        except ssl.SSLError as error:
            return str(error.reason)


def test_a_certificate_is_made_for_names_we_serve_alone(origin: int, academy: Business) -> None:
    with platform_scope():
        proven = domain_claim(tenant=academy.id, domain=f"classes.{academy.public_id}.in")
        domain_judge(domain=proven.id, heard=Finding("found", is_fact=True))
        given_up = domain_claim(tenant=academy.id, domain=f"old.{academy.public_id}.in")
        domain_judge(domain=given_up.id, heard=Finding("found", is_fact=True))
        domain_release(tenant=academy.id, domain=given_up.id)
        claimed = domain_claim(tenant=academy.id, domain=f"mine.{academy.public_id}.in")
    for name in (proven.domain, f"{academy.slug}.localhost"):
        assert answered(origin, name) == "HTTP/1.1 200 OK", name
    for name in (given_up.domain, claimed.domain, "stranger.example.in"):
        assert answered(origin, name) == "TLSV1_ALERT_INTERNAL_ERROR", name
