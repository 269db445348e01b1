"""Addresses of fees on a tenant's host; what a student has paid is known only here."""

from django.urls import path

from tenant_apps.fees import api
from tenant_apps.fees.pages import counter, dues, home, owed, pay, receipts, today

urlpatterns = [
    path("dues", api.Dues.as_view(), name="fees_dues"),
    path("dues/<uuid:due>", api.DueDetail.as_view(), name="fees_due"),
    path("dues/<uuid:due>/cancel", api.DueCancel.as_view(), name="fees_due_cancel"),
    path("payments/desk", api.Desk.as_view(), name="fees_desk"),
    path("students/<uuid:student>/payments", api.StudentPayments.as_view(), name="fees_student_payments"),
]
pages = [
    path("", home.Home.as_view(), name="page_home"),
    path("today", today.Today.as_view(), name="page_today"),
    path("dues", dues.Dues.as_view(), name="page_dues"),
    path("dues/paid", dues.Paid.as_view(), name="page_dues_paid"),
    path("pay", pay.Pay.as_view(), name="page_pay"),
    path("pay/back", pay.Back.as_view(), name="page_pay_back"),
    path("pay/<uuid:payment>", pay.PaymentStatus.as_view(), name="page_payment_status"),
    path("pay/<uuid:payment>/go", pay.Checkout.as_view(), name="page_checkout"),
    path("counter", counter.Counter.as_view(), name="page_counter"),
    path("counter/students", counter.CounterStudents.as_view(), name="page_counter_students"),
    path("counter/<uuid:payment>", counter.CounterPayment.as_view(), name="page_counter_payment"),
    path("p/back", counter.PayLinkBack.as_view(), name="page_pay_link_back"),
    path("p/<slug:name>", counter.PayLink.as_view(), name="page_pay_link"),
    path("owed", owed.Owed.as_view(), name="page_owed"),
    path("owed/new", owed.DueNew.as_view(), name="page_due_new"),
    path("owed/<uuid:due>/cancel", owed.DueCancel.as_view(), name="page_due_cancel"),
    path("owed/remind", owed.Remind.as_view(), name="page_owed_remind"),
    path("receipts/<uuid:payment>", receipts.ReceiptPage.as_view(), name="page_receipt"),
    path("receipts/<uuid:payment>/pdf", receipts.ReceiptPdf.as_view(), name="page_receipt_pdf"),
    path("receipts/<uuid:payment>/send", receipts.ReceiptSend.as_view(), name="page_receipt_send"),
    path("receipts/check/<slug:name>", receipts.ReceiptCheck.as_view(), name="page_receipt_check"),
]
