"""Registers the people app, which lives in a tenant's schema only, as the one that knows who may act for whom."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tenant_apps.people"
    label = "people"

    def ready(self) -> None:
        from shared_apps.accounts import profiles
        from tenant_apps.people import findable, history, selectors, works

        profiles.register(selectors.profiles_of, ids=selectors.profile_ids)
        history.register_parts()
        works.register_kinds()
        findable.register()
