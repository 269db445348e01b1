"""Hearing which tenants changed: PostgreSQL tells every process with the commit, on a connection kept for nothing else.

Who writes a tenant's row, a host's or a schema's fingerprint need not think of it: triggers do (`tenants.0004_heard`).
Every `BEAT_SECONDS` the database is asked for a sign of life; what was told before comes with the answer. So a process
knows until when it has heard everything, and one that cannot listen knows that it has not.
"""

import logging
import os
import select
import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

import psycopg
from django.db import connections

log = logging.getLogger(__name__)

CHANNEL = "tenants"
BEAT_SECONDS = 0.4
# What the server's list of sessions calls it.
NAME = "shala-ear"


class Ear:
    """One thread of a process that listens. `tell` is given the id or schema of what changed; None: anything may have."""

    def __init__(self, tell: Callable[[str | None], None]) -> None:
        self._tell = tell
        self._heard = float("-inf")
        self._process = 0
        self._lock = Lock()

    def has_heard(self, since: float) -> bool:
        """Whether all that was told up to this moment of the monotonic clock has been heard."""
        return self._heard >= since and self._process == os.getpid()

    def open(self) -> None:
        """Listen from now on; a process that was forked listens anew."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._heard, self._process = float("-inf"), os.getpid()
                Thread(target=self._listen, name="tenants-ear", daemon=True).start()

    def _listen(self) -> None:
        is_deaf = False
        while True:
            try:
                with self._connected() as line:
                    line.add_notify_handler(lambda told: self._tell(told.payload))
                    line.execute(f"LISTEN {CHANNEL}")
                    self._tell(None)
                    is_deaf = False
                    while True:
                        asked = time.monotonic()
                        line.execute("SELECT 1")
                        self._heard = asked
                        select.select([line.fileno()], [], [], BEAT_SECONDS)
            except (psycopg.Error, OSError) as error:
                if not is_deaf:
                    log.warning("tenancy.deaf", extra={"error": type(error).__name__})
                is_deaf = True
                time.sleep(BEAT_SECONDS)

    def _connected(self) -> Any:
        params = {**connections["default"].get_connection_params(), "application_name": NAME}
        return psycopg.connect(**params, autocommit=True)
