"""What the style guide shows its components with."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.ids import uuid7
from kernel.jobs.progress.kinds import Step
from shared_apps.ui import charts
from shared_apps.ui.chart_examples import charts_shown
from shared_apps.ui.jobs import Shown
from shared_apps.ui.templatetags.ui import STATES

TOKENS = (
    *("bg", "surface", "surface-2", "line", "line-2", "control", "text", "muted"),
    *("primary", "primary-hover", "primary-soft", "primary-mid", "accent", "accent-soft", "accent-text"),
    *("ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft", "info", "info-soft", "hero"),
    *("c1", "c2", "c3", "c4"),
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
        "jobs": jobs_shown(),
        "charts": charts_shown(),
        "spark": charts.sparkline((3, 4, 4, 6, 5, 8, 9)),
        "tokens": TOKENS,
        "states": list(STATES),
        "class_cards": class_cards_shown(),
        "steps": done,
        "moments": [now, now - timedelta(minutes=14), now - timedelta(hours=5), now - timedelta(days=3)],
        "people": ["Ananya Iyer", "Rohit Deshmukh", "Fatima Shaikh", "Mohd. Irfan"],
    }


def class_cards_shown() -> list[SimpleNamespace]:
    """A class in each of its states, one after another."""
    subjects = ("Organic Chemistry: Isomers", "Algebra", "Optics, doubts", "English", "NEET Biology", "Maths Olympiad")
    states = ("ended", "missed", "live", "lobby", "scheduled", "cancelled")
    return [
        SimpleNamespace(
            state=state,
            subject=subject,
            teacher="Sunita Menon · 12 CBSE · R1",
            starts_at=clock.now() + timedelta(hours=number),
            ends_at=clock.now() + timedelta(hours=number + 1),
        )
        for number, (state, subject) in enumerate(zip(states, subjects, strict=True))
    ]


def jobs_shown() -> list[Shown]:
    """Long work in each of its states."""
    since = clock.now() - timedelta(minutes=2)
    steps = [Step("Read the file", "done"), Step("Write the rows", "running"), Step("Keep what was refused", "waiting")]

    def one(state: str, **more: Any) -> Shown:
        return Shown(id=uuid7(), title="Import of students", state=state, who="Priya Sharma", started_at=since, **more)

    return [
        one("queued", can_cancel=True),
        one("running", can_cancel=True),
        one("running", done=2_250, total=9_840, per_minute=1_125, seconds_left=405, steps=steps, can_cancel=True),
        one("done", done=200, total=200, result_link="#main", result_word="See the students"),
        one("problems", done=200, total=200, problems=9, result_link="#main", result_word="Open", errors_link="#main"),
        one("failed", done=500, total=9_840, failure="The file is too long", advice="Import at most 10,000 rows."),
        one("cancelled", done=500, total=9_840, result_link="#main", result_word="See the students"),
    ]
