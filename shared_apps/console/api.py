"""The API of tenants on the platform's host."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel.http import etag
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from shared_apps.accounts.errors import OwnerAbsent
from shared_apps.console import selectors, services, support
from shared_apps.console.errors import SupportClosed
from shared_apps.tenants import errors
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants import services as tenant_services


class TenantOut(Output):
    id = serializers.UUIDField()
    public_id = serializers.CharField()
    name = serializers.CharField()
    slug = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.CharField()
    state_reason = serializers.CharField()
    plan = serializers.CharField()
    owner_name = serializers.CharField()
    owner_email = serializers.CharField()
    owner_phone = serializers.CharField()
    zone = serializers.CharField()
    language = serializers.CharField()
    created_at = serializers.DateTimeField()


class StepOut(Output):
    position = serializers.IntegerField()
    name = serializers.CharField()
    title = serializers.CharField()
    state = serializers.CharField()
    error = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class TenantIn(Input):
    name = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=48)
    kind = serializers.ChoiceField(tenants.KINDS)
    plan = serializers.CharField(max_length=32)
    owner_name = serializers.CharField(max_length=120)
    owner_email = serializers.EmailField()
    owner_phone = serializers.CharField(max_length=20)
    zone = serializers.CharField(max_length=64, default="Asia/Kolkata")
    language = serializers.ChoiceField(settings.LANGUAGES, default="en")


class TenantChange(Input):
    name = serializers.CharField(max_length=120, required=False)
    slug = serializers.CharField(max_length=48, required=False)
    owner_name = serializers.CharField(max_length=120, required=False)
    owner_email = serializers.EmailField(required=False)
    owner_phone = serializers.CharField(max_length=20, required=False)
    zone = serializers.CharField(max_length=64, required=False)
    language = serializers.ChoiceField(settings.LANGUAGES, required=False)


class SuspendIn(Input):
    reason = serializers.CharField(max_length=200)


def shown(tenant_id: UUID) -> dict[str, Any]:
    """One tenant as the API shows it, with the hosts it answers at."""
    found = row(tenants.tenant(tenant_id), TenantOut)
    base = f"{settings.SCHEME}://"
    found["hosts"] = {
        "slug": f"{base}{found['slug']}.{settings.DOMAIN}",
        "permanent": f"{base}{found['public_id']}.{settings.DOMAIN}",
    }
    return found


class TenantsView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view", "POST": "tenants.add"}

    @api(
        "List tenants",
        responses=TenantOut(many=True),
        search=("name", "slug", "owner_email", "owner_phone"),
        filters={"state": "state__in", "kind": "kind", "plan": "plan"},
        dated="created_at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(tenants.tenants(), TenantOut, request)

    @api(
        "Request a new tenant; provisioning starts at once",
        request=TenantIn,
        responses={202: TenantOut},
        errors=[errors.SlugInvalid, errors.SlugReserved, errors.SlugTaken, errors.ZoneUnknown],
    )
    def post(self, request: Request) -> HttpResponse:
        tenant = services.tenant_create(**TenantIn.parse(request))
        return etag.answer(request, shown(tenant.id), status=202)


class TenantView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view", "PATCH": "tenants.change"}

    @api("Show a tenant", responses=TenantOut)
    def get(self, request: Request, tenant_id: UUID) -> HttpResponse:
        return etag.answer(request, shown(tenant_id))

    @api(
        "Edit a tenant",
        request=TenantChange,
        responses=TenantOut,
        errors=[errors.SlugInvalid, errors.SlugReserved, errors.SlugTaken, errors.ZoneUnknown],
    )
    def patch(self, request: Request, tenant_id: UUID) -> HttpResponse:
        changes = TenantChange.parse(request, partial=True)
        with transaction.atomic():
            tenant_services.tenant_locked(tenant_id)
            etag.check(request, shown(tenant_id))
            tenant_services.tenant_edit(tenant=tenant_id, **changes)
        return etag.answer(request, shown(tenant_id))


class SuspendView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.suspend"}

    @api("Suspend a tenant", request=SuspendIn, responses=TenantOut, errors=[errors.StateForbids])
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        tenant_services.tenant_suspend(tenant=tenant_id, **SuspendIn.parse(request))
        return etag.answer(request, shown(tenant_id))


class ReactivateView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.suspend"}

    @api("Reactivate a suspended tenant", responses=TenantOut, errors=[errors.StateForbids])
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        tenant_services.tenant_reactivate(tenant=tenant_id)
        return etag.answer(request, shown(tenant_id))


class SupportIn(Input):
    reason = serializers.CharField(max_length=200)


class SupportOut(serializers.Serializer):
    id = serializers.UUIDField()
    owner = serializers.CharField()
    link = serializers.CharField(help_text="good once, and until link_ends_at")
    link_ends_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class SupportView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.support"}

    @api(
        "Ask to come in as a tenant's owner for half an hour; its owners are told",
        request=SupportIn,
        responses={201: SupportOut},
        errors=[SupportClosed, OwnerAbsent],
    )
    def post(self, request: Request, tenant_id: UUID) -> Response:
        reason = SupportIn.parse(request)["reason"]
        visit = support.support_begin(tenant=tenant_id, reason=reason, by=request.user)
        made = support.support_visit(tenant=tenant_id, visit=visit.id, by=request.user)
        return Response(SupportOut(made).data, status=201)


class ProvisioningView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view", "POST": "tenants.add"}

    @api("Show a tenant's provisioning step by step", responses=StepOut(many=True))
    def get(self, request: Request, tenant_id: UUID) -> HttpResponseBase:
        row(tenants.tenant(tenant_id), TenantOut)
        return rows(selectors.steps_of(tenant_id), StepOut, request, ordering=("position",))

    @api("Carry on with a tenant's provisioning", responses={202: TenantOut})
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        services.tenant_provision_again(tenant=tenant_id)
        return etag.answer(request, shown(tenant_id), status=202)


class DomainOut(Output):
    id = serializers.UUIDField()
    domain = serializers.CharField()
    state = serializers.CharField()
    answer = serializers.CharField()
    leads_to = serializers.CharField()
    claimed_at = serializers.DateTimeField()
    looked_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)


class DomainsView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view"}

    @api("List a tenant's own domains", responses=DomainOut(many=True))
    def get(self, request: Request, tenant_id: UUID) -> HttpResponseBase:
        row(tenants.tenant(tenant_id), TenantOut)
        return rows(tenants.domains_of(tenant_id), DomainOut, request, ordering=("id",))


class DomainView(ApiView):
    hosts = "platform"
    permission = {"DELETE": "tenants.change"}

    @api("Release a tenant's own domain", responses={204: None})
    def delete(self, request: Request, tenant_id: UUID, domain_id: UUID) -> Response:
        tenant_services.domain_release(tenant=tenant_id, domain=domain_id, because="operator")
        return Response(status=204)


class QuotaOut(serializers.Serializer):
    name = serializers.CharField()
    used = serializers.IntegerField()
    limit = serializers.IntegerField()


class StatsOut(serializers.Serializer):
    users = serializers.IntegerField()
    quotas = QuotaOut(many=True)


class StatsView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view"}

    @api("Show how a tenant uses what it has taken", responses=StatsOut)
    def get(self, request: Request, tenant_id: UUID) -> HttpResponse:
        return etag.answer(request, selectors.tenant_stats(tenant_id))
