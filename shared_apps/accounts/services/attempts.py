"""Guesses at passwords and second factors, counted in the database before they are looked at: racers share one count.

Counted per e-mail address or person, not per client: a client that guesses at many is the rate limit's to stop.
"""

import hashlib
from datetime import timedelta

from django.db import connection, transaction

from kernel import clock

from ..errors import LoginLocked, Wait
from ..models import LoginAttempts

# OWASP's advice is a short lock that ends by itself, so that nobody can lock a colleague out for long.
GUESSES = 5
WINDOW = timedelta(minutes=5)
KEPT = timedelta(hours=1)


def attempt_count(*, subject: str, window: timedelta = WINDOW, refusal: type[Wait] = LoginLocked) -> None:
    """Count one guess and commit it. Raises `refusal` (`retry_after` seconds) beyond five in a window."""
    now = clock.now()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_loginattempts AS known (subject, failures, began_at)
            VALUES (%(subject)s, 1, %(now)s)
            ON CONFLICT (subject) DO UPDATE SET
                failures = CASE WHEN known.began_at <= %(past)s THEN 1
                                ELSE least(known.failures + 1, %(locked)s) END,
                began_at = CASE WHEN known.began_at <= %(past)s THEN EXCLUDED.began_at ELSE known.began_at END
            RETURNING failures, began_at
            """,
            {"subject": _digest(subject), "now": now, "past": now - window, "locked": GUESSES + 1},
        )
        failures, began_at = cursor.fetchone()
    if failures > GUESSES:
        raise refusal(retry_after=int((began_at + window - now).total_seconds()) + 1)


def attempts_forget(*, subject: str) -> None:
    """The right answer was given: earlier slips no longer count."""
    LoginAttempts.objects.filter(subject=_digest(subject)).delete()


def attempts_expire() -> int:
    """Delete counts whose window is long over; how many."""
    deleted, _ = LoginAttempts.objects.filter(began_at__lte=clock.now() - KEPT).delete()
    return deleted


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
