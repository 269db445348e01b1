"""Addresses of campaigns on a tenant's host."""

from django.urls import path

from tenant_apps.campaigns import api

urlpatterns = [
    path("campaigns", api.Campaigns.as_view(), name="campaigns_list"),
    path("campaigns/<uuid:campaign>", api.CampaignDetail.as_view(), name="campaigns_read"),
    path("campaigns/<uuid:campaign>/preview", api.CampaignPreview.as_view(), name="campaigns_preview"),
    path("campaigns/<uuid:campaign>/send", api.CampaignSend.as_view(), name="campaigns_send"),
]
