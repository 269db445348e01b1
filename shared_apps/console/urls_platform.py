from django.urls import path

from shared_apps.console import api
from shared_apps.console.pages import home, tenant, tenants

urlpatterns = [
    path("tenants", api.TenantsView.as_view(), name="tenants_list"),
    path("tenants/<uuid:tenant_id>", api.TenantView.as_view(), name="tenants_read"),
    path("tenants/<uuid:tenant_id>/suspend", api.SuspendView.as_view(), name="tenants_suspend"),
    path("tenants/<uuid:tenant_id>/reactivate", api.ReactivateView.as_view(), name="tenants_reactivate"),
    path("tenants/<uuid:tenant_id>/stats", api.StatsView.as_view(), name="tenants_stats"),
    path("tenants/<uuid:tenant_id>/provisioning", api.ProvisioningView.as_view(), name="tenants_provisioning"),
]

pages = [
    path("", home.Home.as_view(), name="page_home"),
    path("tenants", tenants.Tenants.as_view(), name="page_tenants"),
    path("tenants/new", tenants.NewTenant.as_view(), name="page_tenant_new"),
    path("tenants/slug", tenants.Slug.as_view(), name="page_tenant_slug"),
    path("tenants/<uuid:tenant_id>", tenant.Tenant.as_view(), name="page_tenant"),
    path("tenants/<uuid:tenant_id>/steps", tenant.Steps.as_view(), name="page_tenant_steps"),
    path("tenants/<uuid:tenant_id>/again", tenant.Again.as_view(), name="page_tenant_again"),
    path("tenants/<uuid:tenant_id>/suspend", tenant.Suspend.as_view(), name="page_tenant_suspend"),
    path("tenants/<uuid:tenant_id>/reactivate", tenant.Reactivate.as_view(), name="page_tenant_reactivate"),
    path("tenants/<uuid:tenant_id>/support", tenant.Support.as_view(), name="page_tenant_support_ask"),
    path("tenants/<uuid:tenant_id>/support/<uuid:visit>", tenant.SupportVisit.as_view(), name="page_tenant_support"),
    path(
        "tenants/<uuid:tenant_id>/support/<uuid:visit>/end",
        tenant.SupportEnd.as_view(),
        name="page_tenant_support_end",
    ),
]
