"""What pages ask about students; what is true of the answers is decided by drafts and services."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from tenant_apps.people.models import Branch, Student

_TEXT = {"class": "input", "autocomplete": "off"}
_PHONE = _TEXT | {"type": "tel", "inputmode": "tel"}
RELATIONS = [("guardian", _("Guardian")), ("mother", _("Mother")), ("father", _("Father"))]
RELATION_WORDS = dict(RELATIONS) | {"self": _("The student")}
# What of a form is a fact of the student, and so goes to the draft.
FACTS = (
    *("name", "phone", "email", "grade", "board", "tags", "joined_on"),
    *("guardian_name", "guardian_phone", "guardian_relation"),
)


class StudentForm(forms.Form):
    """A student as the desk writes them down. A number is the student's own or a guardian's; one is enough."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(_TEXT))
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=20,
        required=False,
        help_text=_("They sign in with it. Leave it empty if only a guardian has one."),
        widget=forms.TextInput(_PHONE | {"placeholder": "98765 43210"}),
    )
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False, widget=forms.EmailInput(_TEXT))
    branch = forms.ChoiceField(label=_("Branch"), widget=forms.Select(_TEXT))
    grade = forms.CharField(label=_("Grade"), max_length=20, required=False, widget=forms.TextInput(_TEXT))
    board = forms.CharField(label=_("Board"), max_length=20, required=False, widget=forms.TextInput(_TEXT))
    joined_on = forms.DateField(
        label=_("Joined on"), required=False, widget=forms.DateInput(_TEXT | {"type": "date"}, format="%Y-%m-%d")
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        required=False,
        help_text=_("Leave it empty to have one made."),
        widget=forms.TextInput(_TEXT | {"autocapitalize": "characters"}),
    )
    tags = forms.CharField(
        label=_("Tags"),
        max_length=400,
        required=False,
        help_text=_("Words to find them by, with commas between."),
        widget=forms.TextInput(_TEXT),
    )
    guardian_name = forms.CharField(
        label=_("Guardian's name"), max_length=120, required=False, widget=forms.TextInput(_TEXT)
    )
    guardian_phone = forms.CharField(
        label=_("Guardian's mobile number"),
        max_length=20,
        required=False,
        help_text=_("They can sign in for the student with it."),
        widget=forms.TextInput(_PHONE),
    )
    guardian_relation = forms.ChoiceField(
        label=_("Relation"), choices=RELATIONS, required=False, widget=forms.Select(_TEXT)
    )
    # Which state of the student the form was filled from.
    version = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, branches: list[Branch], is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = [(str(branch.id), branch.name) for branch in branches]
        self.fields["branch"].choices = chosen if len(chosen) == 1 else [("", _("Choose a branch")), *chosen]  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["code"]

    @property
    def facts(self) -> dict[str, str]:
        """The answers as text by field, as a row of a file would have them."""
        given = self.cleaned_data
        facts = {field: str(given.get(field) or "") for field in FACTS}
        return facts | ({"code": given["code"]} if given.get("code") else {})

    @property
    def chosen_branch(self) -> UUID:
        return UUID(self.cleaned_data["branch"])


def filled_from(student: Student) -> dict[str, Any]:
    """A form's first values for a student who is there already."""
    values: dict[str, Any] = {field: getattr(student, field) for field in FACTS}
    # The form itself says +91 before them.
    numbers = {field: values[field].removeprefix("+91") for field in ("phone", "guardian_phone")}
    return (
        values
        | numbers
        | {
            "branch": str(student.branch_id),
            "tags": ", ".join(student.tags),
            "version": student.updated_at.isoformat(),
        }
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Your colleagues read it in the student's history; the student does not."),
        widget=forms.TextInput(_TEXT),
    )


class GuardianForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(_TEXT))
    phone = forms.CharField(label=_("Mobile number"), max_length=20, widget=forms.TextInput(_PHONE))
    relation = forms.ChoiceField(label=_("Relation"), choices=RELATIONS, widget=forms.Select(_TEXT))


class ViewForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the view"), max_length=40, widget=forms.TextInput(_TEXT | {"id": "view-name"})
    )
    query = forms.CharField(max_length=400, required=False, widget=forms.HiddenInput())


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or Excel (.xlsx), at most 10,000 rows and 10 MB. The headings stand in the first row."),
        error_messages={
            "empty": _("The file is empty. Choose one with headings in the first row and students below."),
            "required": _("Choose a file first."),
        },
        widget=forms.FileInput({"class": "input", "accept": ".csv,.xlsx,text/csv"}),
    )
    branch = forms.ChoiceField(
        label=_("Branch"),
        required=False,
        help_text=_("For rows that name none."),
        widget=forms.Select(_TEXT),
    )

    def __init__(self, *args: Any, branches: list[Branch], is_fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = [(str(branch.id), branch.name) for branch in branches]
        free = [] if is_fixed and chosen else [("", _("Each row names its own"))]
        self.fields["branch"].choices = [*free, *chosen]  # type: ignore[attr-defined]
        if len(chosen) == 1:
            self.fields["branch"].initial = chosen[0][0]

    @property
    def chosen_branch(self) -> UUID | None:
        return UUID(self.cleaned_data["branch"]) if self.cleaned_data["branch"] else None
