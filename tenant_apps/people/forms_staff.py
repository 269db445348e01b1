"""What is asked of whoever invites or changes a member of staff."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from shared_apps.accounts.services import RoleHeld

_TEXT = {"class": "input", "autocomplete": "off"}
ALL = "all"


class RolesForm(forms.Form):
    """Roles, and where they hold: everywhere, or in the branches chosen."""

    roles = forms.MultipleChoiceField(label=_("Roles"), widget=forms.CheckboxSelectMultiple())
    branches = forms.MultipleChoiceField(
        label=_("Where"),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
        help_text=_("Choose none for all branches."),
    )

    def __init__(self, *args: Any, roles: list[tuple[str, Any]], branches: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = roles  # type: ignore[attr-defined]
        self.fields["branches"].choices = branches  # type: ignore[attr-defined]

    def held(self) -> list[RoleHeld]:
        """The roles as accounts takes them."""
        places: list[UUID | None] = [UUID(one) for one in self.cleaned_data["branches"]]
        return [RoleHeld(role, place) for role in self.cleaned_data["roles"] for place in places or [None]]


class InviteForm(RolesForm):
    """Who is invited."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(_TEXT | {"data-focus": ""}))
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("The invitation goes here; it is good for seven days."),
        widget=forms.EmailInput(_TEXT),
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=20,
        required=False,
        widget=forms.TextInput(_TEXT | {"type": "tel", "inputmode": "tel"}),
    )
    field_order = ("name", "email", "phone", "roles", "branches")
