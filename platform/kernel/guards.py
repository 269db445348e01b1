"""Guards a drill may switch off, one at a time, to prove that it would notice. Nothing else ever does.

A process started with `SHALA_BREAK=reducer` runs without that guard; production refuses to start so. Each guard is
asked about in exactly one place:

idempotency  a repeated key gives the kept answer           kernel.idempotency.guard
reducer      money that came a second time is a surplus     shared_apps.payments.reducer
hold         a message leaves only when it is paid for      shared_apps.messaging.services.sending
"""

import os
from enum import StrEnum


class Guard(StrEnum):
    IDEMPOTENCY = "idempotency"
    REDUCER = "reducer"
    HOLD = "hold"


_off = os.environ.get("SHALA_BREAK", "")


def is_off(guard: Guard) -> bool:
    """Whether this process was asked to do without the guard."""
    return guard == _off
