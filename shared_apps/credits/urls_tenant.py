"""Addresses of a tenant's credits."""

from django.urls import path

from shared_apps.credits import api_tenant as api
from shared_apps.credits import pages_tenant as views

urlpatterns = [
    path("credits/wallet", api.WalletView.as_view(), name="credits_wallet"),
    path("credits/ledger", api.LedgerView.as_view(), name="credits_ledger"),
    path("credits/purchase", api.PurchaseView.as_view(), name="credits_purchase"),
]
pages = [
    path("credits", views.Credits.as_view(), name="page_credits"),
    path("credits/orders/<uuid:order>", views.CreditOrder.as_view(), name="page_credit_order"),
    path("credits/orders/<uuid:order>/pay", views.CreditPay.as_view(), name="page_credit_pay"),
]
