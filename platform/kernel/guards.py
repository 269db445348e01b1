"""Guards a drill may switch off, one at a time, to prove that it would notice. Nothing else ever does.

Processes started with `SHALA_BREAK_FILE` do without the guard that file names, as long as it names one; production
refuses to start so. Each guard is asked about in exactly one place:

idempotency  a repeated key gives the kept answer           kernel.idempotency.guard
reducer      money that came a second time is a surplus     shared_apps.payments.reducer
hold         a message leaves only when it is paid for      shared_apps.messaging.services.sending
"""

import os
from enum import StrEnum
from pathlib import Path


class Guard(StrEnum):
    IDEMPOTENCY = "idempotency"
    REDUCER = "reducer"
    HOLD = "hold"


_file = os.environ.get("SHALA_BREAK_FILE", "")


def is_off(guard: Guard) -> bool:
    """Whether this process is asked, just now, to do without the guard."""
    if not _file:
        return False
    try:
        return Path(_file).read_text() == guard
    except FileNotFoundError:
        return False
