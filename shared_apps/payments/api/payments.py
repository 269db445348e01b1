"""Paying over HTTP: ask for a payment, come back from the gateway, look at it, give money back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.parsers import FormParser
from rest_framework.response import Response

from connectors.payments.errors import GatewayError, SignatureInvalid
from kernel.http.errors import NotFound
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import PUBLIC, ApiView, Input, Output, idempotent, idempotent_in_phases, row, rows
from shared_apps.payments import errors, purposes, selectors, services
from shared_apps.payments.models import Attempt, Payment, Refund
from shared_apps.payments.router import Decision

_SEE_OTHER = 303


class MoneyOutput(Output):
    gateway_payment_id = serializers.CharField()
    method = serializers.CharField()
    fee_paise = serializers.IntegerField(allow_null=True, help_text="Without GST; null until the gateway says.")
    tax_paise = serializers.IntegerField(allow_null=True)


class PaymentOutput(Output):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    purpose = serializers.CharField()
    subject = serializers.CharField(help_text="What was paid for, as its app names it.")
    description = serializers.CharField()
    amount_paise = serializers.IntegerField()
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=Payment.State.choices)
    payer = serializers.UUIDField(source="payer_id")
    payer_name = serializers.CharField()
    branch = serializers.UUIDField(allow_null=True)
    gateway = serializers.CharField(help_text="Blank until one is asked.")
    saved_paise = serializers.IntegerField(help_text="Against the dearest gateway that could have been asked.")
    refunded_paise = serializers.IntegerField()
    flagged = serializers.BooleanField(help_text="Money came that is not what was asked for.")
    receipt = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)


class PaymentDetail(PaymentOutput):
    money = MoneyOutput(source="winner", allow_null=True)


class CheckoutOutput(serializers.Serializer):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    state = serializers.ChoiceField(choices=Payment.State.choices)
    amount_paise = serializers.IntegerField()
    currency = serializers.CharField()
    description = serializers.CharField()
    gateway = serializers.CharField()
    order = serializers.CharField(help_text="The gateway's own id of the order.")
    environment = serializers.CharField()
    checkout = serializers.DictField(help_text="What the gateway's script needs; `page` is a stand-in's own page.")
    expires_at = serializers.DateTimeField()


class RouteCandidate(serializers.Serializer):
    gateway = serializers.CharField()
    fee_paise = serializers.IntegerField()
    gst_paise = serializers.IntegerField()
    total_paise = serializers.IntegerField()
    success = serializers.CharField(allow_null=True, help_text="Share of the last day's orders that brought money.")
    excluded = serializers.CharField(help_text="Why it could not be asked; blank: it could.")
    circuit = serializers.CharField(help_text="closed, open, half_open: how it answered lately.")


class AttemptOutput(Output):
    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    gateway = serializers.CharField()
    environment = serializers.CharField(source="account.environment")
    reference = serializers.CharField(source="client_ref")
    order = serializers.CharField(source="gateway_order_id")
    state = serializers.ChoiceField(choices=Attempt.State.choices)
    error = serializers.CharField()
    decision = serializers.JSONField(source="route")
    created_at = serializers.DateTimeField()


class RouteOutput(serializers.Serializer):
    """The latest decision, then every order tried with the decision that led to it."""

    payment = serializers.UUIDField()
    amount_paise = serializers.IntegerField()
    candidates = RouteCandidate(many=True)
    chosen = serializers.CharField()
    saved_paise = serializers.IntegerField()
    reason = serializers.CharField()
    attempts = AttemptOutput(many=True)


class RefundOutput(Output):
    id = serializers.UUIDField()
    payment = serializers.UUIDField(source="payment_id")
    reference = serializers.CharField()
    amount_paise = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Refund.Kind.choices)
    state = serializers.ChoiceField(choices=Refund.State.choices)
    reason = serializers.CharField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class GatewayStats(serializers.Serializer):
    gateway = serializers.CharField()
    orders = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()


class BooksOutput(serializers.Serializer):
    """In paise."""

    settled = serializers.IntegerField(help_text="What gateways and the desk brought, by the ledger.")
    receipts = serializers.IntegerField()
    refunds = serializers.IntegerField()
    surplus = serializers.IntegerField(help_text="Paid twice and not yet given back.")
    unmatched = serializers.IntegerField(help_text="Came in another amount than was asked for.")
    difference = serializers.IntegerField(help_text="0, or something is wrong.")


class StatsOutput(serializers.Serializer):
    payments = serializers.IntegerField()
    saved_paise = serializers.IntegerField()
    fee_paise = serializers.IntegerField()
    tax_paise = serializers.IntegerField()
    gateways = GatewayStats(many=True)
    books = BooksOutput()


class CreateInput(Input):
    purpose = serializers.CharField(max_length=50)
    reference = serializers.CharField(max_length=100, help_text="The id of the thing to be paid for.")
    return_path = serializers.RegexField(
        r"\A/(?![/\\])[\x21-\x5b\x5d-\x7e]*\Z",
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="Where on this host the payer's browser ends.",
    )
    elsewhere = serializers.BooleanField(
        default=False, help_text="Leave the order that is open, unless money is under way there, for another gateway."
    )


class VerifyInput(Input):
    payment = serializers.UUIDField()
    razorpay_order_id = serializers.CharField(max_length=64, required=False)
    razorpay_payment_id = serializers.CharField(max_length=64, required=False)
    razorpay_signature = serializers.CharField(max_length=200, required=False)


class RefundInput(Input):
    amount_paise = serializers.IntegerField(
        min_value=1, max_value=10**12, required=False, help_text="Left out: all that is left."
    )
    reason = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


NO_DECISION = Decision((), "", 0, "No gateway was asked yet.")
FILTERS = {
    "state": "state__in",
    "purpose": "purpose",
    "subject": "subject",
    "gateway": "gateway",
    "payer": "payer_id",
    "branch": "branch",
    "flagged": "flagged",
}


class Payments(ApiView):
    hosts = "both"
    permission = {"GET": "payments.view"}

    @api(
        "Payments",
        responses=PaymentOutput(many=True),
        search=("payer_name", "receipt", "reference", "description"),
        filters=FILTERS,
        dated="created_at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.payments_visible, PaymentOutput, request)


class PaymentCreate(ApiView):
    hosts = "both"
    permission = {"POST": "payments.create"}

    @api(
        "Ask to pay for something; the cheapest gateway is asked for an order, and asking again gives the same one",
        request=CreateInput,
        responses={201: CheckoutOutput},
        errors=[
            errors.PurposeUnknown,
            errors.AlreadyPaid,
            errors.AmountChanged,
            errors.AmountTooSmall,
            errors.PhoneNeeded,
            errors.UnderWay,
            errors.NoGateway,
            errors.GatewayRefused,
            NotFound,
        ],
    )
    @idempotent_in_phases
    def post(self, request: Request) -> Response:
        given = CreateInput.parse(request)
        path = given["return_path"]
        payment = services.payment_create(
            purpose=given["purpose"],
            subject=given["reference"],
            quote=purposes.quote_for(request.user, purpose=given["purpose"], reference=given["reference"]),
            created_by=request.user.user_id,
            return_url=f"{services.home()}{path}" if path else "",
            elsewhere=given["elsewhere"],
        )
        return Response(selectors.checkout_of(payment), status=201)


class PaymentVerify(ApiView):
    hosts = "both"
    permission = {"POST": "payments.view"}

    @api(
        "Ask the gateway how a payment stands; what the browser brought back is checked and never believed alone",
        request=VerifyInput,
        responses=PaymentDetail,
        errors=[NotFound, errors.ReturnForged],
    )
    def post(self, request: Request) -> Response:
        given = VerifyInput.parse(request)
        payment = selectors.payment_get(request.user, given.pop("payment"))
        try:
            returned_check(payment.id, given)
        except SignatureInvalid as error:
            raise errors.ReturnForged from error
        refreshed(payment.id)
        return Response(shown(request, payment.id))


class PaymentDetails(ApiView):
    hosts = "both"
    permission = {"GET": "payments.view"}

    @api("One payment", responses=PaymentDetail, errors=[NotFound])
    def get(self, request: Request, payment: UUID) -> Response:
        return Response(shown(request, payment))


class PaymentRoute(ApiView):
    hosts = "both"
    permission = {"GET": "payments.route"}

    @api("Why this gateway: what each would have charged, and every order tried", responses=RouteOutput)
    def get(self, request: Request, payment: UUID) -> Response:
        found = selectors.payment_get(request.user, payment)
        attempts = AttemptOutput(selectors.attempts_of(payment), many=True).data
        decision = attempts[-1]["decision"] if attempts else NO_DECISION.as_json()
        return Response({"payment": found.id, "amount_paise": found.amount_paise, **decision, "attempts": attempts})


class PaymentRefunds(ApiView):
    hosts = "both"
    permission = {"GET": "payments.view", "POST": "payments.refund"}

    @api(
        "What was given back of a payment",
        responses=RefundOutput(many=True),
        errors=[NotFound],
        filters={"state": "state__in"},
    )
    def get(self, request: Request, payment: UUID) -> HttpResponseBase:
        selectors.payment_get(request.user, payment)
        return rows(selectors.refunds_of(payment), RefundOutput, request)

    @api(
        "Give money back, whole or in part; the gateway is asked at once and the answer is shown here",
        request=RefundInput,
        responses={201: RefundOutput},
        errors=[
            NotFound,
            errors.NotRefundable,
            errors.RefundTooLarge,
            errors.RefundKeyReused,
            errors.RefundOverLimit,
        ],
    )
    @idempotent
    def post(self, request: Request, payment: UUID) -> Response:
        given = RefundInput.parse(request)
        found = selectors.payment_get(request.user, payment)
        services.refund_check_limit(request.user, payment=found.id, amount_paise=given.get("amount_paise"))
        refund = services.refund_request(
            payment=found.id,
            key=request.idempotency_id,
            amount_paise=given.get("amount_paise"),
            reason=given["reason"],
            created_by=request.user.user_id,
        )
        return Response(row(selectors.refunds_of(payment).filter(id=refund.id), RefundOutput), status=201)


class PaymentStats(ApiView):
    hosts = "both"
    permission = {"GET": "payments.books"}

    @api("How payments go, and whether the books agree", responses=StatsOutput)
    def get(self, request: Request) -> Response:
        return Response(selectors.stats())


class PaymentReturn(ApiView):
    """Where the payer's browser lands after the hosted checkout. Whoever knows the long name may ask."""

    hosts = "both"
    when_suspended = True
    permission = {"GET": PUBLIC, "POST": PUBLIC}
    parser_classes = (FormParser,)

    @api("Come back from the gateway", responses={200: None, 303: None}, errors=[NotFound])
    def get(self, request: Request, reference: str) -> HttpResponseBase:
        return self._land(reference, {})

    @api(
        "Come back from the gateway with its signed form",
        responses={200: None, 303: None},
        errors=[NotFound, errors.ReturnForged],
    )
    def post(self, request: Request, reference: str) -> HttpResponseBase:
        form: Any = request.data
        return self._land(reference, {name: str(value)[:200] for name, value in form.items()})

    def _land(self, reference: str, form: dict[str, str]) -> HttpResponseBase:
        payment = selectors.payment_by_reference(reference)
        try:
            returned_check(payment.id, form)
        except SignatureInvalid as error:
            raise errors.ReturnForged from error
        refreshed(payment.id)
        payment = selectors.payment_by_reference(reference)
        told = {"payment": str(payment.id), "state": payment.state}
        if not payment.return_url:
            return Response({**told, "receipt": payment.receipt})
        joint = "&" if "?" in payment.return_url else "?"
        return HttpResponseRedirect(f"{payment.return_url}{joint}{urlencode(told)}", status=_SEE_OTHER)


def shown(request: Request, payment: UUID) -> dict[str, Any]:
    return row(selectors.payments_visible(request.user).filter(id=payment), PaymentDetail)


def refreshed(payment: UUID) -> None:
    """Fetch the truth; while a gateway is silent, what is known already is shown."""
    try:
        services.payment_refresh(payment=payment)
    except GatewayError:
        return


def returned_check(payment: UUID, form: dict[str, str]) -> None:
    """Check what a browser brought back against the orders we stored. Raises SignatureInvalid for a forged one."""
    if not form.get("razorpay_payment_id") and not form.get("razorpay_signature"):
        return
    attempts = [one for one in selectors.attempts_of(payment) if one.gateway == "razorpay" and one.gateway_order_id]
    for attempt in attempts:
        try:
            services.client_of(attempt.account).returned(gateway_order_id=attempt.gateway_order_id, form=form)
        except SignatureInvalid:
            continue
        return
    raise SignatureInvalid("no order of this payment was signed for")
