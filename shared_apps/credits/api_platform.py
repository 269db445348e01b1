"""The operator's desk for credits: stock, vendors, purchases, wallets, allocation, prices, margins."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.transaction import atomic
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel import audit
from kernel.http import etag
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, idempotent, row, rows
from kernel.tenancy import Business
from shared_apps.credits import errors, selectors, services
from shared_apps.credits.models import Channel
from shared_apps.plans import selectors as plans
from shared_apps.plans.errors import PlanUnknown
from shared_apps.tenants import selectors as tenants

UNITS_MAX = 100_000_000
COST_MAX = 10_000_00


def units() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=UNITS_MAX)


def channel(**options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(Channel.choices, **options)


class StockOut(Output):
    channel = serializers.CharField()
    purchased = serializers.IntegerField()
    master = serializers.IntegerField()
    wallets = serializers.IntegerField()
    held = serializers.IntegerField()
    consumed = serializers.IntegerField()


class StocksOut(Output):
    channels = StockOut(many=True)


class VendorOut(Output):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    unit_cost = serializers.IntegerField(help_text="hundredths of a paisa")
    priority = serializers.IntegerField()
    active = serializers.BooleanField()


class VendorIn(Input):
    code = serializers.RegexField(r"\A[a-z0-9_]{2,32}\Z")
    name = serializers.CharField(max_length=80)
    channel = channel()
    unit_cost = serializers.IntegerField(min_value=0, max_value=COST_MAX)
    priority = serializers.IntegerField(min_value=1, max_value=100, default=1)
    active = serializers.BooleanField(default=True)


class VendorChange(Input):
    name = serializers.CharField(max_length=80, required=False)
    unit_cost = serializers.IntegerField(min_value=0, max_value=COST_MAX, required=False)
    priority = serializers.IntegerField(min_value=1, max_value=100, required=False)
    active = serializers.BooleanField(required=False)


class PurchaseOut(Output):
    id = serializers.UUIDField()
    vendor = serializers.CharField()
    channel = serializers.CharField()
    units = serializers.IntegerField()
    unit_cost = serializers.IntegerField(help_text="hundredths of a paisa")
    amount_paise = serializers.IntegerField()
    at = serializers.DateTimeField()


class PurchaseIn(Input):
    vendor = serializers.CharField(max_length=32)
    channel = channel(default=Channel.SMS)
    units = units()


class TenantWalletOut(Output):
    id = serializers.UUIDField()
    tenant = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    channel = serializers.CharField()
    available = serializers.IntegerField()
    held = serializers.IntegerField()
    consumed = serializers.IntegerField()
    low_at = serializers.IntegerField()


class AllocateIn(Input):
    tenant = serializers.UUIDField()
    channel = channel(default=Channel.SMS)
    units = units()


class AllocationOut(Output):
    id = serializers.UUIDField()
    tenant = serializers.UUIDField()
    channel = serializers.CharField()
    units = serializers.IntegerField()


class PriceOut(Output):
    id = serializers.UUIDField()
    channel = serializers.CharField()
    plan = serializers.CharField()
    tenant = serializers.UUIDField(allow_null=True)
    unit_price = serializers.IntegerField(help_text="hundredths of a paisa")


class PriceIn(Input):
    channel = channel(default=Channel.SMS)
    unit_price = serializers.IntegerField(min_value=1, max_value=COST_MAX)
    plan = serializers.CharField(max_length=32, required=False)
    tenant = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "plan" in attrs and "tenant" in attrs:
            raise serializers.ValidationError({"tenant": "A price is for a plan or for a tenant, not for both."})
        return attrs


class MarginOut(Output):
    name = serializers.CharField()
    channel = serializers.CharField()
    units = serializers.IntegerField()
    revenue_paise = serializers.IntegerField()
    cost_paise = serializers.IntegerField()


class MarginsOut(Output):
    margins = MarginOut(many=True)


class StockView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view"}

    @api("Show where every unit is: purchased = master + wallets + held + consumed", responses=StocksOut)
    def get(self, request: Request) -> Response:
        return Response({"channels": [asdict(one) for one in selectors.stock()]})


class VendorsView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view", "POST": "credits.purchase"}

    @api("List vendors", responses=VendorOut(many=True), filters={"channel": "channel", "code": "code"})
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.vendors(), VendorOut, request, ordering=("channel", "priority", "id"))

    @api("Add or replace a channel of a vendor", request=VendorIn, responses={201: VendorOut})
    def post(self, request: Request) -> HttpResponseBase:
        facts = VendorIn.parse(request)
        with atomic():
            vendor = services.vendor_save(**facts)
            changes = {name: [None, value] for name, value in facts.items()}
            audit.record(action="credits.vendor", subject_type="vendor", subject_id=vendor.id, changes=changes)
        return etag.answer(request, row(selectors.vendors().filter(id=vendor.id), VendorOut), status=201)


class VendorView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view", "PATCH": "credits.purchase"}

    @api("Show a vendor", responses=VendorOut)
    def get(self, request: Request, vendor: UUID) -> HttpResponseBase:
        return etag.answer(request, row(selectors.vendors().filter(id=vendor), VendorOut))

    @api("Change a vendor", request=VendorChange, responses=VendorOut)
    def patch(self, request: Request, vendor: UUID) -> HttpResponseBase:
        changes = VendorChange.parse(request, partial=True)
        with atomic():
            found = selectors.vendor_get(vendor)
            before = row(selectors.vendors().filter(id=vendor), VendorOut)
            etag.check(request, before)
            kept = {name: before[name] for name in ("name", "unit_cost", "priority", "active")}
            services.vendor_save(code=found.code, channel=found.channel, **{**kept, **changes})
            pairs = {name: [before[name], value] for name, value in changes.items() if before[name] != value}
            audit.record(action="credits.vendor", subject_type="vendor", subject_id=vendor, changes=pairs)
        return etag.answer(request, row(selectors.vendors().filter(id=vendor), VendorOut))


class PurchaseView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view", "POST": "credits.purchase"}

    @api(
        "List purchases from vendors",
        responses=PurchaseOut(many=True),
        filters={"vendor": "vendor", "channel": "channel"},
        dated="at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.purchases(), PurchaseOut, request)

    @api("Book a purchase", request=PurchaseIn, responses={201: PurchaseOut}, errors=[errors.VendorUnknown])
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        facts = PurchaseIn.parse(request)
        key: str = request.idempotency_id
        with atomic():
            purchase = services.vendor_purchase(**facts, key=key)
            changes = {name: [None, value] for name, value in facts.items()}
            audit.record(action="credits.purchase", subject_type="purchase", subject_id=purchase.id, changes=changes)
        return etag.answer(request, row(selectors.purchases().filter(id=purchase.id), PurchaseOut), status=201)


class TenantWalletsView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view"}

    @api(
        "List the wallets of tenants",
        responses=TenantWalletOut(many=True),
        search=("name",),
        filters={"channel": "channel", "tenant": "tenant"},
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.wallets_listed(), TenantWalletOut, request)


class AllocateView(ApiView):
    hosts = "platform"
    permission = {"POST": "credits.allocate"}

    @api(
        "Give a tenant units of the stock",
        request=AllocateIn,
        responses={201: AllocationOut},
        errors=[errors.StockShort, errors.TenantUnknown],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        facts = AllocateIn.parse(request)
        business = business_of(facts["tenant"])
        amount = {"channel": facts["channel"], "units": facts["units"]}
        key: str = request.idempotency_id
        with atomic():
            transfer = services.allocate(business=business, **amount, key=key)
            changes = {name: [None, value] for name, value in amount.items()}
            audit.record(action="credits.allocate", subject_type="tenant", subject_id=business.id, changes=changes)
        return Response({"id": transfer, **facts}, status=201)


class PricesView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view", "POST": "credits.allocate"}

    @api(
        "List prices", responses=PriceOut(many=True), filters={"channel": "channel", "plan": "plan", "tenant": "tenant"}
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.prices(), PriceOut, request)

    @api(
        "Set a price for all, a plan or a tenant",
        request=PriceIn,
        responses={201: PriceOut},
        errors=[PlanUnknown, errors.TenantUnknown],
    )
    def post(self, request: Request) -> HttpResponseBase:
        facts = PriceIn.parse(request)
        plan = plans.plan_named(facts["plan"]).code if "plan" in facts else ""
        business = business_of(facts["tenant"]) if "tenant" in facts else None
        with atomic():
            price = services.price_set(
                channel=facts["channel"], unit_price=facts["unit_price"], plan=plan, business=business
            )
            changes = {name: [None, value] for name, value in facts.items()}
            audit.record(action="credits.price", subject_type="price", subject_id=price.id, changes=changes)
        return etag.answer(request, row(selectors.prices().filter(id=price.id), PriceOut), status=201)


class MarginsView(ApiView):
    hosts = "platform"
    permission = {"GET": "credits.view"}

    @api("Show what selling brought, by tenant and channel", responses=MarginsOut)
    def get(self, request: Request) -> Response:
        return Response({"margins": [asdict(one) for one in selectors.margins()]})


def business_of(tenant: UUID) -> Business:
    """The business of a tenant that has its schema. Raises TenantUnknown."""
    found = tenants.tenant(tenant).first()
    if found is None or not found.schema_name or found.business().has_left:
        raise errors.TenantUnknown(field="tenant")
    return found.business()
