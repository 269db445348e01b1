"""Whether a gateway is worth asking: one circuit for each business, gateway and operation, kept in its own schema.

Failures in a row open it. When it has rested, one asker probes and all others still find it open; the probe's answer
closes it or lets it rest again. Only what says something of the gateway counts: it was not reached, or gave no usable
answer. Whatever it refuses, and whatever a payer or a bank does, is an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.transaction import atomic

from connectors.payments.errors import GatewayError, NeverReached, OutcomeUnknown, RateLimited
from kernel import clock
from shared_apps.payments.models import Circuit

ORDER, FETCH, REFUND = "order_create", "payments_fetch", "refund_create"
OPENS_AFTER = 5
REST = timedelta(seconds=30)
# Failures further apart than this are not in a row.
STALE = timedelta(minutes=5)


class CircuitOpen(GatewayError):
    """The gateway was not asked: it has failed too often just now."""


@contextmanager
def guarded(gateway: str, operation: str) -> Iterator[None]:
    """Around one call of a gateway. Raises CircuitOpen instead of asking one that does not answer."""
    if not circuit_pass(gateway=gateway, operation=operation):
        raise CircuitOpen(f"{gateway} does not answer {operation}")
    with counted(gateway, operation):
        yield


@contextmanager
def counted(gateway: str, operation: str) -> Iterator[None]:
    """Around one call of a gateway that is asked whatever its circuit says."""
    try:
        yield
    except (NeverReached, OutcomeUnknown):
        _failed(gateway, operation)
        raise
    except RateLimited as error:
        # Too many questions are no failure, but it said when it wants to be asked again.
        _worked(gateway, operation, rest=timedelta(seconds=error.retry_after or 0))
        raise
    except GatewayError:
        _worked(gateway, operation)
        raise
    _worked(gateway, operation)


def circuit_pass(*, gateway: str, operation: str) -> bool:
    """Whether the caller may ask. Of all who come once an open circuit has rested, one may: who does is the probe."""
    circuit = Circuit.objects.filter(gateway=gateway, operation=operation).first()
    if circuit is None or circuit.open_until is None:
        return True
    now = clock.now()
    rested = Circuit.objects.filter(id=circuit.id, open_until__lte=now)
    return bool(rested.update(open_until=now + REST, updated_at=now))


def _failed(gateway: str, operation: str) -> None:
    now = clock.now()
    with atomic():
        Circuit.objects.bulk_create(
            [Circuit(gateway=gateway, operation=operation, updated_at=now)], ignore_conflicts=True
        )
        row = Circuit.objects.select_for_update().get(gateway=gateway, operation=operation)
        in_a_row = row.failed_at is not None and row.failed_at > now - STALE
        row.failures = row.failures + 1 if in_a_row or row.open_until else 1
        row.failed_at = row.updated_at = now
        if row.failures >= OPENS_AFTER:
            row.open_until = now + REST
        row.save(update_fields=["failures", "failed_at", "open_until", "updated_at"])


def _worked(gateway: str, operation: str, *, rest: timedelta = timedelta()) -> None:
    now = clock.now()
    until = now + rest if rest else None
    if until is not None:
        new = Circuit(gateway=gateway, operation=operation, updated_at=now)
        Circuit.objects.bulk_create([new], ignore_conflicts=True)
    spoiled = Circuit.objects.filter(gateway=gateway, operation=operation)
    if until is None:
        spoiled = spoiled.exclude(failures=0, open_until=None)
    spoiled.update(failures=0, open_until=until, updated_at=now)
