"""The work accounts does unasked."""

from uuid import UUID

from kernel import jobs

from . import services


@jobs.handler("accounts.forget")
def accounts_forget() -> dict[str, int]:
    """Blank expired codes, drop counts nobody needs; answers how many rows that touched."""
    return {
        "codes": services.otp_forget(),
        "attempts": services.attempts_expire(),
        "counts": services.counts_expire(),
    }


@jobs.handler("accounts.support_close", when_suspended=True)
def accounts_support_close(*, visit: str) -> None:
    """Its hour has come: the visit's sign-in ends, and its sockets with it."""
    services.support_end(visit=UUID(visit), because="time")
