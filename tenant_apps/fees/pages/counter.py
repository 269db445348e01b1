"""The counter: a student is found, what they owe is taken, the receipt is there; by keyboard in a few seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import segno
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe

from kernel import clock
from kernel.errors import DomainError
from kernel.http.headers import page_policy
from kernel.http.pages import PUBLIC, PageRequest, PageView
from kernel.http.readers import is_partial
from kernel.ids import uuid7
from shared_apps.payments import purposes
from shared_apps.payments import selectors as payments
from shared_apps.payments import services as paying
from tenant_apps.fees import counter, selectors, services
from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY
from tenant_apps.fees.pages.pay import ASKED_EVERY, KEY_LENGTH, here, number, refreshed
from tenant_apps.people import selectors as people

FOUND = 8
RECENT = 6
SOON = timedelta(days=7)
# By an order of a gateway, paid on the payer's own phone.
LINK = "link"
METHODS = ("cash", "upi", "card", LINK)


class Counter(PageView):
    """One page for all of it: the search, then a student's open fees, then what was taken and the next student."""

    permission = {"GET": "payments.desk", "POST": "payments.desk"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, student=request.GET.get("student", ""))

    def post(self, request: PageRequest) -> HttpResponse:
        form = request.POST
        try:
            student = people.student_get(request.actor, UUID(form.get("student", "")))
            dues = [UUID(one) for one in form.getlist("due")]
        except ValueError:
            return redirect("page_counter")
        told = {"method": form.get("method", ""), "key": form.get("key", "")[:KEY_LENGTH] or str(uuid7())}
        told["reference"] = form.get("reference", "").strip()[:KEY_LENGTH]
        try:
            if told["method"] == LINK:
                return redirect("page_counter_payment", self._asked(request, dues, told["key"]))
            payment = counter.counter_take(
                student=student.id,
                dues=dues,
                method=told["method"] if told["method"] in METHODS else "cash",
                key=told["key"],
                reference=told["reference"],
                taken_by=request.actor.user_id,
            )
        except DomainError as error:
            refused = {**told, "refused": error, "chosen": set(dues)}
            return self._shown(request, student=str(student.id), status=error.status, **refused)
        return redirect(f"{reverse('page_counter')}?done={payment.id}")

    @staticmethod
    def _asked(request: PageRequest, dues: list[UUID], key: str) -> UUID:
        """A payment the payer pays on a phone; one that waits for just these fees already is taken up again."""
        if len(dues) == 1:
            purpose, subject = PURPOSE, str(dues[0])
        else:
            purpose, subject = PURPOSE_MANY, str(services.bundle_make(dues=dues, key=key).id)
        payment = paying.payment_create(
            purpose=purpose,
            subject=subject,
            quote=purposes.quote_for(request.actor, purpose=purpose, reference=subject),
            created_by=request.actor.user_id,
            return_url=here(request, reverse("page_pay_link_back")),
        )
        return payment.id

    @staticmethod
    def _shown(request: PageRequest, *, student: str, status: int = 200, **told: Any) -> HttpResponse:
        told.setdefault("key", str(uuid7()))
        told.setdefault("method", "cash")
        if done := _id(request.GET.get("done", "")):
            told["done"] = payments.payment_get(request.actor, done)
        if (chosen := _id(student)) is not None:
            found = people.student_get(request.actor, chosen)
            dues = list(selectors.dues_open(request.actor).filter(student=found.id))
            under_way = selectors.payments_under_way([due.id for due in dues])
            picked = told.get("chosen") or _preselected(dues)
            for due in dues:
                due.is_chosen, due.payment = due.id in picked, under_way.get(due.id)  # type: ignore[attr-defined]
            told |= {"student": found, "dues": dues, "sum": sum(due.amount_paise for due in dues if due.id in picked)}
        else:
            told |= _search(request)
        mine = payments.payments_visible(request.actor).filter(gateway="desk", created_by=request.actor.user_id)
        told["recent"] = mine.select_related("winner").filter(created_at__gte=_day_began()).order_by("-id")[:RECENT]
        told |= {"today": clock.today(), "may_ask": request.actor.can("fees.change")}
        return render(request, "fees/counter.html", told, status=status)


class CounterStudents(PageView):
    """The students that fit what is typed, with what each owes."""

    permission = {"GET": "payments.desk"}

    def get(self, request: PageRequest) -> HttpResponse:
        return render(request, "fees/counter_students.html", _search(request))


class CounterPayment(PageView):
    """A payment the payer makes on a phone, watched from the desk: the code to scan, then the truth."""

    permission = {"GET": "payments.desk", "POST": "payments.desk"}

    def get(self, request: PageRequest, payment: UUID) -> HttpResponse:
        looks = number(request.GET.get("look"))
        found = payments.payment_get(request.actor, payment)
        if found.state in found.UNPAID and looks and looks % ASKED_EVERY == 0:
            refreshed(found.id)
            found = payments.payment_get(request.actor, payment)
        link = here(request, reverse("page_pay_link", args=[found.long_name]))
        told = {"payment": found, "link": link, "qr": qr_of(link), "look": looks + 1}
        told["tries"] = list(payments.tries_of(found.id)[:1])
        if found.is_paid and is_partial(request):
            answer = HttpResponse(status=200)
            answer["HX-Redirect"] = f"{reverse('page_counter')}?done={found.id}"
            return answer
        return render(request, "fees/counter_waits.html" if is_partial(request) else "fees/counter_payment.html", told)

    def post(self, request: PageRequest, payment: UUID) -> HttpResponse:
        """Ask the gateway now."""
        found = payments.payment_get(request.actor, payment)
        refreshed(found.id)
        if payments.payment_get(request.actor, payment).is_paid:
            return redirect(f"{reverse('page_counter')}?done={found.id}")
        return redirect("page_counter_payment", found.id)


class PayLink(PageView):
    """What the code at the counter opens on the payer's phone. Whoever knows the long name may pay, and learns no more."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest, name: str) -> HttpResponse:
        payment = payments.payment_by_long_name(name)
        told: dict[str, Any] = {"payment": payment}
        is_payable = payment.state == payment.State.PENDING and payments.payable_attempt(payment.id) is not None
        if is_payable and payment.expires_at > clock.now():
            cancel = here(request, reverse("page_pay_link", args=[name]))
            told["hosted"] = payments.hosted_of(payment, business=request.business.name, cancel_url=cancel)
        answer = render(request, "fees/pay_link.html", told)
        if "hosted" in told:
            answer["Content-Security-Policy"] = page_policy(form_action=told["hosted"].origins)
        return answer


class PayLinkBack(PageView):
    """Where the gateway's page leads a payer who came by the code: to what the code shows, which asks nobody's word."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        if (known := _id(request.GET.get("payment", ""))) and (found := payments.payment_named(known)):
            return redirect("page_pay_link", found.long_name)
        return redirect("page_home")


def qr_of(text: str) -> str:
    """A code to scan, dark on whatever is behind it."""
    drawn = segno.make(text, error="m").svg_inline(border=0, dark="#17181c", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn by a library from an address of ours


def _search(request: PageRequest) -> dict[str, Any]:
    text = request.GET.get("q", "").strip()[:80].replace("\x00", "")
    if len(text) < 2:
        return {"text": text, "found": []}
    columns = ("name", "code", "phone", "guardian_phone") if request.actor.can("people.phones") else ("name", "code")
    wanted = people.students_listed(request.actor).exclude(state="left").order_by("name", "id")
    for word in text.split()[:4]:
        wanted = wanted.filter(Q.create([(f"{column}__icontains", word) for column in columns], Q.OR))
    found = list(wanted[:FOUND])
    owed = selectors.owed_by([student.id for student in found])
    return {"text": text, "found": [(student, owed.get(student.id, 0)) for student in found]}


def _preselected(dues: list[Any]) -> set[UUID]:
    """What is owed by now or within a week, else what comes first."""
    near = {due.id for due in dues if due.due_on <= clock.today() + SOON}
    return near or {due.id for due in dues[:1]}


def _day_began() -> Any:
    return clock.now().astimezone(clock.zone()).replace(hour=0, minute=0, second=0, microsecond=0)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
