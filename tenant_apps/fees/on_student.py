"""The part of a student's page that is about money: what they owe, what they paid, and how each came about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel import clock
from kernel.http.actor import Actor
from kernel.money import grouped
from shared_apps.payments import selectors as payments
from tenant_apps.fees import selectors
from tenant_apps.fees.models import Due
from tenant_apps.people.dossier import Entry, Figure, Part, register

SHOWN = 60
PAID = ("paid", "part_refunded", "refunded")
_PAYMENTS: dict[str, tuple[Any, str, str]] = {
    "paid": (gettext_lazy("Paid"), "indian-rupee", "ok"),
    "part_refunded": (gettext_lazy("Paid"), "indian-rupee", "ok"),
    "refunded": (gettext_lazy("Refunded"), "undo-2", "neutral"),
    "failed": (gettext_lazy("A payment failed"), "x", "bad"),
    "expired": (gettext_lazy("A payment was not finished"), "clock", "neutral"),
    "cancelled": (gettext_lazy("A payment was not finished"), "x", "neutral"),
}
_BEGUN: tuple[Any, str, str] = (gettext_lazy("A payment was begun"), "clock", "warn")


def register_part() -> None:
    """Called when the app is ready."""
    register(
        Part(
            "fees",
            gettext_lazy("Fees"),
            "wallet",
            "fees.view",
            10,
            entries=entries,
            template="fees/on_student.html",
            told=told,
            figures=figures,
        )
    )


def entries(actor: Actor, student: UUID, until: datetime, limit: int) -> Iterator[Entry]:
    """Dues as they were asked for, and payments as they stand."""
    for due in selectors.dues_visible(actor).filter(student=student, created_at__lte=until).order_by("-id")[:limit]:
        note = _("Due on %(day)s") % {"day": date_format(due.due_on, "j M Y")}
        state = "cancelled" if due.state == Due.State.CANCELLED else ""
        yield Entry(
            due.created_at, str(due.id), "fees", "receipt-text", due.title, note, "neutral", state, due.amount_paise
        )
    if not actor.can("payments.view"):
        return
    paid = payments.payments_visible(actor).filter(payer_id=student).annotate(at=Coalesce("paid_at", "created_at"))
    for one in paid.filter(at__lte=until).order_by("-at", "-id")[:limit]:
        title, icon, tone = _PAYMENTS.get(one.state, _BEGUN)
        note = " · ".join(filter(None, (one.description, one.receipt)))
        address = _page("page_receipt", one.id) if one.receipt else ""
        yield Entry(one.at, str(one.id), "fees", icon, str(title), note, tone, "", one.amount_paise, address)


def told(actor: Actor, student: UUID) -> dict[str, Any]:
    """What is owed, the oldest first, and what was paid, the newest first."""
    dues = selectors.dues_visible(actor).filter(student=student)
    today = clock.today()
    owed: list[Any] = list(dues.filter(state=Due.State.OPEN).order_by("due_on", "id")[:SHOWN])
    for due in owed:
        due.is_late = due.due_on < today
    receipts: list[Any] = []
    if actor.can("payments.view"):
        mine = payments.payments_visible(actor).filter(payer_id=student, state__in=PAID)
        receipts = list(mine.order_by(F("paid_at").desc(), "-id")[:SHOWN])
        for one in receipts:
            one.page = _page("page_receipt", one.id)
    return {"owed": owed, "owed_paise": sum(due.amount_paise for due in owed), "receipts": receipts}


def figures(actor: Actor, student: UUID) -> list[Figure]:
    """What is owed and what of it is late."""
    today = clock.today()
    sums = (
        selectors.dues_visible(actor)
        .filter(student=student)
        .aggregate(
            owed=Sum("amount_paise", filter=Q(state="open"), default=0),
            count=Count("id", filter=Q(state="open")),
            late=Sum("amount_paise", filter=Q(state="open", due_on__lt=today), default=0),
            paid=Sum("amount_paise", filter=Q(state="paid"), default=0),
            paid_count=Count("id", filter=Q(state="paid")),
        )
    )
    late = _("%(amount)s overdue") % {"amount": _rupees(sums["late"])} if sums["late"] else _("nothing overdue")
    fees = ngettext("%(n)s fee", "%(n)s fees", sums["paid_count"]) % {"n": sums["paid_count"]}
    return [
        Figure(_("Owes"), _rupees(sums["owed"]), late, "bad" if sums["late"] else ""),
        Figure(_("Paid so far"), _rupees(sums["paid"]), fees),
    ]


def _rupees(paise: int) -> str:
    whole, rest = divmod(paise, 100)
    return f"₹{grouped(whole)}" + (f".{rest:02d}" if rest else "")


def _page(name: str, thing: UUID) -> str:
    try:
        return reverse(name, args=[thing])
    except NoReverseMatch:
        return ""
