"""Who plays: the operator, two businesses, their people; and how each of them signs in."""

import email
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pyotp

from connectors.sandbox.client import Payer, SandboxClient
from scripts.stack.report import Report
from scripts.stack.whole import Stack
from scripts.story.client import Host, until

_CODE = re.compile(r"\b\d{6}\b")
_TOKEN = re.compile(r"[?&#]token=([A-Za-z0-9_.\-~%]+)")


@dataclass
class Tenant:
    """One business of the play."""

    id: str
    slug: str
    public_id: str
    host: Host
    owner: Host
    branch: str = ""
    teacher: Host | None = None
    students: list[dict[str, Any]] = field(default_factory=list)


class Play:
    """The stack, the stand-ins and everyone who has come so far."""

    def __init__(self, stack: Stack, report: Report) -> None:
        self.stack = stack
        self.report = report
        self.mark = f"{report.run}-{secrets.token_hex(2)}"
        self.sandbox = SandboxClient(stack.env["SANDBOX_CONTROL_URL"])
        self.payer = Payer()
        self.public = Host("localhost", stack.port)
        self.admin: Host = self.public
        self.asha: Tenant
        self.gyan: Tenant
        # Students of the academy who pay: what the list shows of each, and who signed in for them.
        self.payers: list[tuple[dict[str, Any], Host]] = []

    def host(self, label: str) -> Host:
        return Host(f"{label}.localhost", self.stack.port)

    def operator(self, address: str, password: str) -> Host:
        """An admin's first sign-in: the password alone opens enrolment; an authenticator app is set up; then both."""
        enrolment = self.public.post("auth/login", {"email": address, "password": password})["enrolment"]
        door = self.public.as_(enrolment)
        app = pyotp.TOTP(door.post("auth/2fa/enrol")["secret"])
        door.post("auth/2fa/confirm", {"code": app.at(self.now())})
        # A code is good once: the next one is taken early rather than waited for.
        return self.public.login(address, password, second_factor=app.at(self.now() + timedelta(seconds=app.interval)))

    def now(self) -> datetime:
        """The time at the stack, whose clock the story moves."""
        return datetime.now(UTC) + self.stack.clock_moved

    def clock_move(self, forward: timedelta) -> None:
        """Move the stack's clock; it stays moved, for time only goes forward for everyone who plays."""
        self.stack.clock_move(forward)
        for person in (self.gyan.owner, self.asha.owner, self.admin):
            person.renew()

    def opened(self, *, name: str, slug: str, kind: str, plan: str) -> dict[str, Any]:
        """Ask for a business and wait until it is open; what the operator is shown of it."""
        first = name.split(maxsplit=1)[0]
        request = {
            "name": name,
            "slug": slug,
            "kind": kind,
            "plan": plan,
            "owner_name": f"{first} Rao",
            "owner_email": f"owner@{slug}.example",
            "owner_phone": "98000 00001",
        }
        made = self.admin.post("tenants", request)["id"]
        shown = until(f"{slug} to open", lambda: self._tenant_in(made, "trial"))
        return dict(shown)

    def tenant(self, shown: dict[str, Any]) -> Tenant:
        """A business that is open, its owner signed in."""
        host = self.host(shown["slug"])
        return Tenant(shown["id"], shown["slug"], shown["public_id"], host, self.invited(host, shown["owner_email"]))

    def _tenant_in(self, tenant: str, state: str) -> dict[str, Any] | None:
        shown: dict[str, Any] = self.admin.get(f"tenants/{tenant}")
        return shown if shown["state"] == state else None

    def invited(self, host: Host, address: str) -> Host:
        """Open the invitation's mail, choose a password, sign in."""
        password = f"{secrets.token_urlsafe(12)}-Aa1"
        token = until(f"the mail to {address}", lambda: self._token_mailed(address))
        host.post("auth/password/reset", {"token": token, "password": password})
        return host.login(address, password)

    def student(self, tenant: Tenant, phone: str, *, profile: str = "") -> Host:
        """Sign in with the code the message vendor received; pick the profile where there are several."""
        before = len(self.sandbox.messages(phone))
        tenant.host.post("auth/send-otp", {"phone": phone})
        sent = until(f"the code for {phone}", lambda: self.sandbox.messages(phone)[before:])
        code = _CODE.search(" ".join(map(str, sent[-1]["values"].values())))
        assert code is not None, "the message carries no code"
        answer = tenant.host.post("auth/verify-otp", {"phone": phone, "code": code.group()})
        if "selection" in answer:
            chosen = profile or answer["profiles"][0]["id"]
            answer = tenant.host.post("auth/verify-otp", {"selection": answer["selection"], "profile": chosen})
        return tenant.host.signed_in(answer)

    def _token_mailed(self, address: str) -> str:
        for file in sorted(Path(self.stack.mail_folder).iterdir(), key=lambda f: f.stat().st_mtime, reverse=True):
            for text in re.split(r"^-{79}$", file.read_text(), flags=re.MULTILINE):
                letter = email.message_from_string(text.lstrip(), policy=policy.default)
                if address in str(letter["To"]):
                    body = letter.get_body()
                    found = _TOKEN.search(body.get_content() if body else "")
                    if found:
                        return found.group(1)
        return ""
