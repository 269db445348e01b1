from django.apps import AppConfig
from django_cotton.nested_tag_support import enable_nested_tag_support


class UiConfig(AppConfig):
    name = "shared_apps.ui"
    label = "ui"

    def ready(self) -> None:
        enable_nested_tag_support()
