"""Reads the code a person was sent, out of the event that asked for it: sealed there, plain nowhere."""

from typing import Any

from kernel import jobs
from kernel.jobs.models import Job
from kernel.sealing import unseal
from kernel.tenancy import Business, business_scope, platform_scope
from shared_apps.accounts.events import OtpWanted, PasswordLinkWanted


@jobs.on(OtpWanted, name="tests.otp_wanted")
def otp_wanted(*, event: OtpWanted) -> None:
    """Subscribes, so that the event leaves a job to read."""


@jobs.on(PasswordLinkWanted, name="tests.password_link_wanted")
def password_link_wanted(*, event: PasswordLinkWanted) -> None:
    """Subscribes, so that the event leaves a job to read."""


def events(business: Business, handler: str) -> list[dict[str, Any]]:
    """The events of one business that reached a subscriber, oldest first."""
    with platform_scope():
        rows = Job.objects.filter(business=business.schema, handler=handler).order_by("id")
        return [args["event"] for args in rows.values_list("args", flat=True)]


def codes_sent(business: Business, address: str) -> list[str]:
    """Every code sent to a phone or e-mail address, oldest first."""
    wanted = [e for e in events(business, "tests.otp_wanted") if address in (e["phone"], e["email"])]
    with business_scope(business):
        return [unseal(event["code_sealed"], context="accounts.otp") for event in wanted]


def code_sent(business: Business, address: str) -> str:
    """The latest of them."""
    return codes_sent(business, address)[-1]


def links_sent(business: Business, email: str) -> list[str]:
    """The token of every password link sent to an address, oldest first."""
    wanted = [e for e in events(business, "tests.password_link_wanted") if e["email"] == email]
    with business_scope(business):
        return [unseal(event["token_sealed"], context="accounts.password") for event in wanted]
