"""Addresses of a business's own settings."""

from django.urls import URLPattern, path

from shared_apps.organisation import pages as views

urlpatterns: list[URLPattern] = []
pages = [
    path("settings", views.Organisation.as_view(), name="page_organisation"),
    path("settings/brand", views.Brand.as_view(), name="page_organisation_brand"),
    path("settings/brand/preview", views.BrandPreview.as_view(), name="page_organisation_preview"),
    path("settings/brand/logo", views.Logo.as_view(), name="page_organisation_logo"),
    path("brand.css", views.BrandStylesheet.as_view(), name="page_brand"),
    path("logo", views.LogoPicture.as_view(), name="page_logo"),
    path("setup", views.Setup.as_view(), name="page_setup"),
    path("setup/<slug:step>", views.SetupSkip.as_view(), name="page_setup_skip"),
]
