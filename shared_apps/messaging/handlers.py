"""The work messaging does unasked: codes and links to send, queues to empty, reports to book, silence to settle."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connectors.sms.errors import MalformedReport
from connectors.sms.port import Report
from kernel import inbox, jobs
from kernel.http.actor import Actor
from kernel.money import rupees
from kernel.sealing import unseal
from kernel.tenancy import Business, TenancyError, business_by_host, business_by_schema, current, platform_business
from shared_apps.accounts import selectors as accounts
from shared_apps.accounts.events import OtpWanted, PasswordLinkWanted
from shared_apps.credits import selectors as credits
from shared_apps.credits.events import CreditsLow
from shared_apps.payments import selectors as payments
from shared_apps.payments.events import PaymentSettled

from . import services
from .models import Channel, Kind, Priority
from .services import Told, Wanted
from .services.vendors import vendor_named

_REPORTS_IN_ONE_JOB = 100


@jobs.on(OtpWanted, priority=jobs.URGENT, when_read_only=True)
def otp_send(*, event: OtpWanted) -> None:
    """A person waits for a code: it overtakes everything and is no use once it has expired."""
    services.message_queue(
        template="otp",
        to=event.phone or event.email,
        channel=Channel.SMS if event.phone else Channel.EMAIL,
        values={"code": unseal(event.code_sealed, context="accounts.otp")},
        key=f"otp:{event.id}",
        priority=Priority.URGENT,
        expires_at=datetime.fromisoformat(event.expires_at),
    )


@jobs.on(PasswordLinkWanted, priority=jobs.HIGH, when_read_only=True)
def password_link_send(*, event: PasswordLinkWanted) -> None:
    """Mail the link by which a password is chosen; it leads to the business's permanent host."""
    here = current()
    host = settings.DOMAIN if here.is_platform else f"{here.public_id}.{settings.DOMAIN}"
    token = unseal(event.token_sealed, context="accounts.password")
    services.message_queue(
        template=event.reason,
        to=event.email,
        channel=Channel.EMAIL,
        values={"name": event.person, "link": f"{settings.SCHEME}://{host}/password?token={token}"},
        key=f"password:{event.id}",
        priority=Priority.HIGH,
        expires_at=datetime.fromisoformat(event.expires_at),
    )


@jobs.on(PaymentSettled, when_suspended=True)
def payment_tell(*, event: PaymentSettled) -> None:
    """Tell the payer that the money is here and under which receipt: by SMS, and by e-mail where one is known."""
    payment = payments.payment_get(Actor(kind="job"), UUID(event.payment))
    values = {"amount": f"{rupees(event.amount_paise):.2f}", "receipt": event.receipt}
    for channel, to in ((Channel.SMS, payment.payer_phone), (Channel.EMAIL, payment.payer_email)):
        if to:
            services.message_queue(
                template="payment",
                channel=channel,
                to=to,
                values=values,
                key=f"payments.settled:{event.payment}:{channel}",
                priority=Priority.HIGH,
            )


@jobs.on(CreditsLow, atomic=False)
def credits_low_tell(*, event: CreditsLow) -> None:
    """Tell who can buy: the tenant's owners of their own wallet, the operator's people of any."""
    whose = business_by_schema(event.schema)
    role = "finance" if current().is_platform else "owner"
    values = {"available": event.available, "units": event.channel.upper(), "business": whose.name}
    with transaction.atomic():
        people = list(accounts.users_with_role(role).values_list("id", "email"))
        services.messages_queue(
            wanted=[
                Wanted(
                    template="credits_low",
                    channel=Channel.EMAIL,
                    to=email,
                    person=person,
                    values=values,
                    kind=Kind.ALERT,
                    key=f"credits_low:{event.id}:{person}",
                )
                for person, email in people
                if email
            ]
        )
        services.notification_send(
            users=[person for person, _ in people],
            title=f"{event.available} {event.channel.upper()} credits are left at {whose.name}",
            level="warning",
            link="/credits",
        )


@jobs.handler("messaging.send", atomic=False, when_read_only=True)
def messages_send(*, upto: int = int(Priority.LOW)) -> dict[str, int]:
    """Send what is due of this priority or more urgent. Counts: batches by how they ended."""
    return services.messages_send(upto=upto)


@jobs.handler("messaging.sweep", atomic=False, when_read_only=True)
def messages_sweep() -> dict[str, int]:
    """Settle what nobody answered for, and send what no job has picked up. Counts: unknown, released, batches."""
    settled = services.unknown_settle()
    return {**settled, **services.messages_send()}


@jobs.handler("messaging.reports_receive", atomic=False, when_suspended=True)
def reports_receive(*, callback: str) -> dict[str, int]:
    """Lead each report of a callback to its tenant: by our own reference, else by the vendor's."""
    received = inbox.read(callback)
    vendor = vendor_named(received.source)
    if vendor is None:
        inbox.finish(callback, "ignored", "messaging.vendor_unknown")
        return {"reports": 0}
    try:
        reports = vendor.reports(received.headers, received.body)
    except MalformedReport:
        inbox.finish(callback, "failed", "messaging.report_malformed")
        return {"reports": 0}
    owners: dict[str, tuple[Business, list[Told]]] = {}
    strangers = 0
    for report in reports:
        owner = _owner(received.source, report)
        if owner is None:
            strangers += 1
            continue
        owners.setdefault(owner.schema, (owner, []))[1].append(services.told(received.source, report))
    with transaction.atomic():
        for owner, theirs in owners.values():
            for start in range(0, len(theirs), _REPORTS_IN_ONE_JOB):
                jobs.put_for(
                    owner,
                    "messaging.reports_apply",
                    reports=[asdict(one) for one in theirs[start : start + _REPORTS_IN_ONE_JOB]],
                    dedupe=f"reports:{callback}:{start}",
                )
        outcome = "processed" if owners else "ignored"
        inbox.finish(callback, outcome, "" if owners else "messaging.nobodys")  # type: ignore[arg-type]
    return {"reports": len(reports), "strangers": strangers}


@jobs.handler("messaging.reports_apply", when_suspended=True)
def reports_apply(*, reports: list[dict[str, Any]]) -> dict[str, int]:
    """Book reports of this business. Counts by what each message became."""
    became = Counter(services.report_apply(report=Told(**report)) for report in reports)
    return {str(state): count for state, count in became.items()}


def _owner(vendor: str, report: Report) -> Business | None:
    """Whose message a report is about. Our reference begins with the business's permanent name."""
    public_id, dot, _ = report.reference.partition(".")
    if dot and public_id == platform_business().public_id:
        return platform_business()
    if dot and (named := business_by_host(f"{public_id}.{settings.BARE_DOMAIN}")) is not None:
        # A host may also be a slug; only the permanent name is ours to have written.
        return named if named.public_id == public_id and not named.has_left else None
    known = credits.schema_for_reference(vendor, report.vendor_reference) if report.vendor_reference else None
    try:
        found = business_by_schema(known[0]) if known else None
    except TenancyError:
        return None
    return None if found is None or found.has_left else found
