"""Campaigns over HTTP: one text to the students of an audience."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel.http.errors import NotFound
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, idempotent, row, rows
from kernel.quotas import FeatureClosed
from shared_apps.messaging.errors import TemplateInvalid, TemplateMissing
from tenant_apps.campaigns import errors, selectors, services
from tenant_apps.campaigns.models import Campaign
from tenant_apps.people import selectors as people
from tenant_apps.people.errors import BranchNeeded, BranchUnknown


class CampaignOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    template = serializers.CharField()
    language = serializers.CharField()
    values = serializers.JSONField()
    branch = serializers.UUIDField(source="branch_id", allow_null=True)
    grade = serializers.CharField()
    board = serializers.CharField()
    state = serializers.ChoiceField(choices=Campaign.State.choices)
    recipients = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)


class CampaignShown(CampaignOutput):
    outcome = serializers.DictField(child=serializers.IntegerField(), help_text="Messages by their state")


class CampaignInput(Input):
    name = serializers.CharField(max_length=80)
    template = serializers.CharField(max_length=40)
    language = serializers.CharField(max_length=2, required=False, default="", allow_blank=True)
    values = serializers.DictField(child=serializers.CharField(max_length=200), required=False, default=dict)
    branch = serializers.UUIDField(required=False, allow_null=True, default=None)
    grade = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    board = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class PreviewOutput(serializers.Serializer):
    recipients = serializers.IntegerField(help_text="Phones: siblings may share one")
    units = serializers.IntegerField(help_text="Credits it will cost")
    text = serializers.CharField(help_text="As the first of them will read it")


class Campaigns(ApiView):
    permission = {"GET": "campaigns.view", "POST": "campaigns.send"}

    @api(
        "What was said to many at once",
        responses=CampaignOutput(many=True),
        search=("name",),
        filters={"state": "state", "branch": "branch"},
        dated="created_at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.campaigns_visible, CampaignOutput, request)

    @api(
        "Prepare one text for the students of an audience",
        request=CampaignInput,
        responses={201: CampaignShown},
        errors=[TemplateMissing, TemplateInvalid, BranchUnknown, BranchNeeded],
    )
    def post(self, request: Request) -> Response:
        given = CampaignInput.parse(request)
        if given["branch"] is not None or request.user.branches is not None:
            given["branch"] = people.branch_chosen(request.user, given["branch"]).id
        campaign = services.campaign_create(**given)
        return Response(shown(request, campaign.id), status=201)


class CampaignDetail(ApiView):
    permission = {"GET": "campaigns.view"}

    @api("One campaign and what became of its messages", responses=CampaignShown, errors=[NotFound])
    def get(self, request: Request, campaign: UUID) -> Response:
        return Response(shown(request, campaign))


class CampaignPreview(ApiView):
    permission = {"POST": "campaigns.send"}

    @api(
        "To how many it would go, for how many credits",
        responses=PreviewOutput,
        errors=[NotFound, TemplateMissing, TemplateInvalid],
    )
    def post(self, request: Request, campaign: UUID) -> Response:
        found = selectors.campaign_get(request.user, campaign)
        return Response(PreviewOutput(selectors.campaign_preview(found)).data)


class CampaignSend(ApiView):
    permission = {"POST": "campaigns.send"}

    @api(
        "Send it: costs credits as any message",
        responses=CampaignShown,
        errors=[NotFound, FeatureClosed, errors.NotDraft, errors.NobodyMeant],
    )
    @idempotent
    def post(self, request: Request, campaign: UUID) -> Response:
        found = selectors.campaign_get(request.user, campaign)
        services.campaign_send(campaign=found.id)
        return Response(shown(request, campaign))


def shown(request: Request, campaign: UUID) -> dict[str, Any]:
    found = selectors.campaign_get(request.user, campaign)
    one = row(selectors.campaigns_visible(request.user).filter(id=campaign), CampaignOutput)
    return {**one, "outcome": selectors.campaign_outcome(found)}
