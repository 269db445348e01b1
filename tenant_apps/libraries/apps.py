"""Registers the libraries app, which lives in a tenant's schema only."""

from django.apps import AppConfig


class LibrariesConfig(AppConfig):
    name = "tenant_apps.libraries"
    label = "libraries"

    def ready(self) -> None:
        from tenant_apps.libraries import findable

        findable.register()
