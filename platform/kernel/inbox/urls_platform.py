"""The callback door and its log, alike on both kinds of host."""

from kernel.inbox.urls_tenant import urlpatterns

__all__ = ["urlpatterns"]
