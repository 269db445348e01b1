"""Codes by SMS that nobody reads in a log, links by e-mail, and what a mail server may answer."""

import contextlib
import email
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.clock import now as clock_now
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts import services as accounts
from shared_apps.credits.events import CreditsLow
from shared_apps.messaging import services
from shared_apps.messaging.models import Message
from shared_apps.payments.events import PaymentSettled
from shared_apps.payments.models import Payment
from tests.messaging.conftest import Purse, now_of, purse
from tests.support.people import email_make, phone_make, user_make


@pytest.fixture
def post(settings: Any, tmp_path: Path) -> Path:
    """Where mail is kept as files."""
    settings.EMAIL_FILE_PATH = str(tmp_path)
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    return tmp_path


def letters(post: Path) -> list[Any]:
    texts = [
        text for file in sorted(post.iterdir()) for text in file.read_bytes().split(b"-" * 79 + b"\n") if text.strip()
    ]
    return [email.message_from_bytes(text, policy=policy.default) for text in texts]


def test_a_code_reaches_the_phone_and_no_log(school: Business, msg91: SandboxClient, staff: Any) -> None:
    user = user_make(school, role="teacher")
    with tenant_scope(school):
        accounts.otp_send(address=user.phone)
    jobs.drain()
    (received,) = msg91.messages(user.phone)
    code = received["values"]["code"]
    assert code.isdecimal()
    assert len(code) == 6
    with tenant_scope(school):
        (message,) = Message.objects.filter(template="otp")
    assert (message.state, message.priority, message.sealed) == ("sent", 0, "")
    assert message.text.startswith("****** is your code")
    assert message.values == {"academy": school.name[:20].rstrip()}
    assert message.expires_at is not None
    assert purse(school) == Purse(999, 0, 1)
    log = staff(school).get("messages/log").content.decode()
    assert "******" in log
    assert code not in log
    from kernel.jobs.models import Job

    with platform_scope():
        assert not any(code in json.dumps(args) for args in Job.objects.values_list("args", flat=True))


def test_a_code_that_could_not_leave_in_time_is_cancelled(school: Business, msg91: SandboxClient, clock: Any) -> None:
    user = user_make(school, role="teacher")
    msg91.refuse("msg91")
    with tenant_scope(school):
        accounts.otp_send(address=user.phone)
    jobs.drain()
    msg91.accept("msg91")
    clock.move(minutes=6)
    jobs.drain()
    with tenant_scope(school):
        (message,) = Message.objects.filter(template="otp")
    assert (message.state, message.code, message.sealed) == ("cancelled", "messaging.expired", "")
    assert msg91.messages(user.phone) == []
    assert purse(school) == Purse(1000, 0, 0)


def test_a_stranger_gets_and_costs_nothing(school: Business, msg91: SandboxClient) -> None:
    with tenant_scope(school):
        accounts.otp_send(address="+919899999999")
    jobs.drain()
    assert msg91.book()["messages"] == []
    with tenant_scope(school):
        assert Message.objects.count() == 0


def test_an_invitation_leads_to_the_permanent_host(academy: Business, post: Path) -> None:
    with tenant_scope(academy):
        accounts.staff_invite(
            email="meera@example.in", phone="+919811100011", name="Meera", roles=[accounts.RoleHeld("teacher")]
        )
    jobs.drain()
    (letter,) = letters(post)
    assert letter["to"] == "meera@example.in"
    assert letter["subject"] == f"You are invited to {academy.name}"
    assert academy.name in str(letter["from"])
    text = letter.get_content()
    assert f"http://{academy.public_id}.localhost/password?token=" in text
    token = text.split("token=")[1].split()[0]
    with tenant_scope(academy):
        (message,) = Message.objects.all()
        assert (message.state, message.channel, message.units, message.sealed) == ("sent", "email", 0, "")
        assert token not in message.text + json.dumps(message.values)
        accounts.password_set_by_link(token=token, password="a-long-enough-password")


def test_the_operator_mails_too(platform: Business, post: Path) -> None:
    with platform_scope():
        services.message_queue(
            template="welcome", channel="email", to="root@example.in", key=str(uuid7()), values={"name": "Root"}
        )
    jobs.drain()
    # Others' jobs were due as well.
    assert [letter["to"] for letter in letters(post)].count("root@example.in") == 1


def test_low_credits_are_told_to_owners_and_the_operators_finance(
    school: Business, post: Path, platform: Business, staff: Any, admin: Any
) -> None:
    owner, manager, finance = staff(school), staff(school, role="manager"), admin("finance")
    with tenant_scope(school), transaction.atomic():
        jobs.publish(CreditsLow(schema=school.schema, channel="sms", available=7, low_at=50))
    with platform_scope(), transaction.atomic():
        jobs.publish(CreditsLow(schema=school.schema, channel="sms", available=7, low_at=50))
    jobs.drain()
    told = {letter["to"]: letter.get_content() for letter in letters(post)}
    assert f"7 SMS credits are left at {school.name}" in told[owner.user.email]
    assert f"7 SMS credits are left at {school.name}" in told[finance.user.email]
    assert manager.user.email not in told
    (notice,) = owner.get("notifications").json()["results"]
    assert (notice["level"], notice["title"]) == ("warning", f"7 SMS credits are left at {school.name}")
    assert manager.get("notifications").json()["results"] == []


def test_a_payer_is_told_once_of_a_payment(school: Business, msg91: SandboxClient, post: Path) -> None:
    phone = phone_make()
    with tenant_scope(school), transaction.atomic():
        payment = Payment.objects.create(
            reference=f"{school.public_id}-p1",
            purpose="tests.thing",
            subject="1",
            amount_paise=45_050,
            description="A thing",
            payer_id=uuid7(),
            payer_name="Asha",
            payer_phone=phone,
            payer_email="payer@example.in",
            expires_at=clock_now() + timedelta(hours=1),
        )
        for _ in range(2):
            jobs.publish(
                PaymentSettled(
                    payment=str(payment.id), purpose="tests.thing", reference="1", amount_paise=45_050, receipt="R-42"
                )
            )
    jobs.drain()
    (received,) = msg91.messages(phone)
    assert received["values"] == {"amount": "450.50", "receipt": "R-42", "academy": school.name[:20].rstrip()}
    assert [(letter["to"], letter["subject"]) for letter in letters(post)] == [
        ("payer@example.in", "Payment received: receipt R-42")
    ]
    assert purse(school) == Purse(999, 0, 1)


def test_a_value_cannot_write_headers(academy: Business, post: Path) -> None:
    with tenant_scope(academy):
        services.message_queue(
            template="class",
            channel="email",
            to="a@example.in",
            key="k",
            values={"title": "Maths\r\nBcc: evil@example.in", "time": "10"},
        )
    jobs.drain()
    (letter,) = letters(post)
    assert letter["bcc"] is None
    assert letter["subject"] == "Maths Bcc: evil@example.in begins at 10"


class Post:
    """A mail server of fixed manners."""

    def __init__(self, rcpt: bytes = b"250 ok", data: bytes = b"250 kept") -> None:
        self.rcpt, self.data, self.to = rcpt, data, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections; closing alone would leave the accept under way."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as talk:
                talk.write(b"220 here\r\n")
                for line in talk:
                    word = line[:4].upper()
                    if word == b"RCPT":
                        self.to.append(line.decode().partition("<")[2].partition(">")[0])
                    if word == b"DATA":
                        talk.write(b"354 go\r\n")
                        while talk.readline() not in {b".\r\n", b""}:
                            pass
                        if not self.data:
                            break
                        talk.write(self.data + b"\r\n")
                    elif word == b"QUIT":
                        talk.write(b"221 bye\r\n")
                        break
                    else:
                        talk.write((self.rcpt if word == b"RCPT" else b"250 ok") + b"\r\n")


@pytest.fixture
def smtp(settings: Any) -> Iterator[Any]:
    def start(**manners: bytes) -> Post:
        server = Post(**manners)
        started.append(server)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.listener.getsockname()
        return server

    started: list[Post] = []
    yield start
    for server in started:
        server.stop()


def mailed(business: Business) -> Message:
    with tenant_scope(business):
        message = services.message_queue(
            template="welcome", channel="email", to=email_make(), key=str(uuid7()), values={"name": "A"}
        )
    jobs.drain()
    return now_of(business, message)


@pytest.mark.parametrize(
    ("manners", "state", "code", "batch"),
    [
        ({}, "sent", "", "accepted"),
        ({"rcpt": b"550 no such user"}, "failed", "mail.refused", "refused"),
        ({"rcpt": b"451 later"}, "pending", "mail.refused", None),
        ({"data": b"554 spam"}, "failed", "mail.refused", "refused"),
        ({"data": b"452 full"}, "pending", "mail.refused", None),
        ({"data": b""}, "unknown", "mail.unknown", "unknown"),
    ],
)
def test_what_a_mail_server_answers(
    *, academy: Business, smtp: Any, manners: dict, state: str, code: str, batch: str | None
) -> None:
    smtp(**manners)
    message = mailed(academy)
    assert (message.state, message.code) == (state, code)
    assert (message.batch.state if message.batch else None) == batch


def test_a_mail_server_that_is_down_is_tried_again(academy: Business, smtp: Any, clock: Any) -> None:
    smtp().stop()
    message = mailed(academy)
    assert (message.state, message.code, message.attempts) == ("pending", "mail.never_reached", 1)
    up = smtp()
    clock.move(seconds=6)
    jobs.drain()
    assert now_of(academy, message).state == "sent"
    assert up.to.count(message.to) == 1
