"""Addresses of payments on a tenant's host: those of the operator's."""

from shared_apps.payments.urls_platform import urlpatterns

__all__ = ["urlpatterns"]
