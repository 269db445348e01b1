"""The app that owns people who sign in: platform admins in the public schema, staff and students in their tenant's."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "shared_apps.accounts"
    label = "accounts"
