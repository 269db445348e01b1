"""What the business says, as its staff sees it: the log of messages, how they fared, and the texts they are made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.sms.dlt import Category
from kernel import clock
from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView

from . import selectors, services
from .models import Channel, Kind, Message, Template
from .words import CATEGORIES, TITLES, filled, reason_words, title_of

A_PAGE = 25
DAYS = (7, 30, 90)
LATELY = 30
KINDS = {
    Kind.TRANSACTIONAL: gettext_lazy("About something of theirs"),
    Kind.MARKETING: gettext_lazy("To many"),
    Kind.ALERT: gettext_lazy("Alert"),
}
CHANNELS = {Channel.SMS: gettext_lazy("SMS"), Channel.EMAIL: gettext_lazy("E-mail")}


class Log(PageView):
    """Every message and what became of it; what is searched and filtered stands in the address."""

    permission = {"GET": "messages.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        asked = {name: request.GET.get(name, "") for name in ("state", "channel", "kind")}
        text = request.GET.get("q", "").strip()[:80]
        rows = selectors.messages_visible(request.actor).order_by("-id")
        for name, known in (("state", Message.State.values), ("channel", Channel.values), ("kind", Kind.values)):
            if asked[name] in known:
                rows = rows.filter(**{name: asked[name]})
        if text:
            rows = rows.filter(Q(to__icontains=text) | Q(text__icontains=text) | Q(template__icontains=text))
        page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
        for row in page.object_list:
            worded(row)
        told = {
            "page": page,
            "text": text,
            "asked": asked,
            "states": Message.State.values,
            "channels": CHANNELS.items(),
            "kinds": KINDS.items(),
            "is_filtered": bool(text or any(asked.values())),
        }
        return render(request, "messaging/log.html", told)


def worded(row: Any) -> Any:
    """The message with its template and its reason in words."""
    row.title, row.why = title_of(row.template), reason_words(row.code, row.reason)
    return row


class OneMessage(PageView):
    """One message: its text, its way, and what it cost."""

    permission = {"GET": "messages.view"}

    def get(self, request: PageRequest, message: UUID) -> HttpResponse:
        row = worded(found(selectors.messages_visible(request.actor), id=message))
        way = [
            (_("Asked for"), row.created_at),
            (_("Left"), row.sending_at),
            (_("Taken by the sender"), row.sent_at),
            (_("Delivered"), row.delivered_at),
        ]
        told = {
            "message": row,
            "way": [(words, at) for words, at in way if at],
            "kind": KINDS.get(row.kind, row.kind),
            "may_resend": request.actor.can("messages.change") and services.message_may_go_again(row),
        }
        return render(request, "messaging/message.html", told)


class Again(PageView):
    """Sends a failed message once more, as a message of its own."""

    permission = {"POST": "messages.change"}

    def post(self, request: PageRequest, message: UUID) -> HttpResponse:
        row = found(selectors.messages_visible(request.actor), id=message)
        again = services.message_again(message_id=row.id)
        messages.success(request, _("The message is on its way again."))
        return redirect("page_message", again.id)


class Statistics(PageView):
    """How messages fared lately, by text."""

    permission = {"GET": "messages.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        asked = request.GET.get("days", "")
        days = int(asked) if asked.isdecimal() and int(asked[:4]) in DAYS else LATELY
        lines = selectors.message_stats(since=clock.now() - timedelta(days=days))
        told = {"days": days, "choices": DAYS, "lines": by_text(lines), "sums": summed(lines)}
        return render(request, "messaging/statistics.html", told)


def summed(lines: list[dict[str, Any]]) -> dict[str, int]:
    """All messages together: how many, how many of them in which end, and their units."""
    sums = dict.fromkeys(("all", "delivered", "sent", "failed", "unknown", "waiting", "units"), 0)
    for line in lines:
        state = {"pending": "waiting", "sending": "waiting", "cancelled": "failed"}.get(line["state"], line["state"])
        sums["all"] += line["messages"]
        sums[state] += line["messages"]
        if line["state"] in {"sent", "delivered", "unknown"}:
            sums["units"] += line["units"] or 0
    return sums


def by_text(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each text and channel, the most used first."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault((line["template"], line["channel"]), []).append(line)
    shown = [
        {"title": title_of(name), "channel": CHANNELS.get(Channel(channel)), **summed(some)}
        for (name, channel), some in groups.items()
    ]
    return sorted(shown, key=lambda line: -line["all"])


class Templates(PageView):
    """The texts messages are made of, in both languages, with what is missing."""

    permission = {"GET": "messages.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = selectors.templates_visible(request.actor).order_by("channel", "language")
        groups: dict[str, list[Template]] = {}
        for row in rows:
            groups.setdefault(row.name, []).append(row)
        order = [*TITLES, *groups]
        known = sorted(groups.items(), key=lambda pair: order.index(pair[0]))
        told = {
            "groups": [(title_of(name), some) for name, some in known],
            "missing": sum(row.channel == Channel.SMS and row.state != Template.State.APPROVED for row in rows),
        }
        return render(request, "messaging/templates.html", told)


class TemplateForm(forms.Form):
    """An e-mail's words; what stands in braces is filled in."""

    subject = forms.CharField(
        label=gettext_lazy("Subject"), max_length=200, widget=forms.TextInput({"class": "input", "autocomplete": "off"})
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=10_000,
        help_text=gettext_lazy("What stands in braces is filled in; keep it as it is."),
        widget=forms.Textarea({"class": "input", "rows": 9}),
    )


class OneTemplate(PageView):
    """One text: how it reads filled in, what it costs, and for e-mail its words to change."""

    permission = {"GET": "messages.view", "POST": "messages.change"}

    def get(self, request: PageRequest, template: UUID) -> HttpResponse:
        row = found(selectors.templates_visible(request.actor), id=template)
        form = TemplateForm(initial={"subject": row.subject, "text": row.text})
        return self._shown(request, row, form)

    def post(self, request: PageRequest, template: UUID) -> HttpResponse:
        row = found(selectors.templates_visible(request.actor), id=template)
        form = TemplateForm(request.POST)
        if not form.is_valid():
            return self._shown(request, row, form)
        given = {name: value.replace("\r\n", "\n") for name, value in form.cleaned_data.items()}
        try:
            services.template_change(template_id=row.id, **given)
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, row, form)
        messages.success(request, _("The text is saved; messages use it from now on."))
        return redirect("page_template", row.id)

    @staticmethod
    def _shown(request: PageRequest, row: Template, form: forms.Form) -> HttpResponse:
        text, counted = filled(row, request.business.name)
        told = {
            "template": row,
            "title": title_of(row.name),
            "text": text,
            "counted": counted,
            "category": CATEGORIES.get(Category(row.category)),
            "is_missing": row.channel == Channel.SMS and not (row.dlt_template and row.vendor_template),
        }
        return form_page(request, "messaging/template.html", form, told)
