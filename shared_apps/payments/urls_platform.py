"""Addresses of payments: the same engine answers for the operator and for each tenant."""

from django.urls import path

from shared_apps.payments.api import gateways, payments

urlpatterns = [
    path("payments", payments.Payments.as_view(), name="payments_list"),
    path("payments/create", payments.PaymentCreate.as_view(), name="payments_create"),
    path("payments/verify", payments.PaymentVerify.as_view(), name="payments_verify"),
    path("payments/stats", payments.PaymentStats.as_view(), name="payments_stats"),
    path("payments/return/<slug:reference>", payments.PaymentReturn.as_view(), name="payments_return"),
    path("payments/gateways", gateways.Accounts.as_view(), name="payments_gateways"),
    path("payments/gateways/<uuid:account>", gateways.Account.as_view(), name="payments_gateway"),
    path("payments/gateways/<uuid:account>/test", gateways.AccountTest.as_view(), name="payments_gateway_test"),
    path("payments/<uuid:payment>", payments.PaymentDetails.as_view(), name="payments_payment"),
    path("payments/<uuid:payment>/route", payments.PaymentRoute.as_view(), name="payments_route"),
    path("payments/<uuid:payment>/refund", payments.PaymentRefunds.as_view(), name="payments_refund"),
]
