"""People sign in, pay and are imported at a process as it is served; what they gave and got is in no line of its log."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from django.conf import settings as django_settings

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments import selectors
from tests.messaging.conftest import empty_queue, msg91, sandbox, sandbox_urls, school, shop
from tests.payments.conftest import Till, gateways, till
from tests.support.factories.people import branch_make
from tests.support.people import email_make, phone_make, user_make
from tests.support.second_factor import code_of
from tests.support.workers import Live, live

__all__ = ["empty_queue", "gateways", "msg91", "sandbox", "sandbox_urls", "school", "shop", "till"]

PASSWORD = "a canary sings at dawn"
CARD = "4111 1111 1111 1111"


@dataclass
class Doors:
    """The business's doors at the served process; every secret that passes is kept by what it is."""

    process: Live
    business: Business
    vendor: SandboxClient
    secrets: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, *, token: str = "", **options: Any) -> Any:
        headers = {"Host": f"{self.business.public_id}.{django_settings.BARE_DOMAIN}", "Idempotency-Key": str(uuid7())}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        sent = {"json": body} if body is not None else {}
        address = f"http://127.0.0.1:{self.process.port}/api/v1/{path}"
        return httpx.request(method, address, headers=headers, timeout=60, **sent, **options)

    def keep(self, **found: str) -> None:
        self.secrets |= found

    def given(self, status: int, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
def doors(
    school: Business, till: Callable[[Business], Till], sandbox_urls: dict[str, str], bucket: str, tmp_path: Path
) -> Iterator[Doors]:
    """A process at whose log (`log`) and what it would be unscrubbed (`plain`) the test may look."""
    opened = till(school)
    branch_make(school, code="CAN", kind="academy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSCRUBBED_LOG", str(tmp_path / "plain"))
        for vendor in ("cashfree", "razorpay", "msg91"):
            patch.setenv(f"{vendor.upper()}_BASE_URL", sandbox_urls[vendor])
        application = "tests.security.served:application"
        with live(django_settings.REDIS_URL, log=tmp_path / "log", application=application) as served:
            doors = Doors(served, school, opened.sandbox)
            secret = "secret-cashfree-" + opened.keys["cashfree"].removeprefix("TEST")
            doors.keep(razorpay_key=opened.keys["razorpay"], cashfree_secret=secret)
            yield doors


def owner_signs_in(doors: Doors) -> str:
    """By password, once mistaken; then with a second factor. Gives the access token."""
    email = email_make()
    user = user_make(doors.business, role="owner", name="Canary Owner", email=email, password=PASSWORD)
    doors.keep(
        owner_email=email, owner_phone=str(user.phone), password=PASSWORD, mistaken_password="a crow sings at dusk"
    )
    assert doors.call("POST", "auth/login", {"email": email, "password": "a crow sings at dusk"}).status_code == 401
    tokens = doors.given(200, doors.call("POST", "auth/login", {"email": email, "password": PASSWORD}))
    doors.keep(owner_access=tokens["access"], owner_refresh=tokens["refresh"])
    enrolment = doors.given(200, doors.call("POST", "auth/2fa/enrol", token=tokens["access"]))
    digits = code_of(enrolment["secret"])
    codes = doors.given(200, doors.call("POST", "auth/2fa/confirm", {"code": digits}, token=tokens["access"]))
    doors.keep(totp_secret=enrolment["secret"], totp_code=digits)
    doors.keep(**{f"recovery_code_{n}": code for n, code in enumerate(codes["recovery_codes"])})
    return str(tokens["access"])


def student_signs_in(doors: Doors, phone: str) -> str:
    assert doors.call("POST", f"auth/send-otp?phone={quote(phone)}", {"phone": phone}).status_code == 200
    jobs.drain()
    code = doors.vendor.messages(phone)[-1]["values"]["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    doors.keep(otp=code, otp_mistaken=wrong)
    refused = doors.call("POST", "auth/verify-otp", {"phone": phone, "code": wrong})
    assert refused.status_code == 401, refused.text
    tokens = doors.given(200, doors.call("POST", "auth/verify-otp", {"phone": phone, "code": code}))
    renewed = doors.given(200, doors.call("POST", "auth/refresh", {"refresh": tokens["refresh"]}))
    doors.keep(access=tokens["access"], refresh=tokens["refresh"], access_2=renewed["access"])
    return str(renewed["access"])


def student_pays(doors: Doors, token: str, due: str) -> None:
    asked = doors.given(
        201, doors.call("POST", "payments/create", {"purpose": "fees.due", "reference": due}, token=token)
    )
    with tenant_scope(doors.business):
        attempt = list(selectors.attempts_of(asked["id"]))[-1]
    assert attempt.gateway == "cashfree"
    doors.vendor.pay("cashfree", attempt.client_ref, "SUCCESS")
    paid = doors.given(200, doors.call("POST", "payments/verify", {"payment": asked["id"]}, token=token))
    assert paid["state"] == "paid"


def test_what_people_give_and_get_is_in_no_line_of_a_served_process(
    doors: Doors, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner = owner_signs_in(doors)

    phone, email, guardian = phone_make(), "canary.student@school.in", phone_make()
    doors.keep(phone=phone, email=email, guardian=guardian, national=phone.removeprefix("+91"))
    facts = {"name": "Canary Student", "phone": phone, "email": email, "guardian_phone": guardian}
    student = doors.given(201, doors.call("POST", "students", facts, token=owner))
    due = {"student": student["id"], "title": "Fee for May", "amount_paise": 150_000, "due_on": "2026-12-01"}
    due_id = doors.given(201, doors.call("POST", "dues", due, token=owner))["id"]
    student_pays(doors, student_signs_in(doors, phone), due_id)

    imported = phone_make()
    doors.keep(imported=imported)
    sheet = {
        "file": ("students.csv", f"name,phone,email\nCanary Import,{imported},canary.import@school.in\n", "text/csv")
    }
    doors.given(202, doors.call("POST", "students/bulk-import", files=sheet, token=owner))
    jobs.drain()

    # A vendor's token in an address, a card where none belongs, and a fault that tells all it was sent.
    doors.keep(vendor_token="canary-of-a-webhook", card=CARD)
    doors.call("POST", "messages/webhook/msg91?token=canary-of-a-webhook", [{"mobile": phone}])
    assert doors.call("POST", "auth/login", {"email": email, "card_number": CARD}).status_code == 400
    told = {**doors.secrets, "payer_name": "Canary Payer", "body": json.dumps({"phone": phone, "password": PASSWORD})}
    query = "&".join(f"{name}={quote(value)}" for name, value in doors.secrets.items())
    assert doors.call("POST", f"failing?{query}", told, token=owner).status_code == 500

    log, plain = (tmp_path / "log").read_text(), (tmp_path / "plain").read_text()
    inline = caplog.text  # what the jobs said, carried out here; before any scrubbing
    assert log.count('"request.done"') >= 14
    assert "ValueError" in log
    assert {name for name, secret in doors.secrets.items() if secret in log} == set()
    assert {name for name, secret in doors.secrets.items() if secret in inline} == set()
    # The same search, had nothing been scrubbed.
    assert {name for name, secret in doors.secrets.items() if secret in plain} == set(doors.secrets)
    assert "Canary Payer" in plain
    assert "Canary Payer" not in log
