"""What the forms of the timetable and of live classes ask for."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.http.actor import Actor
from tenant_apps.classes import selectors
from tenant_apps.people import selectors as people

_TEXT = {"class": "input", "autocomplete": "off"}
_TIME = forms.TimeInput(_TEXT | {"type": "time", "step": "300"}, format="%H:%M")
WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]
PROVIDERS = [
    ("", _("The video of your plan (Jitsi)")),
    ("jitsi", _("Your own Jitsi server")),
    ("agora", _("Your own Agora project")),
]


def _maybe_id(value: str) -> UUID | None:
    return UUID(value) if value else None


class SlotForm(forms.Form):
    """A weekly hour. What collides with it is found by the timetable itself."""

    subject = forms.CharField(label=_("Subject"), max_length=60, widget=forms.TextInput(_TEXT | {"list": "subjects"}))
    teacher = forms.TypedChoiceField(label=_("Teacher"), coerce=UUID, widget=forms.Select(_TEXT))
    grade = forms.CharField(label=_("Grade"), max_length=20, widget=forms.TextInput(_TEXT | {"list": "grades"}))
    board = forms.CharField(label=_("Board"), max_length=20, widget=forms.TextInput(_TEXT | {"list": "boards"}))
    weekday = forms.TypedChoiceField(
        label=_("Day of the week"), coerce=int, choices=WEEKDAYS, widget=forms.Select(_TEXT)
    )
    starts = forms.TimeField(label=_("Starts"), widget=_TIME)
    ends = forms.TimeField(label=_("Ends"), widget=_TIME)
    branch = forms.TypedChoiceField(
        label=_("Branch"), required=False, coerce=_maybe_id, empty_value=None, widget=forms.Select(_TEXT)
    )
    room = forms.CharField(
        label=_("Room"), required=False, max_length=40, widget=forms.TextInput(_TEXT | {"list": "rooms"})
    )

    def __init__(self, *args: Any, actor: Actor, teacher: tuple[UUID, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teachers = selectors.teachers()
        if teacher is not None and teacher not in teachers:
            teachers = [teacher, *teachers]
        self.fields["teacher"].choices = [("", _("Choose")), *teachers]  # type: ignore[attr-defined]
        branches: list[tuple[Any, Any]] = list(
            people.branches_visible(actor).order_by("name").values_list("id", "name")
        )
        if actor.branches is None or len(branches) != 1:
            branches = [("", _("None: held online or anywhere")), *branches]
        self.fields["branch"].choices = branches  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    """Why one day's class falls."""

    day = forms.DateField(widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Students read it beside the class."),
        widget=forms.TextInput(_TEXT),
    )


class VideoForm(forms.Form):
    """At whose account classes are held. The secret is written and never shown."""

    provider = forms.ChoiceField(label=_("Video"), required=False, choices=PROVIDERS, widget=forms.Select(_TEXT))
    app_id = forms.CharField(label=_("App id"), required=False, max_length=80, widget=forms.TextInput(_TEXT))
    secret = forms.CharField(
        label=_("Secret or app certificate"),
        required=False,
        max_length=200,
        help_text=_("It is kept sealed and never shown again."),
        widget=forms.PasswordInput(_TEXT),
    )
    domain = forms.CharField(
        label=_("Meeting server"),
        required=False,
        max_length=253,
        help_text=_("Like meet.school.in. With Agora, the host of your own meeting page, if you have one."),
        widget=forms.TextInput(_TEXT | {"autocapitalize": "none", "spellcheck": "false"}),
    )
