"""How many codes and links are sent at most: to an address, for a network, by a tenant, by the whole installation.

Every message costs money, and who asks for it is not signed in. So each cap is a row that the sending transaction
counts on under its lock: racing senders never pass it, what is refused counts nowhere, and when counting fails nothing
is sent. The figures are `settings.OTP_CAPS`. A cap says the same to a known and an unknown address; the caps on money
count only what is really sent, lest strangers close a tenant's door.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from prometheus_client import Counter

from kernel import audit, clock
from kernel.http.clients import network
from kernel.ids import uuid7

from ..errors import OtpTooMany
from ..models import OtpCount

log = logging.getLogger(__name__)

SENT = Counter("shala_otp_sent_total", "One-time codes sent")
RIGHT = Counter("shala_otp_right_total", "One-time codes given back right: few beside those sent mean pumping")
CAPPED = Counter("shala_otp_capped_total", "Codes and links refused by a cap", ["cap"])

INSTALLATION = "installation_day"
WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap for one subject: a digest of an address or network, or empty for the tenant or installation itself."""

    name: str
    subject: str = ""

    @property
    def limit(self) -> int:
        return int(settings.OTP_CAPS[self.name])

    @property
    def window(self) -> timedelta:
        return WINDOWS[self.name.rpartition("_")[2]]


class _Reached(Exception):
    def __init__(self, cap: Cap, began_at: datetime) -> None:
        super().__init__(cap.name)
        self.cap = cap
        self.began_at = began_at


@contextmanager
def capped() -> Iterator[None]:
    """Around the transaction that sends: turns a cap that is reached into OtpTooMany, once that has been undone."""
    try:
        yield
    except _Reached as reached:
        _note(reached.cap)
        left = reached.began_at + reached.cap.window - clock.now()
        raise OtpTooMany(retry_after=max(int(left.total_seconds()), 0) + 1) from None


def asking_count(*, address: str, purpose: str, ip: str | None) -> None:
    """Count whoever asks, in the caller's transaction inside `capped()`: by address, and by network when `ip` is known."""
    subject = f"{purpose}|{address}"
    _take(Cap("address_hour", _digest(subject)))
    _take(Cap("address_day", _digest(subject)))
    if ip:
        _take(Cap("network_hour", _digest(network(ip))))


def spending_count(*, messages: int) -> None:
    """Count what is paid for, last of all in the sending transaction: many wait for these rows. 0 asks for leave only."""
    _take(Cap("tenant_hour"), messages)
    _take(Cap("tenant_day"), messages)
    _take(Cap(INSTALLATION), messages)


def _take(cap: Cap, n: int = 1) -> None:
    now = clock.now()
    facts: dict[str, Any] = {"id": uuid7(), "cap": cap.name, "subject": cap.subject, "n": n, "limit": cap.limit}
    facts |= {"now": now, "since": now - cap.window}
    with connection.cursor() as cursor:
        if cap.name == INSTALLATION:
            cursor.execute(
                """SELECT public.otp_spend(%(id)s::uuid, %(n)s::integer, %(limit)s::integer,
                                           %(now)s::timestamptz, %(since)s::timestamptz)""",
                facts,
            )
            (began_at,) = cursor.fetchone()
            if began_at is not None:
                raise _Reached(cap, began_at)
            return
        cursor.execute(
            """
            INSERT INTO accounts_otpcount AS known (id, cap, subject, used, began_at)
            VALUES (%(id)s, %(cap)s, %(subject)s, %(n)s, %(now)s)
            ON CONFLICT (cap, subject) DO UPDATE SET
                used = CASE WHEN known.began_at <= %(since)s THEN 0 ELSE known.used END + %(n)s,
                began_at = CASE WHEN known.began_at <= %(since)s THEN EXCLUDED.began_at ELSE known.began_at END,
                capped_at = CASE WHEN known.began_at <= %(since)s THEN NULL ELSE known.capped_at END
            WHERE known.began_at <= %(since)s OR known.used < %(limit)s
            RETURNING used
            """,
            facts,
        )
        if cursor.fetchone() is None:
            raise _Reached(cap, OtpCount.objects.get(cap=cap.name, subject=cap.subject).began_at)


def _note(cap: Cap) -> None:
    """Count the refusal; the first of its window is also audited: the installation's in the operator's audit."""
    CAPPED.labels(cap.name).inc()
    now = clock.now()
    with transaction.atomic():
        if cap.name == INSTALLATION:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT public.otp_spend_capped(%s::uuid, %s::integer, %s::timestamptz)", [uuid7(), cap.limit, now]
                )
                (is_first,) = cursor.fetchone()
        else:
            row = OtpCount.objects.filter(cap=cap.name, subject=cap.subject, capped_at=None, used__gte=cap.limit)
            if is_first := row.update(capped_at=now) > 0:
                audit.record(
                    action="accounts.otp_capped",
                    subject_type="otp_cap",
                    subject_id=cap.name,
                    changes={"sent": [0, cap.limit]},
                )
    if is_first:
        log.warning("otp.capped", extra={"cap": cap.name})


def counts_expire() -> int:
    """Delete counts that no cap looks at any more; how many. The installation's lies in the operator's schema."""
    deleted, _ = OtpCount.objects.filter(began_at__lte=clock.now() - max(WINDOWS.values())).delete()
    return deleted


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
