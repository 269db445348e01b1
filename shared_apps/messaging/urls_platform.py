"""Messages and notices on the public host: as everywhere."""

from .urls_tenant import urlpatterns

__all__ = ["urlpatterns"]
