"""Each line is one JSON object that says whose work it was."""

import io
import logging
import logging.config
import threading

import orjson
import pytest
import structlog

from kernel.http.actor import Actor
from kernel.observe import context, logs
from kernel.tenancy import tenant_scope


@pytest.fixture
def lines():
    """What is written while the test runs, through the handler the product sets up."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.configure()
    (handler,) = root.handlers
    written = io.StringIO()
    handler.setStream(written)
    yield lambda: [orjson.loads(line) for line in written.getvalue().splitlines()]
    root.handlers, root.level = before, level


def test_a_line_carries_tenant_request_and_actor(lines, academy):
    with tenant_scope(academy), context.work(by=Actor(kind="job"), id="request-1"):
        logging.getLogger("shala.test").info("booking.held", extra={"seat": "A1"})
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "booking.held",
        "level": "info",
        "logger": "shala.test",
        "tenant": academy.public_id,
        "request_id": "request-1",
        "actor": "job",
        "seat": "A1",
    }


def test_structlog_says_the_same(lines, academy):
    with tenant_scope(academy):
        structlog.get_logger("shala.test").warning("sms.refused", phone="+919876543210", reason="to 9876543210")
    (line,) = lines()
    assert (line["event"], line["tenant"], line["level"]) == ("sms.refused", academy.public_id, "warning")
    assert (line["phone"], line["reason"]) == ("[hidden]", "to [hidden]")
    assert (line["request_id"], line["actor"]) == (None, None)


def test_an_exception_is_told_without_its_secrets(lines):
    try:
        raise ValueError("otp 482913 of 9876543210")
    except ValueError:
        logging.getLogger("shala.test").exception("otp for %s failed", "+919876543210")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert line["event"] == "otp for [hidden] failed"
    assert "482913" not in str(line)
    assert "9876543210" not in str(line)


def test_a_line_break_cannot_forge_a_line(lines):
    logging.getLogger("shala.test").info('a\n{"event": "forged"}')
    assert len(lines()) == 1


def test_a_request_writes_one_line(lines, caller, academy):
    someone = caller()
    answer = someone.get("/api/v1/entries", {"search": "9876543210"})
    (line,) = [line for line in lines() if line["event"] == "request.done"]
    assert line["tenant"] == academy.public_id
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["actor"] == f"staff:{someone.user_id}"
    assert (line["method"], line["route"], line["status"]) == ("GET", "tests_entries", 200)
    assert "9876543210" not in str(line)


def test_a_fault_is_told_once_with_where_and_without_the_address(lines, caller):
    someone = caller()
    answer = someone.get("/api/v1/failing", {"how": "division", "token": "s3cret-in-the-address"})
    assert answer.status_code == 500
    (line,) = [line for line in lines() if line["level"] == "error"]
    assert line["event"] == "request.failed"
    assert line["request_id"] == answer["X-Request-ID"] == answer.json()["request_id"]
    assert "division by zero" in line["exception"]
    assert "s3cret" not in str(lines())


SECRETS = ("9876543210", "482913", "hunter22", "asha@school.in")
SAID = "GET /pay?phone=+919876543210&otp=482913&password=hunter22&mail=asha@school.in"


def test_servers_and_libraries_write_through_us_alone(lines, capfd):
    """As uvicorn and granian set themselves up before they load us."""
    from granian.log import LOGGING_CONFIG as GRANIAN
    from uvicorn.config import LOGGING_CONFIG as UVICORN

    for config in (UVICORN, GRANIAN):
        logging.config.dictConfig({**config, "disable_existing_loggers": False})
    stream = logging.getLogger().handlers[0].stream
    logs.configure()
    logging.getLogger().handlers[0].setStream(stream)
    for name in ("uvicorn.access", "granian.access", "django.request"):
        logging.getLogger(name).info('%s - "%s" %d', "127.0.0.1", SAID, 200)
    assert lines() == []
    for name in ("uvicorn.error", "_granian", "celery.app.trace", "urllib3.connectionpool", "anything.else"):
        logging.getLogger(name).error("failed: %s", SAID)
    told = lines()
    assert [line["logger"] for line in told] == [
        "uvicorn.error", "_granian", "celery.app.trace", "urllib3.connectionpool", "anything.else",
    ]  # fmt: skip
    written = f"{told}{''.join(capfd.readouterr())}"
    assert [secret for secret in SECRETS if secret in written] == []
    assert [secret for secret in SECRETS if secret not in SAID] == []


def test_a_line_that_cannot_be_written_does_not_show_what_it_was_to_say(lines, capfd):
    logging.getLogger().handlers[0].handle(
        logging.LogRecord("shala.test", logging.INFO, "x.py", 7, "%d of %s", (SAID, 2), None, "work")
    )
    (line,) = lines()
    assert (line["event"], line["level"], line["where"]) == ("log.unwritable", "error", "shala.test:work:7")
    assert [secret for secret in SECRETS if secret in f"{line}{''.join(capfd.readouterr())}"] == []


def test_a_thread_that_fails_is_told_as_a_line(lines, capfd, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    stream = logging.getLogger().handlers[0].stream
    logs.configure()
    logging.getLogger().handlers[0].setStream(stream)

    def work():
        raise ValueError(SAID)

    thread = threading.Thread(target=work, name="keeper")
    thread.start()
    thread.join()
    (line,) = lines()
    assert (line["event"], line["of"]) == ("thread.failed", "keeper")
    assert "ValueError" in line["exception"]
    assert [secret for secret in SECRETS if secret in f"{line}{''.join(capfd.readouterr())}"] == []
