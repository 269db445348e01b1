"""Registers the campaigns app, which lives in a tenant's schema only."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "tenant_apps.campaigns"
    label = "campaigns"
