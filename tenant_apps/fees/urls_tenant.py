"""Addresses of fees on a tenant's host; what a student has paid is known only here."""

from django.urls import path

from tenant_apps.fees import api
from tenant_apps.fees.pages import dues, home, pay

urlpatterns = [
    path("dues", api.Dues.as_view(), name="fees_dues"),
    path("dues/<uuid:due>", api.DueDetail.as_view(), name="fees_due"),
    path("dues/<uuid:due>/cancel", api.DueCancel.as_view(), name="fees_due_cancel"),
    path("students/<uuid:student>/payments", api.StudentPayments.as_view(), name="fees_student_payments"),
]
pages = [
    path("", home.Home.as_view(), name="page_home"),
    path("dues", dues.Dues.as_view(), name="page_dues"),
    path("dues/paid", dues.Paid.as_view(), name="page_dues_paid"),
    path("pay", pay.Pay.as_view(), name="page_pay"),
    path("pay/back", pay.Back.as_view(), name="page_pay_back"),
    path("pay/<uuid:payment>", pay.PaymentStatus.as_view(), name="page_payment_status"),
    path("pay/<uuid:payment>/go", pay.Checkout.as_view(), name="page_checkout"),
]
