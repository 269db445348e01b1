"""Refusals of campaigns: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class NotDraft(DomainError):
    """`state`: what the campaign is now."""

    code = "campaigns.not_draft"
    status = 409
    title = "This campaign has been sent"
    action = "Look at what became of it, or make another one."


class NobodyMeant(DomainError):
    """The audience is empty."""

    code = "campaigns.nobody_meant"
    status = 409
    title = "Nobody is meant by this campaign"
    action = "Choose a wider audience: students who have left or are suspended are not written to."
