"""The API of closing a tenant for good, on the platform's host."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework import serializers

from kernel.http import etag
from kernel.http.lookup import found
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row
from shared_apps.console import offboarding
from shared_apps.console.api import StepOut, TenantOut, shown
from shared_apps.console.errors import OffboardingAbsent, RestoreUnderWay
from shared_apps.tenants import errors
from shared_apps.tenants import selectors as tenants


class OffboardIn(Input):
    reason = serializers.CharField(max_length=200)
    grace_days = serializers.IntegerField(
        min_value=1, max_value=365, required=False, help_text="read only for so long; the installation's by default"
    )


class DeclineIn(Input):
    reason = serializers.CharField(max_length=200)


class StayIn(Input):
    reason = serializers.CharField(max_length=200)


class LeavingOut(Output):
    id = serializers.UUIDField()
    state = serializers.CharField(help_text="running, cancelled or done")
    reason = serializers.CharField()
    came_from = serializers.CharField(help_text="the tenant's state before, and after a cancellation")
    started_at = serializers.DateTimeField()
    grace_ends_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class LeavingWithSteps(LeavingOut):
    steps = StepOut(many=True)


class OffboardView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view", "POST": "tenants.offboard"}

    @api("Show how far a tenant's closing is", responses=LeavingWithSteps, errors=[OffboardingAbsent])
    def get(self, request: Request, tenant_id: UUID) -> HttpResponse:
        found(tenants.tenant(tenant_id), pk=tenant_id)
        latest = offboarding.offboarding_of(tenant_id)
        if latest is None:
            raise OffboardingAbsent
        told: dict[str, Any] = row(offboarding.offboarding(latest.id), LeavingOut)
        told["steps"] = StepOut(latest.steps.all(), many=True).data
        return etag.answer(request, told)

    @api(
        "Close a tenant for good: read only from now on, packed up and deleted after the grace",
        request=OffboardIn,
        responses={202: TenantOut},
        errors=[errors.StateForbids],
    )
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        offboarding.offboarding_begin(tenant=tenant_id, **OffboardIn.parse(request))
        return etag.answer(request, shown(tenant_id), status=202)


class StayView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.offboard"}

    @api(
        "Stop closing a tenant; possible until its doors are shut",
        request=StayIn,
        responses=TenantOut,
        errors=[OffboardingAbsent, errors.StateForbids],
    )
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        offboarding.offboarding_cancel(tenant=tenant_id, **StayIn.parse(request))
        return etag.answer(request, shown(tenant_id))


class DeclineView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.add"}

    @api(
        "Turn down a tenant that has not opened; what was made of it is taken down, its address is free",
        request=DeclineIn,
        responses=TenantOut,
        errors=[errors.StateForbids, RestoreUnderWay],
    )
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        offboarding.tenant_decline(tenant=tenant_id, **DeclineIn.parse(request))
        return etag.answer(request, shown(tenant_id))
