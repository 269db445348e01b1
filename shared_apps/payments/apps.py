"""Registers payments, which live in every schema: the operator and each tenant are paid by the same engine."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "shared_apps.payments"
    label = "payments"

    def ready(self) -> None:
        from . import callbacks

        callbacks.register()
