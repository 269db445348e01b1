"""The API of one tenant as one bundle, on the platform's host: taken, brought back, moved."""

from dataclasses import asdict
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel.http import etag
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, idempotent, row, rows
from shared_apps.console import bundles
from shared_apps.console.api import TenantOut, shown
from shared_apps.console.bundles import selectors
from shared_apps.console.errors import (
    BundleErased,
    BundleUnfinished,
    CitusAbsent,
    NodeUnknown,
    RestoreExchanged,
    RestoreForbidden,
    RestoreNotStopped,
    RestoreUnderWay,
)
from shared_apps.console.models import BundleRestore
from shared_apps.tenants import errors
from shared_apps.tenants import selectors as tenants


class ExportIn(Input):
    reason = serializers.CharField(max_length=200)


class BundleOut(Output):
    id = serializers.UUIDField()
    state = serializers.CharField(help_text="waiting, running, done, failed or erased")
    reason = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of the manifest, which names the other parts'")
    error = serializers.CharField()
    requested_at = serializers.DateTimeField()
    taken_at = serializers.DateTimeField(allow_null=True, help_text="the moment it holds")
    finished_at = serializers.DateTimeField(allow_null=True)


class PartLinkOut(Output):
    name = serializers.CharField(help_text="data, files-<n> or manifest")
    file = serializers.CharField(help_text="what it is saved as")
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of what is downloaded, which is sealed")
    link = serializers.CharField(help_text="reads it by GET, whole or in ranges")


class BundleLinksOut(Output):
    expires_at = serializers.DateTimeField(help_text="until when a download can be begun by these links")
    parts = PartLinkOut(many=True)
    command = serializers.CharField(help_text="fetches all parts by curl, and goes on where a file ends")


class RestoreIn(Input):
    bundle = serializers.UUIDField()
    reason = serializers.CharField(max_length=200)
    keep_public = serializers.BooleanField(
        default=False, help_text="in place: what moved on in credits, orders and the plan stays as it is now"
    )
    slug = serializers.CharField(max_length=48, required=False, help_text="stand beside, as a new tenant there")
    masked = serializers.BooleanField(default=False, help_text="beside: as a sandbox with nobody's data in it")


class RestoreOut(Output):
    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="place, beside or clone")
    state = serializers.CharField(help_text="running, loaded, swapped, done or failed")
    reason = serializers.CharField()
    report = serializers.JSONField(
        help_text="`public`: rows that moved on; `safety`: the bundle of what was replaced; `stopped`: where it was when "
        "its job was given up, to be carried on there; `abandoned`: why it was given up for good"
    )
    error = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class AbandonIn(Input):
    reason = serializers.CharField(max_length=200)


class MoveIn(Input):
    node = serializers.CharField(max_length=260, help_text="host:port")


class ExportView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view", "POST": "tenants.change"}

    @api("List a tenant's bundles", responses=BundleOut(many=True))
    def get(self, request: Request, tenant_id: UUID) -> HttpResponseBase:
        row(tenants.tenant(tenant_id), TenantOut)
        return rows(selectors.bundles_of(tenant_id), BundleOut, request, ordering=("id",))

    @api(
        "Pack everything of a tenant up as one sealed bundle",
        request=ExportIn,
        responses={202: BundleOut},
        errors=[errors.StateForbids],
    )
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        bundle = bundles.bundle_export(tenant=tenant_id, **ExportIn.parse(request))
        told = row(selectors.bundles_of(tenant_id).filter(pk=bundle.pk), BundleOut)
        return etag.answer(request, told, status=202)


class LinksView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.change"}

    @api(
        "Get links that download a bundle's sealed parts for half an hour",
        responses={201: BundleLinksOut},
        errors=[BundleErased, BundleUnfinished],
    )
    def post(self, request: Request, tenant_id: UUID, bundle: UUID) -> Response:
        selectors.bundle_get(bundle, of=tenant_id)
        links = bundles.bundle_links(bundle=bundle)
        told = {"expires_at": links.expires_at, "command": links.command, "parts": [asdict(one) for one in links.parts]}
        return Response(told, status=201)


class RestoreView(ApiView):
    hosts = "platform"
    permission = {"GET": "tenants.view", "POST": "tenants.restore"}

    @api("List what was brought back into a tenant", responses=RestoreOut(many=True))
    def get(self, request: Request, tenant_id: UUID) -> HttpResponseBase:
        row(tenants.tenant(tenant_id), TenantOut)
        return rows(selectors.restores_of(tenant_id), RestoreOut, request, ordering=("id",))

    @api(
        "Bring one of a tenant's bundles back, in its place or as a new tenant",
        request=RestoreIn,
        responses={202: RestoreOut},
        errors=[BundleUnfinished, RestoreForbidden, RestoreUnderWay, errors.SlugInvalid, errors.SlugTaken],
    )
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        asked = RestoreIn.parse(request)
        slug, masked, keep_public = asked.pop("slug", ""), asked.pop("masked"), asked.pop("keep_public")
        with transaction.atomic():
            if not selectors.bundles_of(tenant_id).filter(pk=asked["bundle"]).exists():
                raise BundleUnfinished(state="unknown")
            if slug:
                restore = bundles.bundle_stand_up(**asked, slug=slug, masked=masked)
            else:
                restore = bundles.bundle_restore(**asked, keep_public=keep_public)
        return _accepted(request, restore)


class RestoreAgainView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.restore"}

    @api(
        "Carry on with a restore whose job was given up, where it stopped",
        responses={202: RestoreOut},
        errors=[BundleUnfinished, RestoreForbidden, RestoreNotStopped, RestoreUnderWay],
    )
    @idempotent
    def post(self, request: Request, tenant_id: UUID, restore: UUID) -> HttpResponse:
        found = selectors.restore_get(restore, of=tenant_id)
        bundles.restore_again(restore=restore)
        return _accepted(request, found)


class RestoreAbandonView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.restore"}

    @api(
        "Give a failed restore up for good; all it had loaded is dropped",
        request=AbandonIn,
        responses={202: RestoreOut},
        errors=[RestoreExchanged, RestoreUnderWay],
    )
    def post(self, request: Request, tenant_id: UUID, restore: UUID) -> HttpResponse:
        found = selectors.restore_get(restore, of=tenant_id)
        bundles.restore_abandon(restore=restore, **AbandonIn.parse(request))
        return _accepted(request, found)


def _accepted(request: Request, restore: BundleRestore) -> HttpResponse:
    """The restore as it stands now that it is asked for."""
    told = row(selectors.restores_of(restore.tenant_id).filter(pk=restore.pk), RestoreOut)
    return etag.answer(request, told, status=202)


class MoveView(ApiView):
    hosts = "platform"
    permission = {"POST": "tenants.restore"}

    @api(
        "Move a tenant's schema to another machine of the cluster",
        request=MoveIn,
        responses={202: TenantOut},
        errors=[CitusAbsent, NodeUnknown, errors.StateForbids],
    )
    def post(self, request: Request, tenant_id: UUID) -> HttpResponse:
        bundles.tenant_move(tenant=tenant_id, **MoveIn.parse(request))
        return etag.answer(request, shown(tenant_id), status=202)
