from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "shared_apps.credits"
    label = "credits"
