"""Why a message failed, and what a text looks like filled in: for people who read the log and the templates."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from connectors.sms import dlt, segments

from .models import Channel, Template
from .services.writing import text_of

REASONS = {
    "credits.short": _("No credits were left. Buy some, then send it again."),
    "messaging.template_missing": _("The text is not approved or not there."),
    "messaging.template_invalid": _("A value does not fit the registered text."),
    "messaging.address_invalid": _("The number or address cannot be written to."),
    "messaging.cancelled": _("Taken back before it left."),
    "messaging.expired": _("It was too late to be of use."),
    "messaging.too_late": _("It was too late to be of use."),
    "messaging.secret_lost": _("Its code could no longer be read."),
    "messaging.released_unreported": _("No report came within a day; its credits are back."),
    "vendor.never_reached": _("The sender could not be reached."),
    "vendor.rate_limited": _("The sender asked us to wait."),
    "vendor.unknown": _("Nobody can say whether it went; it is not sent again by itself."),
    "dlt.refused": _("The registry of commercial messages refused it."),
    "mail.refused": _("The mail server did not take it."),
}
TITLES = {
    "otp": _("Code to sign in"),
    "welcome": _("Welcome"),
    "payment": _("Payment received"),
    "booking": _("Seat booked"),
    "reminder": _("Fee reminder"),
    "class": _("Class begins"),
    "invite": _("Invitation of staff"),
    "reset": _("New password"),
    "credits_low": _("Credits are low"),
    "leaving": _("A tenant is being closed"),
    "leaving_soon": _("A tenant is soon deleted"),
    "staying": _("A tenant stays open"),
    "left": _("A tenant was deleted"),
    "declined": _("A tenant was turned down"),
}
CATEGORIES = {
    dlt.Category.SERVICE_IMPLICIT: _("Service, about something of theirs"),
    dlt.Category.SERVICE_EXPLICIT: _("Service, with their consent"),
    dlt.Category.TRANSACTIONAL: _("Transaction of a bank"),
    dlt.Category.PROMOTIONAL: _("Advertising"),
}
SAMPLES = {
    "name": "Ananya Iyer",
    "code": "482913",
    "amount": "18500",
    "receipt": "A/2026-27/000482",
    "seat": "B07",
    "day": "22 Nov",
    "shift": "Evening",
    "title": "Algebra",
    "time": "5:00 pm",
    "link": "https://…",
    "available": "48",
    "units": "SMS",
    "business": "",
}


def title_of(name: str) -> Any:
    """A template's name in words."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def reason_words(code: str, reason: str) -> Any:
    """The reason in words; one without words as the vendor gave it."""
    if not code:
        return ""
    if (known := REASONS.get(code)) is not None:
        return known
    if dlt.scrubbed(number := code.rsplit("_", 1)[-1].rsplit(".", 1)[-1]):
        why = dlt.SCRUBBED.get(number, number).replace("_", " ").lower()
        return f"{REASONS['dlt.refused']} ({why})"
    return reason or _("The sender could not deliver it: %(code)s.") % {"code": code.rsplit("_", 1)[-1]}


def filled(template: Template, academy: str) -> tuple[str, segments.Segments | None]:
    """The text with believable values, and for an SMS what it would be billed as."""
    values = {**SAMPLES, "academy": academy, "business": academy}
    if template.channel == Channel.EMAIL:
        text = template.text
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text, None
    places = {one["name"]: _cut(values.get(one["name"], one["name"]), one.get("cut", 0)) for one in template.variables}
    text = text_of(template).join(places)
    return text, segments.count(text)


def _cut(value: str, most: int) -> str:
    return value[:most].rstrip() if most else value
