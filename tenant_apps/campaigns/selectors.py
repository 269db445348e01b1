"""Reads of campaigns: staff of some branches see the campaigns to those."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from kernel.http.actor import Actor
from kernel.http.lookup import found
from shared_apps.messaging import selectors as messaging
from shared_apps.messaging import services as texts
from tenant_apps.campaigns.models import Campaign
from tenant_apps.people import selectors as people


@dataclass(frozen=True, slots=True)
class Preview:
    """What sending would do: to how many phones, for how many credits, and the first text."""

    recipients: int
    units: int
    text: str


def campaigns_visible(actor: Actor) -> QuerySet[Campaign]:
    """Those to all branches are for who works in all of them."""
    campaigns = Campaign.objects.all()
    if actor.branches is not None:
        campaigns = campaigns.filter(branch__in=actor.branches)
    return campaigns


def campaign_get(actor: Actor, campaign: UUID) -> Campaign:
    """One visible campaign. Raises NotFound."""
    return found(campaigns_visible(actor), id=campaign)


def audience_of(campaign: Campaign) -> people.Audience:
    """Whom it is for."""
    return people.Audience(campaign.branch_id, campaign.grade, campaign.board)


def campaign_preview(campaign: Campaign) -> Preview:
    """Counts the segments of every text as it would leave. Raises messaging's TemplateMissing, TemplateInvalid."""
    count, units, first = 0, 0, ""
    names = (one.name for one in people.contacts(audience_of(campaign)))
    for written in texts.message_previews(
        template=campaign.template,
        language=campaign.language,
        values=({**campaign.values, "name": name} for name in names),
    ):
        count, units, first = count + 1, units + written.units, first or written.text
    return Preview(count, units, first)


def campaign_outcome(campaign: Campaign) -> dict[str, int]:
    """How many of its messages are in which state."""
    return messaging.outcomes(key=campaign.key)
