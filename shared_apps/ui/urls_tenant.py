"""What a tenant's host has beside the public one: the portal as an app of its own."""

from django.urls import path

from shared_apps.ui import pwa, urls_platform
from shared_apps.ui.urls_platform import urlpatterns

__all__ = ["pages", "urlpatterns"]

pages = [
    *urls_platform.pages,
    path("manifest.webmanifest", pwa.Manifest.as_view(), name="page_manifest"),
    path("icon.svg", pwa.IconSvg.as_view(), name="page_icon_svg"),
    path("icon-<int:size>.png", pwa.IconPng.as_view(), name="page_icon_png"),
    path("sw.js", pwa.Worker.as_view(), name="page_worker"),
]
