"""What the style guide shows its components with."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import clock
from shared_apps.ui.templatetags.ui import STATES

TOKENS = (
    *("bg", "surface", "surface-2", "line", "line-2", "control", "text", "muted"),
    *("primary", "primary-hover", "primary-soft", "primary-mid", "accent", "accent-soft", "accent-text"),
    *("ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft", "info", "info-soft", "hero"),
)


class GuideForm(forms.Form):
    """A form with what forms have: a hint, an affix, a choice, errors."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput({"class": "input"}))
    slug = forms.RegexField(
        r"^[a-z-]+$",
        label=_("Address"),
        help_text=_("Small letters, digits and hyphens."),
        widget=forms.TextInput({"class": "input"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("academy", _("Academy")), ("library", _("Study library")), ("both", _("Both"))],
        widget=forms.Select({"class": "input"}),
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea({"class": "input", "rows": 3}))


def guide() -> dict[str, Any]:
    """Values for every component."""
    now = clock.now()
    done = [
        SimpleNamespace(title="Request accepted", state="done", error="", seconds="0.1 s"),
        SimpleNamespace(title="Database schema and role", state="done", error="", seconds="0.4 s"),
        SimpleNamespace(title="Addresses", state="running", error="", seconds=""),
        SimpleNamespace(title="Plan", state="failed", error="PlanUnknown", seconds=""),
        SimpleNamespace(title="Open", state="waiting", error="", seconds=""),
    ]
    return {
        "tokens": TOKENS,
        "states": list(STATES),
        "steps": done,
        "moments": [now, now - timedelta(minutes=14), now - timedelta(hours=5), now - timedelta(days=3)],
        "people": ["Ananya Iyer", "Rohit Deshmukh", "Fatima Shaikh", "Mohd. Irfan"],
    }
