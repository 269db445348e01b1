"""What is going on in this thread or task: request id and caller, for logs, audit and problem documents."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from kernel.errors import NotForSupport

if TYPE_CHECKING:
    from kernel.http.actor import Actor

request_id: ContextVar[str] = ContextVar("request_id", default="")
actor: ContextVar["Actor | None"] = ContextVar("actor", default=None)
client_ip: ContextVar[str] = ContextVar("client_ip", default="")

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def new_request_id(offered: str = "") -> str:
    """The caller's own id when it is harmless in a log line, else a new one."""
    return offered if offered and _ACCEPTED.fullmatch(offered) else secrets.token_hex(16)


def not_for_support() -> None:
    """Refuse what is the owner's alone while the operator's support acts in their place. Raises NotForSupport."""
    if (who := actor.get()) is not None and who.support is not None:
        raise NotForSupport


@contextmanager
def work(*, by: "Actor | None" = None, id: str = "") -> Iterator[str]:  # noqa: A002 - reads as `work(id=…)`
    """Name the work done inside the block (a job, a socket message) in logs and audit; gives its request id."""
    name = new_request_id(id)
    tokens = (request_id.set(name), actor.set(by))
    try:
        yield name
    finally:
        request_id.reset(tokens[0])
        actor.reset(tokens[1])
