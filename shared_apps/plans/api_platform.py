"""Plans on the operator's host: what is offered, and changing an offer."""

from uuid import UUID

from django.db.transaction import atomic
from django.http.response import HttpResponseBase
from rest_framework import serializers

from kernel import audit
from kernel.http import etag
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import PUBLIC, ApiView, Input, Output, row, rows
from kernel.quotas import UseExceeds
from shared_apps.plans import errors, selectors, services
from shared_apps.plans.defaults import FEATURES, LIMITS
from shared_apps.tenants import selectors as tenants


class PlanOut(Output):
    code = serializers.CharField()
    name = serializers.CharField()
    monthly_paise = serializers.IntegerField()
    yearly_paise = serializers.IntegerField()
    trial_days = serializers.IntegerField()
    limits = serializers.JSONField(help_text="what may be had of each thing")
    features = serializers.ListField(child=serializers.CharField())
    public = serializers.BooleanField()


class PlanIn(Input):
    code = serializers.RegexField(r"\A[a-z][a-z0-9_]{1,31}\Z")
    name = serializers.CharField(max_length=60)
    position = serializers.IntegerField(min_value=1, max_value=1000)
    monthly_paise = serializers.IntegerField(min_value=0, max_value=10**10)
    yearly_paise = serializers.IntegerField(min_value=0, max_value=10**11)
    trial_days = serializers.IntegerField(min_value=0, max_value=365)
    limits = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=10**9))
    features = serializers.ListField(child=serializers.ChoiceField(FEATURES), allow_empty=True)
    public = serializers.BooleanField()

    def validate_limits(self, value: dict[str, int]) -> dict[str, int]:
        if set(value) != set(LIMITS):
            raise serializers.ValidationError(f"Give each of {', '.join(LIMITS)}.")
        return value


class PlanChange(PlanIn):
    code = None  # type: ignore[assignment]


class SubscriptionOut(Output):
    plan = serializers.CharField(source="plan_id")
    name = serializers.CharField(source="plan.name")
    period = serializers.CharField()
    state = serializers.CharField()
    since = serializers.DateTimeField()
    trial_ends_at = serializers.DateTimeField(allow_null=True)


class SubscriptionIn(Input):
    plan = serializers.CharField(max_length=32)
    period = serializers.ChoiceField(["month", "year"], required=False)


class PlansView(ApiView):
    hosts = "platform"
    permission = {"GET": PUBLIC, "POST": "plans.change"}

    @api("List the plans on offer", responses=PlanOut(many=True))
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.plans, PlanOut, request, ordering=("position", "code"))

    @api("Offer a new plan", request=PlanIn, responses={201: PlanOut}, errors=[errors.PlanTaken])
    def post(self, request: Request) -> HttpResponseBase:
        facts = PlanIn.parse(request)
        with atomic():
            services.plan_add(**facts)
            changes = {name: [None, value] for name, value in facts.items()}
            audit.record(action="plans.add", subject_type="plan", subject_id=facts["code"], changes=changes)
        return etag.answer(request, _shown(request, facts["code"]), status=201)


class PlanView(ApiView):
    hosts = "platform"
    permission = {"GET": PUBLIC, "PATCH": "plans.change"}

    @api("Show a plan", responses=PlanOut)
    def get(self, request: Request, code: str) -> HttpResponseBase:
        return etag.answer(request, _shown(request, code))

    @api("Change a plan; its limits count for whoever takes it from now on", request=PlanChange, responses=PlanOut)
    def patch(self, request: Request, code: str) -> HttpResponseBase:
        changes = PlanChange.parse(request, partial=True)
        with atomic():
            services.plan_locked(code)
            etag.check(request, _shown(request, code))
            pairs = services.plan_edit(code=code, **changes)
            audit.record(action="plans.change", subject_type="plan", subject_id=code, changes=pairs)
        return etag.answer(request, _shown(request, code))


class SubscriptionView(ApiView):
    hosts = "platform"
    permission = {"GET": "plans.view", "PATCH": "plans.change"}

    @api("Show a tenant's plan", responses=SubscriptionOut, errors=[errors.SubscriptionMissing])
    def get(self, request: Request, tenant: UUID) -> HttpResponseBase:
        business = tenants.tenant_get(tenant).business()
        return etag.answer(request, row(selectors.subscription(business.schema), SubscriptionOut))

    @api(
        "Move a tenant to another plan",
        request=SubscriptionIn,
        responses=SubscriptionOut,
        errors=[errors.PlanUnknown, errors.SubscriptionMissing, UseExceeds],
    )
    def patch(self, request: Request, tenant: UUID) -> HttpResponseBase:
        facts = SubscriptionIn.parse(request)
        business = tenants.tenant_get(tenant).business()
        before = selectors.plan_of(business.schema)
        services.plan_change(business=business, **facts)
        pairs = {"plan": [before.code, facts["plan"]], "period": [before.period, facts.get("period", before.period)]}
        audit.record(action="plans.move", subject_type="tenant", subject_id=tenant, changes=pairs)
        return etag.answer(request, row(selectors.subscription(business.schema), SubscriptionOut))


def _shown(request: Request, code: str) -> dict[str, object]:
    return row(selectors.plans(request.user).filter(code=code), PlanOut)
