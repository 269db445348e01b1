from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    """Answers kept by Idempotency-Key, in every schema."""

    name = "kernel.idempotency"
    label = "idempotency"
