"""Paying in a browser: what is chosen, the way to the gateway's own page, and the truth after coming back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from connectors.payments.errors import GatewayError
from kernel import clock
from kernel.errors import DomainError
from kernel.http.errors import Forbidden
from kernel.http.headers import page_policy
from kernel.http.pages import PageRequest, PageView
from kernel.http.readers import is_partial
from kernel.ids import uuid7
from shared_apps.payments import purposes
from shared_apps.payments import selectors as payments
from shared_apps.payments import services as paying
from tenant_apps.bookings.events import PURPOSE as BOOKING
from tenant_apps.fees import selectors, services
from tenant_apps.fees.errors import BundleEmpty, PaymentUnderWay
from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY
from tenant_apps.fees.pages.standing import Standing, standing_of

# Of the fragment's looks every fifth second, each fourth asks the gateway; the others read what is known.
ASKED_EVERY = 4
# Only then is anybody sent out to pay: not while a bank is at it.
PAYABLE = ("open", "failed")
KEY_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be paid: its lines as title and amount, for whom, and until when it can be had."""

    lines: list[tuple[str, int]]
    amount_paise: int
    payer: str
    dues: list[UUID]
    booking: str = ""
    until: datetime | None = None

    @property
    def seconds(self) -> int:
        """How long a held seat is still held."""
        return max(0, int((self.until - clock.now()).total_seconds())) if self.until else 0


class Pay(PageView):
    """The summary of what one is about to pay, and the start of its payment: the same form sent twice starts one."""

    permission = {"GET": "payments.create", "POST": "payments.create"}

    def get(self, request: PageRequest) -> HttpResponse:
        students_only(request)
        if not request.GET.getlist("due") and not request.GET.get("booking"):
            return redirect("page_dues")
        try:
            choice = choice_of(request, request.GET)
        except PaymentUnderWay as error:
            return redirect(under_way(error.data["payment"]))
        except DomainError as error:
            return render(request, "fees/pay_refused.html", {"error": error}, status=error.status)
        return render(request, "fees/pay.html", {"choice": choice, "key": str(uuid7())})

    def post(self, request: PageRequest) -> HttpResponse:
        students_only(request)
        try:
            choice = choice_of(request, request.POST)
            purpose, subject = subject_of(choice, key=request.POST.get("key", "")[:KEY_LENGTH])
            payment = paying.payment_create(
                purpose=purpose,
                subject=subject,
                quote=purposes.quote_for(request.actor, purpose=purpose, reference=subject),
                created_by=request.actor.user_id,
                return_url=here(request, reverse("page_pay_back")),
            )
        except PaymentUnderWay as error:
            return redirect(under_way(error.data["payment"]))
        except DomainError as error:
            if error.data.get("payment") and error.code == "payments.already_paid":
                return redirect("page_payment_status", error.data["payment"])
            return render(request, "fees/pay_refused.html", {"error": error}, status=error.status)
        return redirect("page_checkout", payment.id)


class Checkout(PageView):
    """The way out to the gateway's page: a form of plain fields, sent by itself where scripts run.

    Its policy of content lets forms reach that gateway, on this page alone.
    """

    permission = {"GET": "payments.create"}

    def get(self, request: PageRequest, payment: UUID) -> HttpResponse:
        students_only(request)
        found = payments.payment_get(request.actor, payment)
        status = reverse("page_payment_status", args=[found.id])
        if standing_of(request.actor, found).phase not in PAYABLE:
            return redirect(status)
        hosted = payments.hosted_of(found, business=request.business.name, cancel_url=here(request, status))
        told = {"payment": found, "hosted": hosted, "gateway": found.gateway.title()}
        answer = render(request, "fees/checkout.html", told)
        answer["Content-Security-Policy"] = page_policy(form_action=hosted.origins)
        return answer


class PaymentStatus(PageView):
    """How a payment stands, asked for until it is known; closing the page loses nothing."""

    permission = {"GET": "payments.view", "POST": "payments.view"}
    when_suspended = True

    def get(self, request: PageRequest, payment: UUID) -> HttpResponse:
        students_only(request)
        found = payments.payment_get(request.actor, payment)
        looks = number(request.GET.get("look"))
        is_over = found.expires_at <= clock.now()
        if found.state in found.UNPAID and (is_over or (looks and looks % ASKED_EVERY == 0)):
            refreshed(found.id)
        standing = standing_of(request.actor, payments.payment_get(request.actor, payment))
        told = {"standing": standing, "payment": standing.payment, "look": looks + 1, "again": "again" in request.GET}
        return render(request, "fees/standing.html" if is_partial(request) else "fees/payment_status.html", told)

    def post(self, request: PageRequest, payment: UUID) -> HttpResponse:
        """Ask the gateway now."""
        students_only(request)
        found = payments.payment_get(request.actor, payment)
        refreshed(found.id)
        return redirect("page_payment_status", found.id)


class Back(PageView):
    """Where the gateway's page leads in the end. What the browser says of the state is not read."""

    permission = {"GET": "payments.view"}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        try:
            found = payments.payment_get(request.actor, UUID(request.GET.get("payment", "")))
        except ValueError:
            return redirect("page_dues")
        return redirect("page_payment_status", found.id)


def students_only(request: PageRequest) -> None:
    """Staff have pages of their own for payments. Raises Forbidden."""
    if request.actor.kind != "student":
        raise Forbidden


def here(request: PageRequest, path: str) -> str:
    """A path on the host one reads at: the session is kept there alone."""
    return f"{settings.SCHEME}://{request.get_host()}{path}"


def under_way(payment: str) -> str:
    """Where a second start of what is being paid leads: to the payment that stands, which says so."""
    return f"{reverse('page_payment_status', args=[payment])}?again=1"


def choice_of(request: PageRequest, given: Any) -> Choice:
    """What the form or the address names, as the actor may pay for it. Raises what its app refuses with."""
    if booking := given.get("booking", ""):
        for one in payments.payments_live(BOOKING, [booking]):
            raise PaymentUnderWay(payment=str(one.id))
        quote = purposes.quote_for(request.actor, purpose=BOOKING, reference=booking)
        lines = [(quote.description, quote.amount_paise)]
        return Choice(lines, quote.amount_paise, quote.payer.name, [], booking=booking, until=quote.expires_at)
    dues = selectors.dues_chosen(request.actor, given.getlist("due"))
    if not dues or len({due.student_id for due in dues}) > 1:
        raise BundleEmpty
    for one in selectors.payments_under_way([due.id for due in dues]).values():
        raise PaymentUnderWay(payment=str(one.id))
    lines = [(due.title, due.amount_paise) for due in dues]
    return Choice(lines, sum(due.amount_paise for due in dues), dues[0].student.name, [due.id for due in dues])


def subject_of(choice: Choice, *, key: str) -> tuple[str, str]:
    """The purpose and the subject of the payment; several fees are put together for it."""
    if choice.booking:
        return BOOKING, choice.booking
    if len(choice.dues) == 1:
        return PURPOSE, str(choice.dues[0])
    return PURPOSE_MANY, str(services.bundle_make(dues=choice.dues, key=key or str(uuid7())).id)


def refreshed(payment: UUID) -> None:
    """Fetch the truth; while a gateway is silent, what is known already is shown."""
    try:
        paying.payment_refresh(payment=payment)
    except GatewayError:
        return


def number(text: str | None) -> int:
    """How often a fragment has looked; 0 for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 6 else 0


__all__ = ["Back", "Checkout", "Choice", "Pay", "PaymentStatus", "Standing"]
