"""Long work and scheduled work, alike on both kinds of host."""

from kernel.jobs.urls_tenant import urlpatterns

__all__ = ["urlpatterns"]
