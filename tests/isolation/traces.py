"""What leaves the house while the matrix runs: every answer, every log line, every command to Redis, each as it is."""

import hashlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

import pytest
import redis
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import override_settings
from structlog.stdlib import ProcessorFormatter

from kernel.http.clients import network
from kernel.observe import context


@dataclass
class Answer:
    """One answer: of which schema's host (none for a host nobody owns), to whom, and all it said."""

    schema: str
    public_id: str
    asked: str
    actor: str
    request_id: str
    counters: tuple[str, ...]
    said: str


@dataclass
class Heard:
    """All that was heard so far."""

    answers: list[Answer] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    commands: list[tuple[Any, ...]] = field(default_factory=list)


# As in development: letters become files.
_LETTERS = "django.core.mail.backends.filebased.EmailBackend"

heard = Heard()
_PLAIN = redis.Redis.execute_command
_listeners = 0


class Recorder:
    """A middleware inside the one that names requests; keeps each answer, a streamed one as it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        business = getattr(request, "business", None)
        schema = business.schema if business else ""
        actor = context.actor.get()
        names = (actor.name if actor else "", network(context.client_ip.get()))
        answer = Answer(
            schema=schema,
            public_id=business.public_id if business else "",
            asked=f"{request.method} {request.get_full_path()} {response.status_code}",
            actor=names[0],
            request_id=context.request_id.get(),
            counters=tuple(hashlib.blake2b(f"{schema}|{one}".encode(), digest_size=16).hexdigest() for one in names),
            said=f"{response.headers}\n",
        )
        heard.answers.append(answer)
        if response.streaming:
            response.streaming_content = _noted(answer, response.streaming_content)  # type: ignore[attr-defined]
        else:
            answer.said += response.content.decode(errors="replace")  # type: ignore[attr-defined]
        return response


def _noted(answer: Answer, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        answer.said += piece.decode(errors="replace")
        yield piece


class _Lines:
    """Stands before the stream log lines go to."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        heard.lines += text.splitlines()
        self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()


@contextmanager
def listening() -> Iterator[None]:
    """Hear everything while any such block lasts."""
    global _listeners  # noqa: PLW0603
    from django.conf import settings

    name = f"{Recorder.__module__}.{Recorder.__qualname__}"
    chain = list(settings.MIDDLEWARE)
    if name not in chain:
        chain.insert(chain.index("kernel.observe.middleware.RequestMiddleware") + 1, name)
    _listeners += 1
    with override_settings(MIDDLEWARE=chain, EMAIL_BACKEND=_LETTERS):
        if _listeners > 1:
            yield
        else:
            with _logs_heard(), _redis_heard():
                yield
    _listeners -= 1


@contextmanager
def _logs_heard() -> Iterator[None]:
    handlers = [one for one in logging.getLogger().handlers if isinstance(one.formatter, ProcessorFormatter)]
    (handler,) = (one for one in handlers if isinstance(one, logging.StreamHandler))
    before = handler.stream
    handler.setStream(_Lines(before or sys.stderr))
    try:
        yield
    finally:
        handler.setStream(before)


class Unheard(redis.Redis):
    """A client of the search's own."""

    execute_command = _PLAIN


@contextmanager
def _redis_heard() -> Iterator[None]:
    def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        heard.commands.append(args)
        return _PLAIN(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.Redis, "execute_command", execute_command)
        yield
