"""Messages and notices on the public host: as everywhere."""

from .urls_tenant import notices as pages
from .urls_tenant import urlpatterns

__all__ = ["pages", "urlpatterns"]
