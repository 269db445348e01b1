"""Registers the people app, which lives in a tenant's schema only."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tenant_apps.people"
    label = "people"
