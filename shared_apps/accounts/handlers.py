"""The work accounts does unasked."""

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
