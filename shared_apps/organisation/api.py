"""The API of a business's own domains."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.response import Response

from kernel import quotas
from kernel.http import etag
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input
from shared_apps.organisation import domains
from shared_apps.tenants import errors


class RecordOut(serializers.Serializer):
    kind = serializers.CharField(help_text="TXT, CNAME, A, AAAA or ALIAS")
    name = serializers.CharField()
    value = serializers.CharField()


class DomainOut(serializers.Serializer):
    """`answer` is what the last look heard: found, other, empty, no_name, broken, silent, taken or closed."""

    id = serializers.UUIDField()
    domain = serializers.CharField(help_text="in ASCII")
    state = serializers.ChoiceField(["waiting", "verified", "serving"])
    answer = serializers.CharField()
    leads_to = serializers.CharField(help_text="where it leads when that is not here; empty where that is not known")
    records = RecordOut(many=True, help_text="what to set at the DNS provider: the proof, then the address")
    claimed_at = serializers.DateTimeField()
    looked_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="since when the proof is gone")
    served_until = serializers.DateTimeField(allow_null=True, help_text="when it is released if the proof stays away")


class DomainsOut(serializers.Serializer):
    domains = DomainOut(many=True)


class DomainIn(Input):
    domain = serializers.CharField(max_length=300)


REFUSALS = [
    *(errors.DomainInvalid, errors.DomainOurs, errors.DomainTaken, errors.DomainClosed, errors.DomainsMany),
    quotas.FeatureClosed,
]


class DomainsView(ApiView):
    permission = {"GET": "domains.view", "POST": "domains.change"}

    @api("List the own domains with what to set for each", responses=DomainsOut)
    def get(self, request: Request) -> Response:
        return Response({"domains": DomainOut(domains.domains(), many=True).data})

    @api("Claim a domain; it is looked at at once", request=DomainIn, responses={201: DomainOut}, errors=REFUSALS)
    def post(self, request: Request) -> Response:
        return Response(DomainOut(domains.domain_add(**DomainIn.parse(request))).data, status=201)


class DomainView(ApiView):
    permission = {"GET": "domains.view", "DELETE": "domains.change"}

    @api("Show an own domain", responses=DomainOut)
    def get(self, request: Request, domain_id: UUID) -> HttpResponse:
        return etag.answer(request, DomainOut(domains.domain(domain_id)).data)

    @api("Give a domain up; it is no longer served from now on", responses={204: None})
    def delete(self, request: Request, domain_id: UUID) -> Response:
        domains.domain_remove(domain_id=domain_id)
        return Response(status=204)


class DomainCheckView(ApiView):
    permission = {"POST": "domains.change"}
    throttled_per_minute = 10

    @api("Look at a domain now; what was heard shows once `looked_at` has moved", responses={202: DomainOut})
    def post(self, request: Request, domain_id: UUID) -> Response:
        return Response(DomainOut(domains.domain_ask(domain_id=domain_id)).data, status=202)
