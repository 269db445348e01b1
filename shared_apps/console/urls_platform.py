from django.urls import path

from shared_apps.console import api

urlpatterns = [
    path("tenants", api.TenantsView.as_view(), name="tenants_list"),
    path("tenants/<uuid:tenant_id>", api.TenantView.as_view(), name="tenants_read"),
    path("tenants/<uuid:tenant_id>/suspend", api.SuspendView.as_view(), name="tenants_suspend"),
    path("tenants/<uuid:tenant_id>/reactivate", api.ReactivateView.as_view(), name="tenants_reactivate"),
    path("tenants/<uuid:tenant_id>/stats", api.StatsView.as_view(), name="tenants_stats"),
    path("tenants/<uuid:tenant_id>/provisioning", api.ProvisioningView.as_view(), name="tenants_provisioning"),
]
