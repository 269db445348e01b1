"""The app that owns what a business says to people: templates, the queue of messages, notifications in the app."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "shared_apps.messaging"
    label = "messaging"

    def ready(self) -> None:
        from . import callbacks

        callbacks.register()
