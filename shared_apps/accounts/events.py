"""What accounts tells the apps above it."""

from kernel import jobs


class OtpWanted(jobs.Event):
    """A person waits for a code. `code_sealed` opens with context `accounts.otp`; `expires_at` is ISO 8601.

    Exactly one of `phone` (E.164) and `email` is set.
    """

    name = "accounts.otp_wanted"

    phone: str
    code_sealed: str
    purpose: str
    expires_at: str
    email: str = ""


class PasswordLinkWanted(jobs.Event):
    """A person is to choose a password. `token_sealed` opens with context `accounts.password`; `reason`: invite, reset.

    The token is spent by POST auth/password/reset with `token` and `password`.
    """

    name = "accounts.password_link_wanted"

    user: str
    email: str
    person: str
    reason: str
    token_sealed: str
    expires_at: str
