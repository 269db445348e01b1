"""Words and marks of the design system for templates: icons, addresses of static files, money, moments, states."""

import hashlib
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import lucide
from django import template
from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel import clock
from kernel.money import grouped

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
    "stopped": ("neutral", "square", gettext_lazy("Stopped")),
    "undone": ("neutral", "undo-2", gettext_lazy("Undone")),
    "refunded": ("neutral", "undo-2", gettext_lazy("Refunded")),
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


@register.filter
def money(paise: int) -> str:
    """Paise as `₹4,82,300`, with paise only when there are some."""
    rupees, rest = divmod(abs(int(paise)), 100)
    return f"{'-' if int(paise) < 0 else ''}₹{grouped(rupees)}" + (f".{rest:02d}" if rest else "")


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
def hour(value: datetime) -> str:
    """`5:02 pm`, in the business's zone."""
    return date_format(timezone.localtime(value), "g:i a")


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
    seconds = int(seconds)
    if seconds < 90:
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
