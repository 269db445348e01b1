"""What the operator's forms ask for."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shared_apps.tenants import selectors as tenants

_TEXT = {"class": "input", "autocomplete": "off"}
KINDS = [("academy", _("Academy")), ("library", _("Study library")), ("both", _("Both"))]


class NewTenantForm(forms.Form):
    """A tenant as it is asked for; what it may be called is decided by tenants."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(_TEXT | {"data-focus": ""}))
    slug = forms.CharField(
        label=_("Address"),
        max_length=48,
        help_text=_("3 to 48 small letters, digits and hyphens. It can be changed later."),
        widget=forms.TextInput(
            _TEXT
            | {
                "autocapitalize": "none",
                "spellcheck": "false",
                "hx-get": "/tenants/slug",
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#slug-check",
                "hx-swap": "innerHTML",
            }
        ),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, widget=forms.Select(_TEXT))
    plan = forms.ChoiceField(label=_("Plan"), widget=forms.Select(_TEXT))
    owner_name = forms.CharField(label=_("Owner's name"), max_length=120, widget=forms.TextInput(_TEXT))
    owner_email = forms.EmailField(
        label=_("Owner's e-mail"),
        max_length=254,
        help_text=_("The invitation goes here."),
        widget=forms.EmailInput(_TEXT),
    )
    owner_phone = forms.CharField(
        label=_("Owner's mobile number"),
        max_length=20,
        widget=forms.TextInput(_TEXT | {"type": "tel", "inputmode": "tel"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select(_TEXT))

    def __init__(self, *args: Any, plans: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = plans  # type: ignore[attr-defined]


class SuspendForm(forms.Form):
    """Why a tenant is closed to its people; its address is typed as the confirmation."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Kept in the audit; the tenant's people do not read it."),
        widget=forms.TextInput(_TEXT),
    )
    confirm = forms.CharField(label=_("Type the address to confirm"), max_length=48, widget=forms.TextInput(_TEXT))

    def __init__(self, *args: Any, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = slug
        self.fields["confirm"].widget.attrs |= {"data-confirms": "suspend-go", "data-word": slug}

    def clean_confirm(self) -> str:
        if self.cleaned_data["confirm"] != self.slug:
            raise forms.ValidationError(_("That is not the address of this tenant."))
        return self.slug


class SupportForm(forms.Form):
    """Why support comes in; the tenant's owner reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The owner reads it, and it is kept in both audits."),
        widget=forms.TextInput(_TEXT),
    )


STATES = [state for state in tenants.STATES if state != "deleted"]
