"""The operator's own money: payments of tenants to the platform, whether the books agree, how gateways answer."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from kernel.http.pages import PageRequest, PageView
from shared_apps.payments import selectors as payments

A_PAGE = 25
STATES = ("created", "pending", "authorised", "paid", "part_refunded", "refunded", "failed", "cancelled", "expired")


class Payments(PageView):
    """Newest first; found by reference, receipt, payer, or a gateway's own ids."""

    permission = {"GET": "payments.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        text, state = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
        found = payments.payments_visible(request.actor)
        if text:
            found = found.filter(id__in=payments.payments_found(text).values("id"))
        if state in STATES:
            found = found.filter(state=state)
        told = {
            "page": Paginator(found.order_by("-id"), A_PAGE).get_page(request.GET.get("page")),
            "text": text,
            "state": state,
            "states": STATES,
            "is_filtered": bool(text or state),
            "books": payments.books() if request.actor.can("payments.books") else None,
        }
        return render(request, "console/payments.html", told)
