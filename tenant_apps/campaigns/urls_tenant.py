"""Addresses of campaigns on a tenant's host."""

from django.urls import path

from tenant_apps.campaigns import api
from tenant_apps.campaigns import pages as views

urlpatterns = [
    path("campaigns", api.Campaigns.as_view(), name="campaigns_list"),
    path("campaigns/<uuid:campaign>", api.CampaignDetail.as_view(), name="campaigns_read"),
    path("campaigns/<uuid:campaign>/preview", api.CampaignPreview.as_view(), name="campaigns_preview"),
    path("campaigns/<uuid:campaign>/send", api.CampaignSend.as_view(), name="campaigns_send"),
]
pages = [
    path("campaigns", views.Campaigns.as_view(), name="page_campaigns"),
    path("campaigns/new", views.CampaignNew.as_view(), name="page_campaign_new"),
    path("campaigns/<uuid:campaign>", views.Campaign.as_view(), name="page_campaign"),
    path("campaigns/<uuid:campaign>/send", views.CampaignSend.as_view(), name="page_campaign_send"),
    path("campaigns/<uuid:campaign>/recipients", views.Recipients.as_view(), name="page_campaign_recipients"),
]
