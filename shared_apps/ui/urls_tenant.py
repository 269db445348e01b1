from shared_apps.ui.urls_platform import pages, urlpatterns

__all__ = ["pages", "urlpatterns"]
