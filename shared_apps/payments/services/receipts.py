"""Receipt numbers: one series for each financial year, whatever the money came by."""

from django.db import connection

from kernel import clock


def receipt_next() -> str:
    """The next number of the financial year, April to March: `A/2026-27/000001`. Gapless: it rolls back with us."""
    today = clock.today()
    year = today.year if today.month >= 4 else today.year - 1
    prefix = f"A/{year}-{(year + 1) % 100:02d}"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_receiptseries (prefix, last) VALUES (%s, 1)"
            " ON CONFLICT (prefix) DO UPDATE SET last = payments_receiptseries.last + 1 RETURNING last",
            [prefix],
        )
        return f"{prefix}/{cursor.fetchone()[0]:06d}"
