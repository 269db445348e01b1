"""Messages and notices on the public host: as everywhere."""

from .urls_tenant import pages, urlpatterns

__all__ = ["pages", "urlpatterns"]
