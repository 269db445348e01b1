"""Guesses at passwords, counted in the database before they are looked at: racing guessers share one count.

Counted per e-mail address, not per client: a client that guesses at many is the rate limit's to stop.
"""

import hashlib
from datetime import timedelta

from django.db import connection, transaction

from kernel import clock

from ..errors import LoginLocked
from ..models import LoginAttempts

# OWASP's advice is a short lock that ends by itself, so that nobody can lock a colleague out for long.
GUESSES = 5
WINDOW = timedelta(minutes=5)


def attempt_count(*, email: str) -> None:
    """Count one guess and commit it. Raises LoginLocked (`retry_after` seconds) beyond five in five minutes."""
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
            {"subject": _digest(email), "now": now, "past": now - WINDOW, "locked": GUESSES + 1},
        )
        failures, began_at = cursor.fetchone()
    if failures > GUESSES:
        raise LoginLocked(retry_after=int((began_at + WINDOW - now).total_seconds()) + 1)


def attempts_forget(*, email: str) -> None:
    """The right password was given: earlier slips no longer count."""
    LoginAttempts.objects.filter(subject=_digest(email)).delete()


def attempts_expire() -> int:
    """Delete counts whose window is over; how many."""
    deleted, _ = LoginAttempts.objects.filter(began_at__lte=clock.now() - WINDOW).delete()
    return deleted


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()
