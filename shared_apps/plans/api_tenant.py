"""A tenant's own plan, and how much of it is used."""

from dataclasses import asdict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import quotas
from kernel.http.schema import api
from kernel.http.views import ApiView, Output
from kernel.tenancy import current, platform_scope
from kernel.tenancy.states import Door
from shared_apps.plans import errors, selectors


class PlanOut(Output):
    code = serializers.CharField()
    name = serializers.CharField()
    period = serializers.CharField()
    state = serializers.CharField()
    price_paise = serializers.IntegerField()
    since = serializers.DateTimeField()
    trial_ends_at = serializers.DateTimeField(allow_null=True)
    features = serializers.ListField(child=serializers.CharField())


class UseOut(Output):
    name = serializers.CharField()
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    lifted_by = serializers.CharField(help_text="the plan that allows more; empty when none does")


class UsageOut(Output):
    limits = UseOut(many=True)


class PlanView(ApiView):
    permission = {"GET": "plans.view"}
    door = Door.PLATFORM_BILL

    @api("Show the plan", responses=PlanOut, errors=[errors.SubscriptionMissing])
    def get(self, request: Request) -> Response:
        business = current()
        with platform_scope(on_behalf_of=business, purpose="plans.change"):
            return Response(asdict(selectors.plan_of(business.schema)))


class UsageView(ApiView):
    permission = {"GET": "plans.view"}

    @api("List limits with their use", responses=UsageOut)
    def get(self, request: Request) -> Response:
        return Response({"limits": [asdict(one) for one in quotas.usage()]})
