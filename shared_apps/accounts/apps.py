"""The app that owns people who sign in: platform admins in the public schema, staff and students in their tenant's."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "shared_apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from shared_apps.accounts import roles
        from shared_apps.accounts.models import RoleAssignment
        from shared_apps.organisation import setup

        setup.register(
            "staff",
            title=_("Invite your staff"),
            text=_("Each with a role of their own; they choose their password themselves."),
            icon="users",
            page="page_staff",
            permission="users.add",
            position=70,
            done=lambda: RoleAssignment.objects.exclude(role=roles.OWNER),
        )
