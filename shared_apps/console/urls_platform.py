from django.urls import path

from shared_apps.console import api
from shared_apps.console import pages as views

urlpatterns = [
    path("tenants", api.TenantsView.as_view(), name="tenants_list"),
    path("tenants/<uuid:tenant_id>", api.TenantView.as_view(), name="tenants_read"),
    path("tenants/<uuid:tenant_id>/suspend", api.SuspendView.as_view(), name="tenants_suspend"),
    path("tenants/<uuid:tenant_id>/reactivate", api.ReactivateView.as_view(), name="tenants_reactivate"),
    path("tenants/<uuid:tenant_id>/stats", api.StatsView.as_view(), name="tenants_stats"),
    path("tenants/<uuid:tenant_id>/provisioning", api.ProvisioningView.as_view(), name="tenants_provisioning"),
]

pages = [
    path("", views.Home.as_view(), name="page_home"),
    path("tenants", views.Tenants.as_view(), name="page_tenants"),
    path("tenants/new", views.NewTenant.as_view(), name="page_tenant_new"),
    path("tenants/slug", views.Slug.as_view(), name="page_tenant_slug"),
    path("tenants/<uuid:tenant_id>", views.Tenant.as_view(), name="page_tenant"),
    path("tenants/<uuid:tenant_id>/steps", views.Steps.as_view(), name="page_tenant_steps"),
    path("tenants/<uuid:tenant_id>/again", views.Again.as_view(), name="page_tenant_again"),
    path("tenants/<uuid:tenant_id>/suspend", views.Suspend.as_view(), name="page_tenant_suspend"),
    path("tenants/<uuid:tenant_id>/reactivate", views.Reactivate.as_view(), name="page_tenant_reactivate"),
]
