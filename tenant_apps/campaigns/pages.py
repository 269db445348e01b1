"""Writing to many: what was said so far, a new campaign, what it would cost, and what became of each message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from kernel.http.readers import is_partial
from shared_apps.credits import selectors as credits
from shared_apps.messaging import selectors as messaging
from tenant_apps.campaigns import selectors, services
from tenant_apps.people import selectors as people

A_PAGE = 20
_TEXT = {"class": "input", "autocomplete": "off"}
# What each recipient's own text is filled with, or the business's: nobody types it.
GIVEN = {"name", "academy"}
LABELS = {
    "amount": gettext_lazy("Amount in rupees"),
    "title": gettext_lazy("For what"),
    "day": gettext_lazy("Day"),
    "time": gettext_lazy("Time"),
    "seat": gettext_lazy("Seat"),
    "shift": gettext_lazy("Shift"),
    "receipt": gettext_lazy("Receipt"),
}


class CampaignForm(forms.Form):
    """Whom one text goes to, and what it is filled with."""

    name = forms.CharField(
        label=gettext_lazy("Name of the campaign"),
        max_length=80,
        help_text=gettext_lazy("Only your staff reads it."),
        widget=forms.TextInput(_TEXT),
    )
    branch = forms.ChoiceField(label=gettext_lazy("Branch"), required=False, widget=forms.Select(_TEXT))
    grade = forms.CharField(
        label=gettext_lazy("Class or grade"), max_length=20, required=False, widget=forms.TextInput(_TEXT)
    )
    board = forms.CharField(label=gettext_lazy("Board"), max_length=20, required=False, widget=forms.TextInput(_TEXT))

    def __init__(self, *args: Any, branches: list[tuple[str, str]], wanted: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].choices = branches  # type: ignore[attr-defined]
        for name in wanted:
            self.fields[f"value_{name}"] = forms.CharField(
                label=LABELS.get(name, name.capitalize()), max_length=30, widget=forms.TextInput(_TEXT)
            )

    def values(self) -> dict[str, str]:
        """What the text is filled with beside each name."""
        return {
            name.removeprefix("value_"): value for name, value in self.cleaned_data.items() if name.startswith("value_")
        }

    @property
    def blanks(self) -> list[Any]:
        """The fields that fill the text in."""
        return [self[name] for name in self.fields if name.startswith("value_")]


class Campaigns(PageView):
    """What was said to many, and what is being prepared."""

    permission = {"GET": "campaigns.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = selectors.campaigns_visible(request.actor).select_related("branch").order_by("-id")
        page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
        return render(request, "campaigns/campaigns.html", {"page": page})


class CampaignNew(PageView):
    """First the text is chosen, then what fills it and whom it goes to."""

    permission = {"GET": "campaigns.send", "POST": "campaigns.send"}

    def get(self, request: PageRequest) -> HttpResponse:
        texts = messaging.texts_for_many(request.actor)
        chosen = next((one for one in texts if str(one.id) == request.GET.get("text")), None)
        if chosen is None:
            return render(request, "campaigns/choose.html", {"texts": texts})
        return self._shown(request, chosen, self._form(request, chosen))

    def post(self, request: PageRequest) -> HttpResponse:
        texts = messaging.texts_for_many(request.actor)
        chosen = next((one for one in texts if str(one.id) == request.POST.get("text")), None)
        if chosen is None:
            return redirect("page_campaign_new")
        form = self._form(request, chosen, request.POST)
        if not form.is_valid():
            return self._shown(request, chosen, form)
        given = form.cleaned_data
        branch = UUID(given["branch"]) if given["branch"] else None
        try:
            if branch is not None or request.actor.branches is not None:
                branch = people.branch_chosen(request.actor, branch).id
            campaign = services.campaign_create(
                name=given["name"],
                template=chosen.name,
                language=chosen.language,
                values=form.values(),
                branch=branch,
                grade=given["grade"],
                board=given["board"],
            )
        except DomainError as error:
            error.field = f"value_{error.data['variable']}" if "variable" in error.data else error.field
            refuse(form, error)
            return self._shown(request, chosen, form)
        return redirect("page_campaign", campaign.id)

    @staticmethod
    def _form(request: PageRequest, chosen: Any, given: Any = None) -> CampaignForm:
        places = [(str(one.id), one.name) for one in people.branches_visible(request.actor).order_by("name")]
        # Who works in some branches writes to those alone.
        everywhere = [("", _("All branches"))] if request.actor.branches is None else []
        wanted = [one["name"] for one in chosen.variables if one["name"] not in GIVEN]
        return CampaignForm(given, branches=[*everywhere, *places], wanted=wanted)

    @staticmethod
    def _shown(request: PageRequest, chosen: Any, form: forms.Form) -> HttpResponse:
        told = {"chosen": chosen, "form": form}
        return form_page(request, "campaigns/new.html", form, told)


class Campaign(PageView):
    """A draft with what it would cost; one that was sent, with what became of it."""

    permission = {"GET": "campaigns.view"}

    def get(self, request: PageRequest, campaign: UUID) -> HttpResponse:
        return campaign_page(request, campaign)


def campaign_page(request: PageRequest, campaign: UUID, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page; with a refusal when sending was tried."""
    row = selectors.campaign_get(request.actor, campaign)
    told: dict[str, Any] = {"campaign": row, "refusal": refusal}
    if row.state == row.State.DRAFT:
        told["preview"] = selectors.campaign_preview(row)
        told["left"] = credits.units_left(request.business)
        told["is_short"] = told["left"].available < told["preview"].units
    else:
        told |= fared(row)
    template = "campaigns/fared.html" if is_partial(request) else "campaigns/campaign.html"
    return render(request, template, told, status=refusal.status if refusal else 200)


def fared(row: Any) -> dict[str, Any]:
    """How far a campaign under way has come, and its funnel."""
    counted = selectors.campaign_outcome(row)
    queued = sum(counted.values())
    went = sum(counted.get(state, 0) for state in ("sent", "delivered", "unknown"))
    failed = counted.get("failed", 0) + counted.get("cancelled", 0)
    whole = row.recipients or 0
    funnel = [
        (_("Meant"), whole, ""),
        (_("Sent"), went, ""),
        (_("Delivered"), counted.get("delivered", 0), "ok"),
        (_("Failed"), failed, "bad"),
    ]
    return {
        "funnel": funnel,
        "whole": whole,
        "settled": went + failed,
        "is_live": queued < whole or went + failed < whole,
    }


class CampaignSend(PageView):
    """Sends a draft to everyone it is for; costs credits as any message."""

    permission = {"POST": "campaigns.send"}

    def post(self, request: PageRequest, campaign: UUID) -> HttpResponse:
        row = selectors.campaign_get(request.actor, campaign)
        try:
            services.campaign_send(campaign=row.id)
        except DomainError as error:
            return campaign_page(request, campaign, refusal=error)
        messages.success(request, _("The campaign is on its way."))
        return redirect("page_campaign", campaign)


class Recipients(PageView):
    """Each message of a campaign and what became of it."""

    permission = {"GET": "messages.view"}

    def get(self, request: PageRequest, campaign: UUID) -> HttpResponse:
        row = selectors.campaign_get(request.actor, campaign)
        state = request.GET.get("state", "")
        rows = messaging.messages_under(request.actor, key=row.key)
        rows = rows.filter(state=state) if state in messaging.MESSAGE_STATES else rows
        page = Paginator(rows.order_by("key"), A_PAGE).get_page(request.GET.get("page"))
        told = {"campaign": row, "page": page, "state": state, "states": messaging.MESSAGE_STATES}
        return render(request, "campaigns/recipients.html", told)
