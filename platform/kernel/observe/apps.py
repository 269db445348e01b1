from django.apps import AppConfig


class ObserveConfig(AppConfig):
    """Logs, health and metrics."""

    name = "kernel.observe"
    label = "observe"

    def ready(self) -> None:
        from kernel.observe import logs

        logs.configure()
