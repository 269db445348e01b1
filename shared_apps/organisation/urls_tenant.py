"""Addresses of a business's own settings."""

from django.urls import URLPattern, path

from shared_apps.organisation import api, pages_domains
from shared_apps.organisation import pages as views

urlpatterns: list[URLPattern] = [
    path("domains", api.DomainsView.as_view(), name="organisation_domains"),
    path("domains/<uuid:domain_id>", api.DomainView.as_view(), name="organisation_domain"),
    path("domains/<uuid:domain_id>/check", api.DomainCheckView.as_view(), name="organisation_domain_check"),
]
pages = [
    path("settings", views.Organisation.as_view(), name="page_organisation"),
    path("settings/brand", views.Brand.as_view(), name="page_organisation_brand"),
    path("settings/brand/preview", views.BrandPreview.as_view(), name="page_organisation_preview"),
    path("settings/brand/logo", views.Logo.as_view(), name="page_organisation_logo"),
    path("settings/domains", pages_domains.Domains.as_view(), name="page_domains"),
    path("settings/domains/<uuid:domain_id>/check", pages_domains.DomainCheck.as_view(), name="page_domain_check"),
    path("settings/domains/<uuid:domain_id>/remove", pages_domains.DomainRemove.as_view(), name="page_domain_remove"),
    path("brand.css", views.BrandStylesheet.as_view(), name="page_brand"),
    path("logo", views.LogoPicture.as_view(), name="page_logo"),
    path("setup", views.Setup.as_view(), name="page_setup"),
    path("setup/<slug:step>", views.SetupSkip.as_view(), name="page_setup_skip"),
]
