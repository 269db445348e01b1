"""Addresses of payments on a tenant's host: those of the operator's, and the pages of its staff."""

from django.urls import path

from shared_apps.payments import urls_gateways
from shared_apps.payments.pages import listing, payment
from shared_apps.payments.urls_platform import urlpatterns

__all__ = ["pages", "urlpatterns"]

pages = [
    path("payments", listing.Payments.as_view(), name="page_payments"),
    path("payments/sheet", listing.PaymentsSheet.as_view(), name="page_payments_sheet"),
    path("payments/<uuid:payment>", payment.PaymentPage.as_view(), name="page_payment"),
    path("payments/<uuid:payment>/refund", payment.PaymentRefund.as_view(), name="page_payment_refund"),
    path("payments/<uuid:payment>/ask", payment.PaymentAsk.as_view(), name="page_payment_ask"),
    *urls_gateways.pages,
]
