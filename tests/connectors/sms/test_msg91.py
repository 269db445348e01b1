"""The Flow client over real sockets: what was sent, what counts as accepted, and what is unknown."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trustme

from connectors.sms.errors import Cause, NeverReached, OutcomeUnknown, RateLimited, Refused
from connectors.sms.msg91 import Msg91
from connectors.sms.port import Accepted, Batch, Recipient

BATCH = Batch(
    template="65f0c0ffee0000000000abcd",
    recipients=(
        Recipient("asha.1", "+919800000001", {"name": "Asha", "amount": "500"}),
        Recipient("asha.2", "+919800000002", {"name": "Ravi", "amount": "750"}),
    ),
)


class Vendor:
    """A server of one answer: raw bytes, or a function that has the connection for itself."""

    def __init__(self, answer: bytes | Callable[[socket.socket], None], *, tls: ssl.SSLContext | None = None) -> None:
        self.answer, self.requests, self.tls = answer, [], tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    if self.tls:
                        connection = self.tls.wrap_socket(connection, server_side=True)
                    self.requests.append(_request(connection))
                    if callable(self.answer):
                        self.answer(connection)
                    else:
                        connection.sendall(self.answer)
                except OSError:
                    continue

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(6)


def _request(connection: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65536)
    head, _, body = raw.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(status: int, body: bytes, *, headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} X\r\ncontent-length: {size}\r\nconnection: close\r\n{headers}\r\n".encode() + body


@contextmanager
def vendor(
    answer: bytes | Callable[[socket.socket], None], *, seconds: float = 5.0, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[Vendor, Msg91]]:
    server = Vendor(answer, tls=tls)
    client = Msg91(base_url=server.url, authkey="AUTHKEY", answer_seconds=seconds)
    try:
        yield server, client
    finally:
        client.close()
        server.close()


def test_the_published_exchange() -> None:
    with vendor(http(200, b'{"message":"346b6b7a1b2c3d4e5f600130","type":"success"}')) as (server, client):
        assert client.send(BATCH) == Accepted("346b6b7a1b2c3d4e5f600130")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v5/flow HTTP/1.1\r\n")
    assert b"authkey: AUTHKEY" in head
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body) == {
        "template_id": "65f0c0ffee0000000000abcd",
        "short_url": "0",
        "realTimeResponse": "1",
        "recipients": [
            {"mobiles": "919800000001", "CRQID": "asha.1", "name": "Asha", "amount": "500"},
            {"mobiles": "919800000002", "CRQID": "asha.2", "name": "Ravi", "amount": "750"},
        ],
    }
    assert len(server.requests) == 1


def test_header_and_unicode_follow_the_batch() -> None:
    batch = Batch(template="t", recipients=BATCH.recipients[:1], header="ASHAAC", unicode=True)
    with vendor(http(200, b'{"message":"r","type":"success"}')) as (server, client):
        client.send(batch)
    body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert (body["sender"], body["unicode"]) == ("ASHAAC", "1")


def test_a_value_cannot_redirect_a_message() -> None:
    """A template variable called like a field of the wire does not replace it."""
    recipient = Recipient("asha.1", "+919800000001", {"mobiles": "919999999999", "CRQID": "other"})
    with vendor(http(200, b'{"message":"r","type":"success"}')) as (server, client):
        client.send(Batch(template="t", recipients=(recipient,)))
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["recipients"]
    assert sent == [{"mobiles": "919800000001", "CRQID": "asha.1"}]


@pytest.mark.parametrize(
    "answer",
    [
        http(200, b""),
        http(200, b"OK"),
        http(200, b"[]"),
        http(200, b"{}"),
        http(200, b'{"type":"success"}'),
        http(200, b'{"type":"success","message":""}'),
        http(200, b'{"type":"success","message":{}}'),
        http(200, b'{"type":"Success","message":"r"}'),
        http(200, b'{"message":"r","type":"succ', length=80),
        http(500, b'{"message":"r","type":"success"}'),
        http(502, b"<html>Bad Gateway</html>"),
        http(503, b""),
        http(408, b""),
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-x\r\n",
        http(200, b"x" * 100_000),
    ],
)
def test_an_answer_that_cannot_be_read_is_unknown(answer: bytes) -> None:
    with vendor(answer) as (server, client), pytest.raises(OutcomeUnknown):
        client.send(BATCH)
    assert len(server.requests) == 1  # and nothing is tried again on its own


def test_no_answer_in_time_is_unknown() -> None:
    over = threading.Event()
    with vendor(lambda _: over.wait(4) and None, seconds=0.3) as (server, client):
        with pytest.raises(OutcomeUnknown):
            client.send(BATCH)
        over.set()
    assert len(server.requests) == 1


def test_a_dripping_answer_is_cut_off() -> None:
    """Each byte comes within the read time-out; the whole would take for ever."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while not over.wait(0.1):
            connection.sendall(b" ")

    with vendor(drip, seconds=0.5) as (_, client):
        with pytest.raises(OutcomeUnknown):
            client.send(BATCH)
        over.set()


def test_a_refused_connection_was_never_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NeverReached):
        Msg91(base_url=f"http://127.0.0.1:{port}", authkey="k").send(BATCH)


def test_an_unknown_name_was_never_reached() -> None:
    with pytest.raises(NeverReached):
        Msg91(base_url="http://nowhere.invalid", authkey="k").send(BATCH)


def test_a_certificate_nobody_vouches_for_was_never_reached() -> None:
    """TLS fails before the request is written."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with vendor(http(200, b'{"message":"r","type":"success"}'), tls=context) as (server, client):
        with pytest.raises(NeverReached):
            client.send(BATCH)
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "cause", "code", "may_pass"),
    [
        (http(200, b'{"message":"template_id is missing","type":"error"}'), Cause.TEMPLATE, "", False),
        (http(200, b'{"message":"Invalid mobile number","type":"error"}'), Cause.NUMBER, "", False),
        (http(200, b'{"message":"Hash","code":"615","type":"error"}'), Cause.DLT, "615", False),
        (http(200, b'{"message":"x","code":"640","type":"error"}'), Cause.DLT, "640", False),
        (http(200, b'{"message":"x","code":301,"type":"error"}'), Cause.ACCOUNT, "301", True),
        (http(200, b'{"message":"x","code":"306","type":"error"}'), Cause.WINDOW, "306", True),
        (http(200, b'{"message":"strange","type":"error"}'), Cause.OTHER, "", False),
        (http(400, b'{"message":"strange","type":"error"}'), Cause.OTHER, "400", False),
        (http(401, b'{"message":"Invalid authkey","type":"error"}'), Cause.ACCOUNT, "401", True),
        (http(418, b""), Cause.ACCOUNT, "418", True),
        (http(404, b"<html>"), Cause.OTHER, "404", False),
        (http(301, b"", headers="location: https://elsewhere.example\r\n"), Cause.OTHER, "", False),
        # Success is a 2xx and the word, never the word alone.
        (http(400, b'{"message":"r","type":"success"}'), Cause.OTHER, "400", False),
    ],
)
def test_a_no_is_told_apart(answer: bytes, cause: Cause, code: str, may_pass: bool) -> None:
    with vendor(answer) as (server, client), pytest.raises(Refused) as refused:
        client.send(BATCH)
    if code != "" or cause is not Cause.OTHER:
        assert (refused.value.cause, refused.value.code) == (cause, code)
    assert refused.value.may_pass is may_pass
    assert len(server.requests) == 1


def test_too_many_requests_says_when() -> None:
    with vendor(http(429, b"", headers="retry-after: 7\r\n")) as (_, client), pytest.raises(RateLimited) as limited:
        client.send(BATCH)
    assert limited.value.retry_after == 7


def test_the_key_is_never_shown() -> None:
    with vendor(http(401, b'{"message":"Invalid authkey","type":"error"}')) as (_, client):
        with pytest.raises(Refused) as refused:
            client.send(BATCH)
        assert "AUTHKEY" not in f"{client!r} {refused.value!r} {refused.value}"


@pytest.mark.parametrize(("text", "left"), [(b"1234", 1234), (b" 0\n", 0), (b"-5", -5)])
def test_a_balance_is_a_number(text: bytes, left: int) -> None:
    with vendor(http(200, text)) as (_, client):
        assert client.balance() == left


@pytest.mark.parametrize("text", [b"207", b"Invalid authkey", b"", b'{"message":"x"}'])
def test_an_error_that_looks_like_success_is_no_balance(text: bytes) -> None:
    with vendor(http(200, text) if text != b"207" else http(401, text)) as (_, client), pytest.raises(Refused):
        client.balance()
