"""Reading from a streaming replica: for reports and exports, while it is no further behind than agreed.

How far behind is a fact, not a guess by clocks: at most once a second a process notes how far the primary's log reaches,
then asks the replica how far it has replayed. A replica that has all the log of a moment shows everything acknowledged
before that moment, so the lag is the age of the newest such moment. It is right whether the replica is slow, cut off,
or was made a primary itself, and it needs no right beyond asking. When in doubt the primary is read.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import DatabaseError, OperationalError, connections

from kernel.tenancy.scope import in_transaction

log = logging.getLogger(__name__)

REPLICA_ALIAS = "replica"
ASKED_EVERY_SECONDS = 1.0
_NEVER = float("-inf")
_PRIMARY_AT = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"
_REPLICA_AT = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint"

_alias: ContextVar[str | None] = ContextVar("read_alias", default=None)


def read_alias() -> str | None:
    """The alias that reads go to here, when it is not the usual one; asked by the router."""
    alias = _alias.get()
    return None if alias is None or in_transaction() else alias


@contextmanager
def reading() -> Iterator[None]:
    """Send the block's reads (or the decorated function's) to the replica, in the scope they stand in.

    Without a replica, with one too far behind, or inside a transaction, whose own writes it would not show, nothing
    changes. Queries run where they are evaluated: use up querysets inside. Never yield to a caller from inside.
    """
    alias = REPLICA_ALIAS if is_usable() else None
    token = _alias.set(alias)
    try:
        yield
    except OperationalError:
        if alias is not None:  # it is gone, or had to break the query off: whoever asks again reads the primary
            _lag.doubt()
        raise
    finally:
        _alias.reset(token)


def is_usable() -> bool:
    """Whether a read at this moment may go to the replica."""
    if REPLICA_ALIAS not in connections.settings or in_transaction():
        return False
    return _lag.seconds() <= settings.REPLICA_LAG_SECONDS


class _Lag:
    """What this process knows of the replica. Times are of the machine's steady clock."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=64)  # (moment, how far the primary's log reached then)
        self._shown = _NEVER  # the newest moment that the replica shows whole
        self._asked = _NEVER
        self._asking = threading.Lock()

    def seconds(self) -> float:
        if time.monotonic() - self._asked >= ASKED_EVERY_SECONDS and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        return time.monotonic() - self._shown

    def doubt(self) -> None:
        """Nothing is known until the replica is asked again."""
        self._shown = _NEVER

    def _ask(self) -> None:
        self._asked = moment = time.monotonic()
        try:
            self._marks.append((moment, _position("default", _PRIMARY_AT) or 0))
        except OperationalError:  # a primary that is away writes nothing either: what the replica shows grows older
            return
        try:
            replayed = _position(REPLICA_ALIAS, _REPLICA_AT)
        except DatabaseError as error:
            log.warning("replica.away", extra={"error": type(error).__name__})
            connections[REPLICA_ALIAS].close()
            self.doubt()
            return
        while replayed is not None and self._marks and self._marks[0][1] <= replayed:
            self._shown, _ = self._marks.popleft()


def _position(alias: str, statement: str) -> int | None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        (found,) = cursor.fetchone()
    return None if found is None else int(found)


_lag = _Lag()
