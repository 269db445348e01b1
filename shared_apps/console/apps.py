from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "shared_apps.console"
    label = "console"

    def ready(self) -> None:
        from shared_apps.console import findable

        findable.register()
