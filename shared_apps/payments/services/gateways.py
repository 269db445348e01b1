"""The business's accounts at gateways, what they charge, and the client that speaks for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.transaction import atomic

from connectors.payments import Credentials, Gateway, Limits, PaymentGateway, gateway_for
from connectors.payments.errors import GatewayError, Rejected
from kernel import audit, clock
from kernel.observe.context import not_for_support
from kernel.sealing import seal, unseal
from kernel.tenancy import current
from kernel.tenancy.scope import in_transaction
from shared_apps.payments.errors import AccountInvalid, AccountTaken
from shared_apps.payments.models import FeeSchedule, GatewayAccount

_KEY, _WEBHOOK = "payments.key_secret", "payments.webhook_secret"
# How long a replaced secret still verifies: Razorpay repeats a callback for a day, Cashfree for less.
ROTATION = timedelta(hours=24)
# What the gateways charge unless the business has agreed on something else. Percent, paise, GST percent.
_CHARGES = {
    "cashfree": (Decimal("1.5"), 300, Decimal("18")),
    "razorpay": (Decimal("2"), 0, Decimal("18")),
}
_SANDBOXES = {"https://api.cashfree.com/pg": "https://sandbox.cashfree.com/pg"}


@dataclass(frozen=True, slots=True)
class Charges:
    """What a gateway takes of a payment: percent of the amount, plus paise, plus GST on both."""

    percent: Decimal
    fixed_paise: int
    gst_percent: Decimal


def credentials_of(account: GatewayAccount) -> Credentials:
    """The account with its secrets opened. Raises ValueError as `Credentials` does."""
    return _credentials(
        gateway=account.gateway,
        environment=account.environment,
        key_id=account.key_id,
        key_secret=unseal(account.key_secret, context=_KEY),
        webhook_secrets=[
            unseal(one, context=_WEBHOOK) for one in [*account.webhook_secrets, *_retired(account.retired_secrets)]
        ],
        account_id=account.account_id,
    )


def client_of(account: GatewayAccount) -> PaymentGateway:
    """The gateway, speaking for this account. Nobody waits for a gateway with a transaction open."""
    if in_transaction():
        raise RuntimeError("a gateway is never asked inside a transaction")
    limits = Limits(read_s=settings.GATEWAY_READ_SECONDS)
    return gateway_for(credentials_of(account), limits)


def account_save(
    *,
    gateway: str,
    environment: str,
    key_id: str,
    key_secret: str,
    webhook_secret: str = "",
    account_id: str = "",
    label: str = "",
    charges: Charges | None = None,
) -> GatewayAccount:
    """Add the business's account at a gateway, as the one used from now on; the one before is turned off.

    What runs through that one goes on there. Raises AccountInvalid, AccountTaken for a key that is here already.

    Razorpay needs a webhook secret; Cashfree signs with the key's own. Unless `charges` are named, the usual ones
    are written down where there are none.
    """
    not_for_support()
    secrets = [webhook_secret] if webhook_secret else []
    _checked(
        gateway=gateway,
        environment=environment,
        key_id=key_id,
        key_secret=key_secret,
        webhook_secrets=secrets,
        account_id=account_id,
    )
    with atomic():
        _others_off(gateway)
        try:
            with atomic():
                account = GatewayAccount.objects.create(
                    gateway=gateway,
                    environment=environment,
                    key_id=key_id,
                    key_secret=seal(key_secret, context=_KEY),
                    webhook_secrets=[seal(one, context=_WEBHOOK) for one in secrets],
                    account_id=account_id,
                    label=label or gateway.title(),
                )
        except IntegrityError as error:
            raise AccountTaken(field="gateway") from error
        if charges is not None or not FeeSchedule.objects.filter(gateway=gateway).exists():
            charges_set(gateway=gateway, charges=charges or Charges(*_CHARGES[gateway]))
        audit.record(
            action="payments.account_add",
            subject_type="gateway_account",
            subject_id=str(account.id),
            changes={"gateway": [None, gateway], "key_id": [None, key_id], "environment": [None, environment]},
        )
    return account


def account_change(
    *,
    account: UUID,
    label: str | None = None,
    state: str | None = None,
    key_secret: str | None = None,
    webhook_secret: str | None = None,
    account_id: str | None = None,
    charges: Charges | None = None,
) -> GatewayAccount:
    """Change an account; a replaced secret verifies callbacks for ROTATION more, and nothing afterwards.

    Of a gateway's accounts one is active: turning one on turns the other off. Raises AccountInvalid.
    """
    not_for_support()
    with atomic():
        row = GatewayAccount.objects.select_for_update().get(id=account)
        before = credentials_of(row)
        signing = [unseal(one, context=_WEBHOOK) for one in row.webhook_secrets]
        secrets = signing if webhook_secret is None else [webhook_secret]
        secret = before.key_secret if key_secret is None else key_secret
        replaced = [one for one in signing if one not in secrets]
        if row.gateway == Gateway.CASHFREE and secret != before.key_secret:
            replaced.append(before.key_secret)
        named = row.account_id if account_id is None else account_id
        _checked(
            gateway=row.gateway,
            environment=row.environment,
            key_id=row.key_id,
            key_secret=secret,
            webhook_secrets=secrets,
            account_id=named,
        )
        values: dict[str, Any] = {"account_id": named, "updated_at": clock.now()}
        values |= {name: value for name, value in (("label", label), ("state", state)) if value is not None}
        changes = {name: [getattr(row, name), value] for name, value in values.items() if name != "updated_at"}
        changes |= {"key_secret": ["", "new"]} if key_secret is not None else {}
        changes |= {"webhook_secret": ["", "new"]} if webhook_secret is not None else {}
        values["key_secret"] = seal(secret, context=_KEY)
        values["webhook_secrets"] = [seal(one, context=_WEBHOOK) for one in secrets]
        if replaced:
            values |= {"retired_secrets": _retire(row, replaced), "secret_version": row.secret_version + 1}
        if values.get("state") == GatewayAccount.State.ACTIVE:
            _others_off(row.gateway)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        if charges is not None:
            charges_set(gateway=row.gateway, charges=charges)
        audit.record(
            action="payments.account_change",
            subject_type="gateway_account",
            subject_id=str(account),
            changes={name: pair for name, pair in changes.items() if pair[0] != pair[1]},
        )
    return row


def charges_set(*, gateway: str, charges: Charges) -> FeeSchedule:
    """Write down what a gateway charges from today on; payments made before keep what was reckoned for them."""
    schedule, _ = FeeSchedule.objects.update_or_create(
        gateway=gateway,
        method="",
        effective_from=clock.today(),
        defaults={
            "percent": charges.percent,
            "fixed_paise": charges.fixed_paise,
            "gst_percent": charges.gst_percent,
        },
    )
    return schedule


def account_test(*, account: GatewayAccount) -> dict[str, Any]:
    """Ask the gateway for an order it cannot have: whether it can be reached and believes the credentials.

    `words` are the gateway's own where it said something.
    """
    try:
        client_of(account).order_fetch(reference=f"{current().public_id}-test")
    except Rejected as error:
        return {"works": False, "reason": type(error).__name__, "words": error.message[:300]}
    except GatewayError as error:
        return {"works": False, "reason": type(error).__name__, "words": ""}
    return {"works": True, "reason": "", "words": ""}


def _retire(row: GatewayAccount, replaced: list[str]) -> list[dict[str, str]]:
    """The replaced secrets of an account with those just replaced, each until its time is over."""
    until = (clock.now() + ROTATION).isoformat()
    still = [one for one in row.retired_secrets if datetime.fromisoformat(one["until"]) > clock.now()]
    return [*({"secret": seal(one, context=_WEBHOOK), "until": until} for one in replaced), *still]


def _retired(secrets: list[dict[str, str]]) -> list[str]:
    return [one["secret"] for one in secrets if datetime.fromisoformat(one["until"]) > clock.now()]


def _others_off(gateway: str) -> None:
    active = GatewayAccount.objects.filter(gateway=gateway, state=GatewayAccount.State.ACTIVE)
    active.update(state=GatewayAccount.State.OFF, updated_at=clock.now())


def _checked(**facts: Any) -> None:
    try:
        _credentials(**facts)
    except ValueError as error:
        raise AccountInvalid(str(error)) from error


def _credentials(
    *, gateway: str, environment: str, key_id: str, key_secret: str, webhook_secrets: list[str], account_id: str
) -> Credentials:
    url = {"cashfree": settings.CASHFREE_BASE_URL, "razorpay": settings.RAZORPAY_BASE_URL}[gateway]
    if environment == "sandbox":
        url = _SANDBOXES.get(url, url)
    return Credentials(
        gateway=Gateway(gateway),
        key_id=key_id,
        key_secret=key_secret,
        webhook_secrets=tuple(webhook_secrets),
        environment=cast(Literal["sandbox", "production"], environment),
        base_url=url,
        account_id=account_id,
    )
