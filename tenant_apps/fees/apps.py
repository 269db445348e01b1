"""Registers the fees app, which lives in a tenant's schema only, and what of it is paid online."""

from django.apps import AppConfig


class FeesConfig(AppConfig):
    name = "tenant_apps.fees"
    label = "fees"

    def ready(self) -> None:
        from shared_apps.payments import purposes
        from tenant_apps.fees import selectors
        from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY

        purposes.register(PURPOSE, quote=selectors.due_quote)
        purposes.register(PURPOSE_MANY, quote=selectors.bundle_quote)
