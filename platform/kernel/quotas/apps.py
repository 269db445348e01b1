from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "kernel.quotas"
    label = "quotas"
