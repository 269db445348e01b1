"""Who owes what: the list of dues for staff, asking for a fee, taking one back, reminding who has not paid."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel import clock
from kernel.errors import DomainError
from kernel.http.errors import Forbidden
from kernel.http.pages import PageRequest, PageView
from kernel.money import paise_of, rupees
from shared_apps.messaging import services as messaging
from tenant_apps.fees import selectors, services
from tenant_apps.people import selectors as people

A_PAGE = 25
MOST_RUPEES = 10**8
# Reminded at once; more is a campaign.
MOST_REMINDED = 100
STATES = {
    "overdue": gettext_lazy("Overdue"),
    "open": gettext_lazy("All open"),
    "paid": gettext_lazy("Paid"),
    "cancelled": gettext_lazy("Cancelled"),
}


class DueForm(forms.Form):
    """What is asked of one student."""

    title = forms.CharField(label=gettext_lazy("For what"), max_length=80, widget=forms.TextInput({"class": "input"}))
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=1,
        max_value=MOST_RUPEES,
        decimal_places=2,
        widget=forms.NumberInput({"class": "input num", "step": "0.01", "inputmode": "decimal"}),
    )
    due_on = forms.DateField(
        label=gettext_lazy("Due on"), widget=forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")
    )


class Owed(PageView):
    """The dues of the students one sees; what is searched and filtered stands in the address."""

    permission = {"GET": "fees.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        _staff_only(request)
        text = request.GET.get("q", "").strip()[:80].replace("\x00", "")
        state = request.GET.get("state", "open") if request.GET.get("state", "open") in STATES else "open"
        today = clock.today()
        found = selectors.dues_visible(request.actor).order_by(
            "due_on" if state in ("open", "overdue") else "-due_on", "id"
        )
        if state == "overdue":
            found = found.filter(state="open", due_on__lt=today)
        else:
            found = found.filter(state=state)
        if text:
            columns = ("student__name", "student__code", "title", "receipt")
            found = found.filter(Q.create([(f"{column}__icontains", text) for column in columns], Q.OR))
        told = {
            "page": Paginator(found, A_PAGE).get_page(request.GET.get("page")),
            "text": text,
            "state": state,
            "states": STATES,
            "today": today,
            "open_states": ("open", "overdue"),
            "may_change": request.actor.can("fees.change"),
            "sums": found.order_by().aggregate(
                amount=Sum("amount_paise", default=0), students=Count("student", distinct=True)
            ),
        }
        return render(request, "fees/owed_list.html", told)


class DueNew(PageView):
    """Ask one student for an amount."""

    permission = {"GET": "fees.change", "POST": "fees.change"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, DueForm(initial={"due_on": clock.today()}), request.GET.get("student", ""))

    def post(self, request: PageRequest) -> HttpResponse:
        form, student = DueForm(request.POST), request.POST.get("student", "")
        if not form.is_valid() or not _id(student):
            return self._shown(request, form, student, status=422)
        who = people.student_get(request.actor, UUID(student))
        given = form.cleaned_data
        services.due_create(
            student=who.id, title=given["title"], amount_paise=paise_of(given["amount"]), due_on=given["due_on"]
        )
        messages.success(request, _("%(name)s is asked for %(title)s.") % {"name": who.name, "title": given["title"]})
        return redirect("page_owed")

    @staticmethod
    def _shown(request: PageRequest, form: DueForm, student: str, *, status: int = 200) -> HttpResponse:
        known = _id(student)
        who = people.student_get(request.actor, known) if known else None
        return render(request, "fees/due_new.html", {"form": form, "student": who}, status=status)


class DueCancel(PageView):
    """Take an open due back."""

    permission = {"POST": "fees.change"}

    def post(self, request: PageRequest, due: UUID) -> HttpResponse:
        found = selectors.due_get(request.actor, due)
        try:
            services.due_cancel(due=found.id, reason=request.POST.get("reason", "").strip()[:200])
        except DomainError as error:
            messages.warning(request, f"{_(error.title)}. {_(error.action)}")
        else:
            messages.success(request, _("%(title)s is not asked for any more.") % {"title": found.title})
        return redirect("page_owed")


class Remind(PageView):
    """Remind the chosen students of what is overdue: each once a day, however often the button is pressed."""

    permission = {"POST": "fees.change"}

    def post(self, request: PageRequest) -> HttpResponse:
        chosen = [one for one in map(_id, request.POST.getlist("due")[:MOST_REMINDED]) if one]
        dues = selectors.dues_open(request.actor).filter(id__in=chosen)
        cards = people.student_cards({due.student_id for due in dues})
        today, sent = clock.today(), 0
        for due in dues:
            card = cards.get(due.student_id)
            if card is None or not card.phone:
                continue
            messaging.message_queue(
                template="reminder",
                to=card.phone,
                values=_reminder(due),
                key=f"fees.reminder:{due.id}:{today}",
            )
            sent += 1
        words = ngettext("%(n)s reminder is on its way.", "%(n)s reminders are on their way.", sent) % {"n": sent}
        messages.success(request, words if sent else _("Nobody was chosen who can be reminded."))
        return redirect("page_owed")


def _reminder(due: Any) -> dict[str, str]:
    return {"amount": f"{rupees(due.amount_paise):.2f}", "title": due.title, "day": f"{due.due_on:%d %b %Y}"}


def _staff_only(request: PageRequest) -> None:
    if request.actor.kind == "student":
        raise Forbidden


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
