"""The business's accounts at gateways over HTTP; secrets go in and never come out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.transaction import atomic
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel.http import etag
from kernel.http.errors import NotFound
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from shared_apps.payments import errors, selectors, services
from shared_apps.payments.models import GATEWAYS, GatewayAccount


class AccountOutput(Output):
    id = serializers.UUIDField()
    gateway = serializers.ChoiceField(choices=GATEWAYS)
    label = serializers.CharField()  # type: ignore[assignment]
    environment = serializers.ChoiceField(choices=GatewayAccount.Environment.choices)
    key_id = serializers.CharField()
    account_id = serializers.CharField()
    state = serializers.ChoiceField(choices=GatewayAccount.State.choices)
    secret_version = serializers.IntegerField(help_text="Counts replaced secrets.")
    fee_percent = serializers.DecimalField(max_digits=6, decimal_places=4, allow_null=True)
    fee_fixed_paise = serializers.IntegerField(allow_null=True)
    gst_percent = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AccountListed(AccountOutput):
    health = serializers.JSONField(
        help_text="Circuits: [{operation, state closed|open|half_open, failures in a row, open_until}]; none: all well."
    )


class TestOutput(serializers.Serializer):
    works = serializers.BooleanField()
    reason = serializers.CharField(help_text="NeverReached, NotAuthorised, OutcomeUnknown, …; blank when it works.")
    words = serializers.CharField(help_text="What the gateway itself said, when it said something.")


class ChargesInput(Input):
    percent = serializers.DecimalField(max_digits=6, decimal_places=4, min_value=Decimal(0), max_value=Decimal(100))
    fixed_paise = serializers.IntegerField(min_value=0, max_value=100_000, default=0)
    gst_percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=Decimal(0), max_value=Decimal(100), default=Decimal(18)
    )


def secret(**options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=200, write_only=True, **options)


class AccountInput(Input):
    gateway = serializers.ChoiceField(choices=GATEWAYS)
    environment = serializers.ChoiceField(choices=GatewayAccount.Environment.choices)
    label = serializers.CharField(max_length=80, required=False)  # type: ignore[assignment]
    key_id = serializers.CharField(max_length=100)
    key_secret = secret()
    webhook_secret = secret(required=False, help_text="Razorpay needs one; Cashfree signs with the key's own secret.")
    account_id = serializers.CharField(max_length=64, required=False)
    charges = ChargesInput(required=False)


class AccountChange(Input):
    label = serializers.CharField(max_length=80, required=False)  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=GatewayAccount.State.choices, required=False)
    key_secret = secret(required=False)
    webhook_secret = secret(required=False)
    account_id = serializers.CharField(max_length=64, required=False)
    charges = ChargesInput(required=False)


class Accounts(ApiView):
    hosts = "both"
    permission = {"GET": "payments.gateways", "POST": "payments.gateways"}

    @api(
        "Gateway accounts with what each charges",
        responses=AccountListed(many=True),
        filters={"gateway": "gateway", "state": "state"},
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.accounts_health(), AccountListed, request)

    @api(
        "Add a gateway account, as the one to be used",
        request=AccountInput,
        responses={201: AccountOutput},
        errors=[errors.AccountInvalid, errors.AccountTaken],
    )
    def post(self, request: Request) -> HttpResponseBase:
        account = services.account_save(**charged(AccountInput.parse(request)))
        return etag.answer(request, row(selectors.accounts().filter(id=account.id), AccountOutput), status=201)


class Account(ApiView):
    hosts = "both"
    permission = {"GET": "payments.gateways", "PATCH": "payments.gateways"}

    @api("One gateway account", responses=AccountOutput, errors=[NotFound])
    def get(self, request: Request, account: UUID) -> HttpResponseBase:
        return etag.answer(request, row(selectors.accounts().filter(id=account), AccountOutput))

    @api(
        "Change a gateway account; a replaced secret verifies callbacks for a day more",
        request=AccountChange,
        responses=AccountOutput,
        errors=[NotFound, errors.AccountInvalid],
    )
    def patch(self, request: Request, account: UUID) -> HttpResponseBase:
        changes = charged(AccountChange.parse(request))
        with atomic():
            selectors.account_get(account, locked=True)
            etag.check(request, row(selectors.accounts().filter(id=account), AccountOutput))
            services.account_change(account=account, **changes)
        return etag.answer(request, row(selectors.accounts().filter(id=account), AccountOutput))


class AccountTest(ApiView):
    hosts = "both"
    permission = {"POST": "payments.gateways"}

    @api("Try whether a gateway can be reached and believes the credentials", responses=TestOutput, errors=[NotFound])
    def post(self, request: Request, account: UUID) -> Response:
        return Response(services.account_test(account=selectors.account_get(account)))


def charged(given: dict[str, Any]) -> dict[str, Any]:
    if "charges" in given:
        given["charges"] = services.Charges(**given["charges"])
    return given
