"""Addresses of a tenant's credits."""

from django.urls import path

from shared_apps.credits import api_tenant as api

urlpatterns = [
    path("credits/wallet", api.WalletView.as_view(), name="credits_wallet"),
    path("credits/ledger", api.LedgerView.as_view(), name="credits_ledger"),
    path("credits/purchase", api.PurchaseView.as_view(), name="credits_purchase"),
]
