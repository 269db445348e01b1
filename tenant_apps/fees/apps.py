"""Registers the fees app, which lives in a tenant's schema only, and what of it is paid online."""

from django.apps import AppConfig


class FeesConfig(AppConfig):
    name = "tenant_apps.fees"
    label = "fees"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from shared_apps.organisation import setup
        from shared_apps.payments import purposes
        from tenant_apps.fees import on_student, selectors
        from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY
        from tenant_apps.fees.models import Due

        purposes.register(PURPOSE, quote=selectors.due_quote)
        purposes.register(PURPOSE_MANY, quote=selectors.bundle_quote)
        on_student.register_part()
        setup.register(
            "fees",
            title=_("Ask for your first fee"),
            text=_("What is due, from whom and when; they pay from their phones."),
            icon="indian-rupee",
            page="page_students",
            permission="fees.change",
            position=55,
            done=Due.objects.all,
        )
