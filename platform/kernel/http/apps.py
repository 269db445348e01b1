from django.apps import AppConfig


class HttpConfig(AppConfig):
    """The API's own addresses and its document."""

    name = "kernel.http"
    label = "http"
