"""Writing the books: the one door to `ledger_post`."""

from uuid import UUID

from django.db import connection

from kernel import clock
from kernel.ids import uuid7
from shared_apps.ledger.errors import KeyReused, LedgerShort
from shared_apps.ledger.selectors import balance, holds_open

__all__ = ["balance", "post", "release_all"]


def post(*, debit: str, credit: str, amount: int, unit: str, key: str, kind: str, reference: str) -> UUID:
    """Move `amount` (> 0; paise or credits as `unit` says) from `debit` to `credit`, once per `key`. Gives its id.

    Accounts are codes (`gateway:cashfree`, `income:fees`) and open on first use. Those of the world outside
    (`gateway:`, `cash:`, `bank:`, `vendor:`, `opening:`) may go below zero, all others never. Works inside the
    caller's transaction and leaves it usable when it refuses. Repeating a call gives the first id.
    Raises LedgerShort, KeyReused; IntegrityError for an amount, unit or code that no caller may pass.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, transfer, available FROM ledger_post"
            "(%s::uuid, 'post', %s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text, %s::text, NULL,"
            " %s::timestamptz)",
            [uuid7(), debit, credit, amount, unit, kind, key, reference, clock.now()],
        )
        outcome, transfer, available = cursor.fetchone()
    if outcome == "short":
        raise LedgerShort(needed=amount, available=available, account=debit)
    if outcome == "key_reused":
        raise KeyReused(key=key)
    return UUID(str(transfer))


def release_all(*, account: str, key: str) -> int:
    """Give all that holds have set aside on an account back to it, each once per `key`; gives how much. In the caller's
    transaction; for an account whose holders are gone."""
    released = 0
    for hold, unit in holds_open(account):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT outcome, moved FROM ledger_post"
                "(%s::uuid, 'release', NULL, NULL, NULL, %s::text, 'release', %s::text, '', %s::uuid, %s::timestamptz)",
                [uuid7(), unit, f"{key}:{hold}", hold, clock.now()],
            )
            outcome, moved = cursor.fetchone()
        released += moved if outcome == "done" else 0
    return released
