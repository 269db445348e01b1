"""Words and marks of the design system for templates: icons, addresses of static files, money, moments, states."""

import hashlib
from datetime import datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import lucide
from django import template
from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel import clock
from kernel.http import forms
from kernel.money import grouped
from shared_apps.ui import charts

register = template.Library()

# state → (tone, icon, word)
STATES: dict[str, tuple[str, str, Any]] = {
    "requested": ("info", "clock", gettext_lazy("Requested")),
    "provisioning": ("info", "loader", gettext_lazy("Being set up")),
    "trial": ("primary", "sparkles", gettext_lazy("Trial")),
    "active": ("ok", "check", gettext_lazy("Active")),
    "past_due": ("warn", "clock", gettext_lazy("Payment overdue")),
    "suspended": ("bad", "pause", gettext_lazy("Suspended")),
    "offboarding": ("warn", "log-out", gettext_lazy("Leaving")),
    "deleted": ("neutral", "x", gettext_lazy("Deleted")),
    "invited": ("info", "mail", gettext_lazy("Invited")),
    "left": ("neutral", "log-out", gettext_lazy("Left")),
    "open": ("warn", "clock", gettext_lazy("Due")),
    "paid": ("ok", "check", gettext_lazy("Paid")),
    "cancelled": ("neutral", "x", gettext_lazy("Cancelled")),
    "created": ("info", "clock", gettext_lazy("Started")),
    "pending": ("warn", "clock", gettext_lazy("Pending")),
    "failed": ("bad", "x", gettext_lazy("Failed")),
    "queued": ("info", "clock", gettext_lazy("Waiting")),
    "running": ("primary", "loader", gettext_lazy("Running")),
    "done": ("ok", "check", gettext_lazy("Done")),
    "problems": ("warn", "triangle-alert", gettext_lazy("Done with problems")),
    "draft": ("neutral", "pencil", gettext_lazy("Being prepared")),
    "interrupted": ("warn", "triangle-alert", gettext_lazy("Interrupted")),
    "stopped": ("neutral", "square", gettext_lazy("Stopped")),
    "undone": ("neutral", "undo-2", gettext_lazy("Undone")),
    "deactivated": ("bad", "user-x", gettext_lazy("Shut out")),
    "sending": ("info", "loader", gettext_lazy("On its way")),
    "sent": ("info", "send", gettext_lazy("Sent")),
    "delivered": ("ok", "check-check", gettext_lazy("Delivered")),
    "unknown": ("warn", "circle-question-mark", gettext_lazy("Not known")),
    "placed": ("warn", "clock", gettext_lazy("To be paid")),
    "filled": ("ok", "check", gettext_lazy("Credited")),
    "scheduled": ("info", "calendar", gettext_lazy("Planned")),
    "lobby": ("warn", "door-open", gettext_lazy("Opens soon")),
    "live": ("bad", "radio", gettext_lazy("Live now")),
    "ended": ("neutral", "check", gettext_lazy("Ended")),
    "missed": ("neutral", "minus", gettext_lazy("Not held")),
    "refunded": ("neutral", "undo-2", gettext_lazy("Refunded")),
    "held": ("warn", "timer", gettext_lazy("Held")),
    "confirmed": ("ok", "check", gettext_lazy("Booked")),
    "checked_in": ("primary", "log-in", gettext_lazy("In")),
    "completed": ("neutral", "log-out", gettext_lazy("Over")),
    "expired": ("neutral", "timer-off", gettext_lazy("Hold ended")),
    "no_show": ("bad", "user-x", gettext_lazy("Did not come")),
    "received": ("info", "clock", gettext_lazy("Waiting")),
    "processed": ("ok", "check", gettext_lazy("Worked on")),
    "ignored": ("neutral", "minus", gettext_lazy("Not ours")),
    "refused": ("bad", "shield-alert", gettext_lazy("Signature wrong")),
    "dead": ("bad", "x", gettext_lazy("Failed")),
    "authorised": ("info", "shield-check", gettext_lazy("Set aside")),
    "unpaid": ("neutral", "clock", gettext_lazy("Not paid in time")),
    "part_refunded": ("neutral", "undo-2", gettext_lazy("Partly refunded")),
    "ok": ("ok", "check", gettext_lazy("Well")),
    "unreachable": ("bad", "x", gettext_lazy("No answer")),
    "slow": ("warn", "clock", gettext_lazy("Slow")),
    "off": ("neutral", "power-off", gettext_lazy("Off")),
}
KINDS = {
    "academy": gettext_lazy("Academy"),
    "library": gettext_lazy("Study library"),
    "both": gettext_lazy("Academy and library"),
}
STEPS = {
    "waiting": gettext_lazy("Waiting"),
    "running": gettext_lazy("Running"),
    "done": gettext_lazy("Done"),
    "failed": gettext_lazy("Failed"),
}


@lru_cache(maxsize=512)
def _icon(name: str, size: int) -> SafeString:
    drawn = lucide._render_icon(name, size, **{"class": "icon", "aria-hidden": "true", "stroke-width": "1.8"})
    return mark_safe(drawn)  # noqa: S308 - a file of the library's, chosen by our templates


@register.simple_tag
def icon(name: str, size: int = 18) -> SafeString:
    """A mark beside words, silent to screen readers."""
    return _icon(name, size)


@lru_cache(maxsize=64)
def _version(path: str) -> str:
    file = Path(settings.STATIC_ROOT) / path
    return hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"{settings.STATIC_URL}{path}?v={_version(path)}"


@register.simple_tag(takes_context=True)
def job(context: Any, work: Any) -> Any:
    """Long work by its id for `<c-job>`, if the reader may see it: `{% job import.id as work %}`."""
    from shared_apps.ui.jobs import shown_for

    return shown_for(context["request"].actor, work)


@register.filter
def money(paise: int) -> str:
    """Paise as `₹4,82,300`, with paise only when there are some."""
    rupees, rest = divmod(abs(int(paise)), 100)
    return f"{'-' if int(paise) < 0 else ''}₹{grouped(rupees)}" + (f".{rest:02d}" if rest else "")


METHODS = {
    "cash": gettext_lazy("Cash"),
    "upi": gettext_lazy("UPI"),
    "card": gettext_lazy("Card"),
    "netbanking": gettext_lazy("Net banking"),
    "wallet": gettext_lazy("Wallet"),
    "desk": gettext_lazy("Desk"),
}


_THOUSAND_PAISE, _LAKH_PAISE = 1_000_00, 1_00_000_00


@register.filter
def money_short(paise: int) -> SafeString:
    """An amount for a tile: whole rupees, from a lakh up in lakh and crore; who hears it read gets all of it."""
    whole, size = money(paise), abs(int(paise))
    short = charts.short_money(int(paise), 2) if size >= _LAKH_PAISE else money(round(int(paise), -2))
    if size < _THOUSAND_PAISE or short == whole:
        return format_html("{}", whole)
    return format_html('<span aria-hidden="true">{}</span><span class="sr-only">{}</span>', short, whole)


@register.filter
def pay_state(state: str) -> str:
    """A payment's state as states are named here: what expires elsewhere is a hold, here it is unpaid."""
    return "unpaid" if state == "expired" else state


@register.filter
def method(name: str) -> Any:
    """By what money came, in words; a gateway's own name where there is no word for it."""
    return METHODS.get(name.lower(), name.replace("_", " ").title())


@register.filter
def count(number: int) -> str:
    """A number as it is written in India."""
    return grouped(int(number))


@register.filter
def day(value: Any) -> str:
    """`20 Nov 2026`, in the business's zone."""
    if isinstance(value, datetime):
        value = timezone.localtime(value)
    return date_format(value, "j M Y") if value else ""


@register.filter
def hour(value: datetime | time) -> str:
    """`5:02 pm`, in the business's zone."""
    local = timezone.localtime(value) if isinstance(value, datetime) else value
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"


@register.filter
def moment(value: datetime | None) -> str:
    """How long ago within a day, else the day with the time."""
    if value is None:
        return ""
    minutes = int((clock.now() - value).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    if minutes < 60 * 24:
        return ngettext("%(n)s hour ago", "%(n)s hours ago", minutes // 60) % {"n": minutes // 60}
    return date_format(timezone.localtime(value), "j M Y, g:i a")


@register.filter
def number_shown(phone: str) -> str:
    """A phone as people write it: `+91 98765 43210`; a masked one as it is, a dash for none."""
    if len(phone) < 8:
        return "–"
    return f"{phone[:3]} {phone[3:8]} {phone[8:]}" if phone[:3] == "+91" and phone[1:].isdigit() else phone


@register.filter
def initials(name: str) -> str:
    """Two letters that stand for a name."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


@register.filter
def tint(value: Any) -> int:
    """A stable colour of the four for a thing with an id or a name."""
    return sum(str(value).encode()) % 4


@register.filter
def tone_of(state: str) -> str:
    """The tone of a state; a tone is its own."""
    return STATES[state][0] if state in STATES else state


@register.filter
def mark(state: str) -> str:
    """The icon that stands beside a state's word, so that colour never speaks alone."""
    return STATES.get(state, ("", "circle", ""))[1]


@register.filter
def word(state: str) -> str:
    """A state in the reader's language."""
    return str(STATES[state][2]) if state in STATES else state


@register.filter
def kind_word(kind: str) -> str:
    """What kind of tenant it is."""
    return str(KINDS.get(kind, kind))


@register.filter
def step_word(state: str) -> str:
    """How a step of long work stands."""
    return str(STEPS.get(state, ""))


@register.filter
def share(used: int, limit: int) -> int:
    """Percent of a limit, 0 to 100."""
    return min(100, round(used * 100 / limit)) if limit else 0


@register.filter
def translated(text: str) -> str:
    """A sentence of ours that came as data, such as a refusal's, in the reader's language."""
    return translation.gettext(text) if text else ""


@register.filter
def paced(seconds: int) -> str:
    """A wait in words."""
    return forms.paced(int(seconds))
