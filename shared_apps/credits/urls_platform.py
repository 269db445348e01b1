"""Addresses of the operator's desk for credits."""

from django.urls import path

from shared_apps.credits import api_platform as api

urlpatterns = [
    path("admin/credits/wallet", api.StockView.as_view(), name="credits_stock"),
    path("admin/credits/vendors", api.VendorsView.as_view(), name="credits_vendors"),
    path("admin/credits/vendors/<uuid:vendor>", api.VendorView.as_view(), name="credits_vendor"),
    path("admin/credits/purchase", api.PurchaseView.as_view(), name="credits_purchases"),
    path("admin/credits/tenant-wallets", api.TenantWalletsView.as_view(), name="credits_wallets"),
    path("admin/credits/allocate", api.AllocateView.as_view(), name="credits_allocate"),
    path("admin/credits/prices", api.PricesView.as_view(), name="credits_prices"),
    path("admin/credits/margins", api.MarginsView.as_view(), name="credits_margins"),
]
