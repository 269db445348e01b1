"""A tenant's view of its credits. Each view crosses to the operator's side for one read or one order."""

from contextlib import AbstractContextManager

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel import audit
from kernel.http import etag
from kernel.http.actor import Actor
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, idempotent_in_phases, row, rows
from kernel.tenancy import Business, current, platform_scope
from kernel.tenancy.states import Door
from shared_apps.accounts import selectors as accounts
from shared_apps.credits import errors, selectors, services
from shared_apps.credits.models import Channel
from shared_apps.payments import errors as refusals
from shared_apps.payments import selectors as paid
from shared_apps.payments import services as payments
from shared_apps.payments.purposes import Payer


class WalletOut(Output):
    channel = serializers.CharField()
    available = serializers.IntegerField()
    held = serializers.IntegerField()
    consumed = serializers.IntegerField()
    low_at = serializers.IntegerField()
    is_low = serializers.BooleanField()
    unit_price = serializers.IntegerField(help_text="hundredths of a paisa")


class WalletsOut(Output):
    wallets = WalletOut(many=True)


class MovementOut(Output):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    kind = serializers.CharField(help_text="allocation, sale, hold, consume or release")
    channel = serializers.CharField()
    units = serializers.IntegerField(source="amount")
    hold = serializers.UUIDField(source="hold_id", allow_null=True)
    reference = serializers.CharField()


class OrderOut(Output):
    id = serializers.UUIDField()
    channel = serializers.CharField()
    units = serializers.IntegerField()
    unit_price = serializers.IntegerField(help_text="hundredths of a paisa")
    amount_paise = serializers.IntegerField()
    state = serializers.CharField(help_text="placed, paid or filled")
    placed_at = serializers.DateTimeField()
    filled_at = serializers.DateTimeField(allow_null=True)


class CheckoutOut(serializers.Serializer):
    """What the payer's browser needs, on the operator's own gateway account."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    state = serializers.CharField()
    amount_paise = serializers.IntegerField()
    currency = serializers.CharField()
    description = serializers.CharField()
    gateway = serializers.CharField()
    order = serializers.CharField(help_text="The gateway's own id of the order.")
    environment = serializers.CharField()
    checkout = serializers.DictField()
    expires_at = serializers.DateTimeField()


class OrderedOut(OrderOut):
    payment = CheckoutOut()


class OrderIn(Input):
    channel = serializers.ChoiceField(Channel.choices, default=Channel.SMS)
    units = serializers.IntegerField(min_value=1, max_value=10_000_000)


class WalletView(ApiView):
    permission = {"GET": "credits.view"}
    door = Door.PLATFORM_BILL

    @api("Show the wallets", responses=WalletsOut)
    def get(self, request: Request) -> Response:
        business = current()
        with crossing(business):
            wallets = [
                {
                    "channel": one.channel,
                    "available": one.available,
                    "held": one.held,
                    "consumed": one.consumed,
                    "low_at": one.low_at,
                    "is_low": one.is_low,
                    "unit_price": selectors.unit_price(business=business, channel=one.channel),
                }
                for one in selectors.wallets(schema=business.schema)
            ]
        return Response({"wallets": wallets})


class LedgerView(ApiView):
    permission = {"GET": "credits.view"}

    @api(
        "List every movement of the wallets",
        responses=MovementOut(many=True),
        filters={"kind": "kind", "channel": "channel"},
        dated="at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        business = current()
        with crossing(business):
            return rows(selectors.journal(schema=business.schema), MovementOut, request)


class PurchaseView(ApiView):
    permission = {"GET": "credits.view", "POST": "credits.purchase"}
    door = Door.PLATFORM_BILL

    @api(
        "List orders of credits",
        responses=OrderOut(many=True),
        filters={"state": "state__in", "channel": "channel"},
        dated="placed_at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        business = current()
        with crossing(business):
            return rows(selectors.orders_of(schema=business.schema), OrderOut, request)

    @api(
        "Order credits and ask to pay the operator for them; they come once the payment has settled",
        request=OrderIn,
        responses={201: OrderedOut},
        errors=[
            errors.OrderTooSmall,
            errors.StockShort,
            refusals.AlreadyPaid,
            refusals.PhoneNeeded,
            refusals.UnderWay,
            refusals.NoGateway,
            refusals.GatewayRefused,
        ],
    )
    @idempotent_in_phases
    def post(self, request: Request) -> HttpResponseBase:
        facts = OrderIn.parse(request)
        business = current()
        key = request.idempotency_id
        payer, back = buyer(request.user), f"{payments.home()}/"
        with crossing(business):
            order = services.order_place(business=business, **facts, key=key)
        changes = {name: [None, value] for name, value in facts.items()}
        audit.record(action="credits.order", subject_type="order", subject_id=order.id, changes=changes)
        with crossing(business):
            payment = services.order_pay(order=order, payer=payer, return_url=back)
            shown = row(selectors.orders_of(schema=business.schema).filter(id=order.id), OrderOut)
            shown["payment"] = paid.checkout_of(payment)
        return etag.answer(request, shown, status=201)


def crossing(business: Business) -> AbstractContextManager[Business]:
    return platform_scope(on_behalf_of=business, purpose="credits.buy")


def buyer(actor: Actor) -> Payer:
    """Who pays for the business: the person who orders. Raises PhoneNeeded."""
    user = accounts.user_by_id(actor.user_id) if actor.user_id else None
    if user is None or not user.phone:
        raise refusals.PhoneNeeded
    return Payer(id=user.id, name=user.name, phone=user.phone, email=user.email or "")
