"""Setting credits aside before sending and spending them on acceptance, inside the sender's own transaction.

The wallet is always the current business's: the database reads who calls from the role of the connection.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from kernel import clock
from kernel.ids import uuid7
from shared_apps.credits.errors import CreditsShort, HoldExceeded, HoldUnknown, ReferenceTaken
from shared_apps.ledger.errors import KeyReused


def hold(*, channel: str, units: int, key: str, reference: str = "") -> UUID:
    """Set `units` (> 0) of a channel aside, once per `key`. Gives the hold's id, the same one for the same key.

    Raises CreditsShort (needed, available) and KeyReused; the transaction stays usable.
    """
    outcome, held, available = _call(
        "SELECT outcome, hold, available FROM public.credits_hold"
        "(%s::uuid, %s::text, %s::bigint, %s::text, %s::text, %s::timestamptz)",
        [uuid7(), channel, units, key, reference, clock.now()],
    )
    if outcome == "short":
        raise CreditsShort(needed=units, available=available, channel=channel)
    if outcome == "key_reused":
        raise KeyReused(key=key)
    return UUID(str(held))


def consume(*, hold: UUID, units: int, vendor: str, reference: str, key: str = "") -> None:
    """Spend `units` (> 0) of a hold: the vendor accepted them and will report under `reference`.

    Once per `key`; without one, once per vendor and reference, so several spendings under one reference need keys.
    The reference leads reports back to this business from here on. Raises HoldUnknown, HoldExceeded, ReferenceTaken
    and KeyReused.
    """
    key = key or f"{vendor}:{reference}"
    outcome, left = _call(
        "SELECT outcome, available FROM public.credits_consume"
        "(%s::uuid, %s::uuid, %s::bigint, %s::text, %s::text, %s::text, %s::timestamptz)",
        [uuid7(), hold, units, vendor, reference, key, clock.now()],
    )
    if outcome == "reference_taken":
        raise ReferenceTaken(vendor=vendor, reference=reference)
    _refuse(outcome, needed=units, left=left, key=key)


def release(*, hold: UUID, units: int | None = None, key: str = "") -> int:
    """Give `units` of a hold back to the wallet, once per `key`; without units, whatever is left. Gives how many.

    Raises HoldUnknown, HoldExceeded, KeyReused; ValueError for units without a key.
    """
    if units is not None and not key:
        raise ValueError("a part of a hold is released under a key")
    moment = uuid7()
    outcome, released, left = _call(
        "SELECT outcome, released, available FROM public.credits_release"
        "(%s::uuid, %s::uuid, %s::bigint, %s::text, %s::timestamptz)",
        [moment, hold, units, key or f"rest:{moment}", clock.now()],
    )
    if units is None and outcome == "short":
        return 0
    _refuse(outcome, needed=units, left=left, key=key)
    return int(released)


def _call(statement: str, parameters: list[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _refuse(outcome: object, *, needed: int | None, left: object, key: str) -> None:
    if outcome == "no_hold":
        raise HoldUnknown
    if outcome == "short":
        raise HoldExceeded(needed=needed, left=left)
    if outcome == "key_reused":
        raise KeyReused(key=key)
