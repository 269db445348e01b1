"""Receipts: what one says, and the same template as a PDF."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from kernel.http.actor import Actor
from kernel.tenancy import Business
from shared_apps.accounts import selectors as accounts
from shared_apps.organisation import selectors as organisation
from tenant_apps.fees import selectors
from tenant_apps.fees.errors import NoReceipt, PdfUnavailable
from tenant_apps.people import selectors as people

if TYPE_CHECKING:
    from shared_apps.payments.models import Payment

# Rendering is this process's own work: one at a time leaves the other requests their share of it.
_one_at_a_time = threading.Lock()
# Nobody's: what is fetched from it comes from our files.
_HOST = "static.invalid"
_KINDS = {".css": "text/css", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything a receipt prints; what does not apply is blank."""

    business: str
    legal_name: str
    gstin: str
    branch: str
    place: str
    number: str
    paid_at: datetime
    student: str
    code: str
    lines: list[tuple[str, int]]
    amount_paise: int
    refunded_paise: int
    method: str
    through: str
    reference: str
    taken_by: str
    check: str


def receipt_of(actor: Actor, payment: Payment, *, business: Business, check: str) -> Receipt:
    """The receipt of a payment the actor may see; `check` is the address that says it is genuine. Raises NoReceipt."""
    if payment.receipt is None or payment.winner is None or payment.paid_at is None:
        raise NoReceipt(state=payment.state)
    money = payment.winner
    at_desk = payment.gateway == "desk"
    taken_by = accounts.user_by_id(payment.created_by) if at_desk and payment.created_by else None
    branch = people.branches_visible(Actor(kind="job")).filter(id=payment.branch).first() if payment.branch else None
    card = people.student_card(payment.payer_id)
    papers = organisation.profile()
    _method, _, shown = money.gateway_payment_id.partition(":")
    return Receipt(
        business=business.name,
        legal_name=papers.legal_name if papers.legal_name != business.name else "",
        gstin=papers.gstin,
        branch=branch.name if branch else "",
        place=", ".join(one for one in (getattr(branch, "address", ""), getattr(branch, "city", "")) if one),
        number=payment.receipt,
        paid_at=payment.paid_at,
        student=payment.payer_name,
        code=card.code if card else "",
        lines=selectors.lines_of(payment),
        amount_paise=payment.amount_paise,
        refunded_paise=payment.refunded_paise,
        method=money.method,
        through="" if at_desk else payment.gateway.title(),
        reference=("" if money.method == "cash" else shown) if at_desk else money.gateway_payment_id,
        taken_by=taken_by.name if taken_by else "",
        check=check,
    )


def pdf_of(told: dict[str, Any], *, language: str) -> bytes:
    """The receipt's page as a PDF for A4, in one of the product's languages. Raises PdfUnavailable."""
    try:
        import weasyprint
    except (OSError, ImportError) as error:
        # The wheel is there; the libraries of the system that it draws with are not.
        raise PdfUnavailable(needs="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0") from error
    with translation.override(language):
        text = render_to_string("fees/receipt_pdf.html", {**told, "sheet": f"{settings.STATIC_URL}ui/receipt.css"})
    with _one_at_a_time:
        made = weasyprint.HTML(string=text, base_url=f"https://{_HOST}/", url_fetcher=_fetcher()).write_pdf()
    return bytes(made)


def _fetcher() -> Any:
    """What the template may link to: our own static files and nothing else, whatever a name in it tries to be."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    root = Path(settings.STATIC_ROOT).resolve()

    class OwnFiles(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            parts = urlsplit(url)
            file = (root / parts.path.removeprefix(settings.STATIC_URL)).resolve()
            if parts.hostname != _HOST or not file.is_relative_to(root) or not file.is_file():
                raise ValueError(url)
            return URLFetcherResponse(url, file.read_bytes(), {"Content-Type": _KINDS.get(file.suffix, "")})

    return OwnFiles()
