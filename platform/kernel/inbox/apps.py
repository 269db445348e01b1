from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "kernel.inbox"
    label = "inbox"
