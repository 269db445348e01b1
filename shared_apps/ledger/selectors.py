"""Reads of the books: balances, and whether they agree with the journal."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from shared_apps.ledger.models import Account, Transfer


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's state in its unit; `available` is what a transfer or a hold can still take."""

    code: str
    unit: str
    posted: int
    held: int

    @property
    def available(self) -> int:
        return self.posted - self.held


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """An account whose balance is not what its transfers say."""

    code: str
    posted: int
    journal_posted: int
    held: int
    journal_held: int


def balance(code: str) -> int:
    """What lies on one account, in its unit, holds included; 0 for an account no transfer has reached."""
    return Account.objects.filter(code=code).values_list("posted", flat=True).first() or 0


def balances(*, prefix: str) -> list[Balance]:
    """Every account whose code is `prefix` or begins with `prefix:`, by code."""
    accounts = Account.objects.filter(code=prefix) | Account.objects.filter(code__startswith=f"{prefix}:")
    return [Balance(a.code, a.unit, a.posted, a.held) for a in accounts.order_by("code")]


def transfers(*, codes: list[str]) -> QuerySet[Transfer]:
    """Transfers in or out of some accounts, for lists."""
    return Transfer.objects.filter(Q(debit__in=codes) | Q(credit__in=codes))


def accounts() -> QuerySet[Account]:
    """Every account, for lists that show what lies on one."""
    return Account.objects.all()


def holds_open(account: str) -> list[tuple[UUID, str]]:
    """The holds on an account that still set something aside, the oldest first, each with its unit."""
    return list(Transfer.objects.filter(debit=account, pending__gt=0).order_by("id").values_list("id", "debit__unit"))


def flows(*, prefix: str, since: datetime) -> list[tuple[str, str, date, int]]:
    """What moved since then into accounts whose code begins with `prefix:`: from, to, day, amount. Days are local."""
    moved = (
        Transfer.objects.filter(phase__in=_MOVING, at__gte=since, credit__code__startswith=f"{prefix}:")
        .values_list("debit_id", "credit_id", TruncDate("at"))
        .annotate(sum=Sum("amount"))
    )
    return list(moved.order_by())


def discrepancies() -> list[Discrepancy]:
    """Accounts that differ from the sum of their transfers. Anything but an empty list is an alarm."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, [_MOVING, _MOVING])
        return [Discrepancy(*row) for row in cursor.fetchall()]


_MOVING = [Transfer.Phase.POST, Transfer.Phase.SETTLE]
_COMPARE = """
WITH movement AS (
  SELECT debit AS code, CASE WHEN phase = ANY(%s) THEN -amount ELSE 0 END AS posted, pending AS held
  FROM ledger_transfer
  UNION ALL
  SELECT credit, CASE WHEN phase = ANY(%s) THEN amount ELSE 0 END, 0 FROM ledger_transfer
), journal AS (
  SELECT code, sum(posted)::bigint AS posted, sum(held)::bigint AS held FROM movement GROUP BY code
)
SELECT a.code, a.posted, COALESCE(j.posted, 0), a.held, COALESCE(j.held, 0)
FROM ledger_account a LEFT JOIN journal j USING (code)
WHERE a.posted <> COALESCE(j.posted, 0) OR a.held <> COALESCE(j.held, 0)
ORDER BY a.code
"""
