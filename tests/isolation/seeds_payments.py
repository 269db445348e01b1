"""What both sides hold of money: accounts at the gateways' stand-in, dues, payments in every state the doors ask for."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from connectors.sandbox.client import SandboxClient
from kernel import clock, inbox
from kernel.ids import uuid7
from kernel.inbox import receive
from kernel.sealing import seal
from kernel.tenancy import Business, business_scope, platform_business, tenant_scope
from tests.isolation.world import World, jobs_carry_out
from tests.support.days import local_today

_DUES = ("due", "due_cancelled", "due_paid", "due_refunded", "due_pending", "due_small", "due_asked", "due_together")
GATEWAYS = ("cashfree", "razorpay")


def secrets_of(business: Business, gateway: str) -> tuple[str, str]:
    """The key's secret and the one callbacks are signed with."""
    name = f"{gateway} of {business.public_id}"
    return f"secret {name}", f"webhook {name}"


def accounts_seed(world: World, business: Business, keep: str = "account") -> None:
    from shared_apps.payments import services

    sandbox: SandboxClient = world.sandbox
    for gateway in GATEWAYS:
        key_id = f"{'rzp_test_' if gateway == 'razorpay' else 'TEST'}{uuid7().hex[-12:]}"
        secret, webhook = secrets_of(business, gateway)
        sandbox.account(gateway, key_id, secret, webhook_secret=webhook, account_id=f"acc_{business.public_id}")
        with business_scope(business):
            account = services.account_save(
                gateway=gateway,
                environment="sandbox",
                key_id=key_id,
                key_secret=secret,
                webhook_secret=webhook if gateway == "razorpay" else "",
                account_id=f"acc_{business.public_id}" if gateway == "razorpay" else "",
                label="canary-A account",
            )
        world.keep(**{f"{keep}_{gateway}": account})
    world.ids["key_new"] = f"rzp_test_{uuid7().hex[-12:]}"


def accounts_reseal(world: World) -> None:
    """What is sealed opens in its own business only, so the twin's accounts get secrets of its own."""
    from shared_apps.payments.models import GatewayAccount

    with tenant_scope(world.away):
        for account in GatewayAccount.objects.all():
            secret, webhook = secrets_of(world.away, account.gateway)
            account.key_secret = seal(secret, context="payments.key_secret")
            account.webhook_secrets = [
                seal(webhook, context="payments.webhook_secret") for _ in account.webhook_secrets
            ]
            account.save(update_fields=["key_secret", "webhook_secrets"])


def dues_seed(world: World) -> None:
    from shared_apps.payments.models import Circuit
    from tenant_apps.fees import services

    accounts_seed(world, world.home)
    with tenant_scope(world.home):
        # A gateway that failed once and answers again.
        Circuit.objects.create(gateway="cashfree", operation="refund_create")
        for number, name in enumerate(_DUES):
            due = services.due_create(
                student=world.uuid("student"),
                title=f"canary-A {name}",
                amount_paise=150_000 + number if name != "due_small" else 45_000,  # cheaper at the other gateway
                due_on=local_today() + timedelta(days=30),
            )
            world.keep(**{name: due})
        services.bundle_make(dues=[world.uuid("due_together")], key="canary-A")
    for name in ("paid", "refunded", "pending", "small"):
        payment_seed(world, name)
    for name in ("paid", "refunded"):
        _pay(world, world.home, f"payment_{name}")
    jobs_carry_out(world.home, "fees.fees_settle")
    _refund(world)
    callback_seed(world)


def callback_seed(world: World) -> None:
    """A gateway's callback that was believed and waits to be worked on."""
    from shared_apps.payments import selectors

    with tenant_scope(world.home):
        reference = next(iter(selectors.attempts_of(world.uuid("payment_small")))).client_ref
    body, headers = signed_callback(world.home, "razorpay", reference, note="canary-A waits")
    arrival = receive.Arrival(world.home, inbox.sources.sources()["payments/webhook/razorpay"], headers, body)
    (job,) = receive._store([(arrival, inbox.accepted("canary-A pays", "order.paid"))])
    world.keep(callback_gateway=job, payment_of_order=uuid7())


def payment_seed(world: World, name: str) -> None:
    """Ask for the payment of a due through the door."""
    body = {"purpose": "fees.due", "reference": world.ids[f"due_{name}"]}
    asked = world.asked("owner", "payments/create", body)
    world.ids |= {f"payment_{name}": asked["id"], f"reference_{name}": asked["reference"]}
    world.ids[f"long_name_{name}"] = asked["reference"].partition("-")[2]


def _pay(world: World, business: Business, name: str) -> None:
    from shared_apps.payments import selectors, services
    from shared_apps.payments.models import GatewayPayment

    with business_scope(business):
        attempt = list(selectors.attempts_of(world.uuid(name)))[-1]
        order, state = attempt.gateway_order_id, "captured"
        if attempt.gateway == "cashfree":
            order, state = attempt.client_ref, "SUCCESS"
        world.sandbox.pay(attempt.gateway, order, state)
        assert services.payment_refresh(payment=world.uuid(name)).state == "paid"
        world.keep(**{f"money_{name}": GatewayPayment.objects.get(payment=world.uuid(name))})


def _refund(world: World) -> None:
    from shared_apps.payments import services

    with tenant_scope(world.home):
        refund = services.refund_request(
            payment=world.uuid("payment_refunded"), key="canary-A", amount_paise=100, reason="canary-A"
        )
    world.keep(refund=refund)


def operator_payments_seed(world: World) -> None:
    """The operator's own accounts, a payment that was asked for and one that was made."""
    from shared_apps.payments import purposes, services
    from shared_apps.payments.purposes import Payer, Quote

    platform = platform_business()
    accounts_seed(world, platform, keep="operators")
    payer = Payer(id=world.uuid("owner_user"), name="canary-A owner", phone="+919812345678")
    quote = Quote(amount_paise=150_000, description="canary-A credits", payer=payer)
    purposes.register("tests.canary", quote=lambda actor, reference: quote, side="platform")
    for name in ("pending", "paid"):
        with business_scope(platform):
            payment = services.payment_create(purpose="tests.thing", subject=str(uuid7()), quote=quote)
        world.keep(**{f"operators_payment_{name}": payment})
        world.ids[f"operators_reference_{name}"] = payment.reference
    _pay(world, platform, "operators_payment_paid")


def signed_callback(
    business: Business, gateway: str, reference: str, *, note: str = "canary-A"
) -> tuple[bytes, dict[str, str]]:
    """A gateway's callback about an order of ours, as it signs for this business: body and headers."""
    secret, webhook = secrets_of(business, gateway)
    document: dict[str, Any]
    if gateway == "razorpay":
        order = {"entity": {"id": "order_of_nobody", "receipt": reference}}
        document = {"event": "order.paid", "account_id": f"acc_{business.public_id}", "payload": {"order": order}}
        body = json.dumps(document | {"note": note}).encode()
        return body, {"x-razorpay-signature": hmac.digest(webhook.encode(), body, hashlib.sha256).hex()}
    document = {"type": "PAYMENT_SUCCESS_WEBHOOK", "data": {"order": {"order_id": reference}, "payment": {}}}
    body = json.dumps(document | {"note": note}).encode()
    stamp = str(int(clock.now().timestamp() * 1000))
    signature = base64.b64encode(hmac.digest(secret.encode(), stamp.encode() + body, hashlib.sha256)).decode()
    return body, {"x-webhook-timestamp": stamp, "x-webhook-signature": signature}
