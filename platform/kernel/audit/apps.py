from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The append-only audit of every schema."""

    name = "kernel.audit"
    label = "audit"
