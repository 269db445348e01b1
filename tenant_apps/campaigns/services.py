"""Writes of campaigns: a draft, its sending, and the queueing of its messages."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from kernel import audit, clock, crash, jobs, quotas
from shared_apps.messaging import services as messaging
from tenant_apps.campaigns.errors import NobodyMeant, NotDraft
from tenant_apps.campaigns.models import Campaign
from tenant_apps.campaigns.selectors import audience_of
from tenant_apps.people import selectors as people

BATCH_QUEUED = crash.register("campaigns.batch_queued")

_AT_ONCE = 1000


def campaign_create(
    *,
    name: str,
    template: str,
    language: str = "",
    values: Mapping[str, str] | None = None,
    branch: UUID | None = None,
    grade: str = "",
    board: str = "",
) -> Campaign:
    """A draft. Raises messaging's TemplateMissing, TemplateInvalid when its text could not be written."""
    messaging.message_preview(template=template, language=language, values={**(values or {}), "name": "Asha"})
    with transaction.atomic():
        campaign = Campaign.objects.create(
            name=name,
            template=template,
            language=language,
            values=dict(values or {}),
            branch_id=branch,
            grade=grade,
            board=board,
            created_at=clock.now(),
        )
        audit.record(
            action="campaigns.create",
            subject_type="campaign",
            subject_id=str(campaign.id),
            changes={"name": [None, name], "template": [None, template]},
        )
    return campaign


@transaction.atomic
def campaign_send(*, campaign: UUID) -> Campaign:
    """Begin to send a draft: to whom is settled now, the messages are queued by a job.

    Raises NotDraft, NobodyMeant, and FeatureClosed when the plan has no campaigns.
    """
    quotas.require("campaigns")
    row = Campaign.objects.select_for_update().get(id=campaign)
    if row.state != Campaign.State.DRAFT:
        raise NotDraft(state=row.state)
    count = people.contacts_count(audience_of(row))
    if not count:
        raise NobodyMeant
    row.state, row.recipients, row.started_at = Campaign.State.SENDING, count, clock.now()
    row.save(update_fields=["state", "recipients", "started_at"])
    jobs.put("campaigns.queue", campaign=str(row.id), priority=jobs.BULK)
    audit.record(
        action="campaigns.send",
        subject_type="campaign",
        subject_id=str(row.id),
        changes={"state": ["draft", "sending"], "recipients": [None, count]},
    )
    return row


def campaign_queue(*, campaign: UUID) -> int:
    """Queue the messages of a campaign under way, a thousand to a transaction; how many phones are meant.

    One that was interrupted begins again: the key of a message holds its phone, so none is queued twice.
    """
    row = Campaign.objects.get(id=campaign)
    after, queued = "", 0
    while some := people.contacts(audience_of(row), after=after, limit=_AT_ONCE):
        messaging.messages_queue(
            wanted=[
                messaging.Wanted(
                    template=row.template,
                    language=row.language,
                    to=one.phone,
                    values={**row.values, "name": one.name},
                    key=f"{row.key}{one.phone}",
                    kind="marketing",
                    priority=jobs.BULK,
                )
                for one in some
            ]
        )
        after, queued = some[-1].phone, queued + len(some)
        crash.point(BATCH_QUEUED)
    Campaign.objects.filter(id=row.id, state=Campaign.State.SENDING).update(state=Campaign.State.SENT)
    return queued
