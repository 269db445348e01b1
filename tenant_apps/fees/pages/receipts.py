"""A receipt on a page and as a PDF, for the desk and for whoever paid; and the page that says it is genuine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from kernel.http.pages import PUBLIC, PageRequest, PageView, local_path
from kernel.money import rupees
from shared_apps.messaging import services as messaging
from shared_apps.payments import selectors as payments
from tenant_apps.fees import receipts
from tenant_apps.fees.pages.counter import qr_of
from tenant_apps.fees.pages.pay import KEY_LENGTH, here
from tenant_apps.fees.words import amount_in_words


class ReceiptPage(PageView):
    """The receipt as it prints, in either language, with the way to its PDF."""

    permission = {"GET": "payments.view"}
    when_suspended = True

    def get(self, request: PageRequest, payment: UUID) -> HttpResponse:
        told = _told(request, payment)
        told |= {"prints": "print" in request.GET, "languages": settings.LANGUAGES}
        return render(request, "fees/receipt.html", told)


class ReceiptPdf(PageView):
    """The same as a file."""

    permission = {"GET": "payments.view"}
    when_suspended = True
    throttled_per_minute = 30

    def get(self, request: PageRequest, payment: UUID) -> HttpResponse:
        told = _told(request, payment)
        made = receipts.pdf_of(told, language=told["language"])
        name = told["receipt"].number.replace("/", "-")
        headers = {"Content-Disposition": f'inline; filename="receipt-{name}.pdf"'}
        return HttpResponse(made, content_type="application/pdf", headers=headers)


class ReceiptSend(PageView):
    """Tell the payer the receipt's number once more: for each press of the button one message."""

    permission = {"POST": "payments.desk"}

    def post(self, request: PageRequest, payment: UUID) -> HttpResponse:
        found = payments.payment_get(request.actor, payment)
        back = local_path(request.POST.get("next", ""), reverse("page_receipt", args=[found.id]))
        if not found.receipt or not found.payer_phone:
            return redirect(back)
        key = request.POST.get("key", "")[:KEY_LENGTH]
        messaging.message_queue(
            template="payment",
            to=found.payer_phone,
            values={"amount": f"{rupees(found.amount_paise):.2f}", "receipt": found.receipt},
            key=f"fees.receipt:{found.id}:{key}",
            person=request.actor.user_id,
        )
        messages.success(request, _("The receipt is on its way to %(name)s.") % {"name": found.payer_name})
        return redirect(back)


class ReceiptCheck(PageView):
    """What a receipt's code opens: whether it is genuine, with the least that has to be told for that."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest, name: str) -> HttpResponse:
        payment = payments.payment_by_long_name(name)
        payer = " ".join(f"{word[:1]}•••" for word in payment.payer_name.split()[:2])
        return render(request, "fees/receipt_check.html", {"payment": payment, "payer": payer})


def _told(request: PageRequest, payment: UUID) -> dict[str, Any]:
    found = payments.payment_paid(request.actor, payment)
    check = here(request, reverse("page_receipt_check", args=[found.long_name]))
    made = receipts.receipt_of(request.actor, found, business=request.business, check=check)
    language = _language(request)
    return {
        "payment": found,
        "receipt": made,
        "qr": qr_of(check),
        "language": language,
        "words": amount_in_words(found.amount_paise, language),
    }


def _language(request: PageRequest) -> str:
    wanted = request.GET.get("language", "")
    return wanted if wanted in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE
