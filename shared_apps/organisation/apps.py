from django.apps import AppConfig


class OrganisationConfig(AppConfig):
    name = "shared_apps.organisation"
    label = "organisation"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from shared_apps.organisation import setup

        setup.register(
            "logo",
            title=_("Show your logo and colour"),
            text=_("Your students see your name and look, not ours."),
            icon="palette",
            page="page_organisation_brand",
            permission="organisation.view",
            position=10,
            known=lambda business: bool(business.logo or business.brand),
        )
