"""The audit's address."""

from kernel.audit.urls_tenant import urlpatterns

__all__ = ["urlpatterns"]
