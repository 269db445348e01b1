from django.apps import AppConfig


class HttpConfig(AppConfig):
    """The API's own addresses and its document."""

    name = "kernel.http"
    label = "http"

    def ready(self) -> None:
        from kernel.http import kept  # noqa: F401 - listens from now on
