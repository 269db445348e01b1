"""What the settings of a business ask for."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

_TEXT = {"class": "input", "autocomplete": "off"}
# Where the businesses we serve have branches; another zone stays selectable where it is set.
ZONES = (
    *("Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Colombo", "Asia/Dubai", "Asia/Muscat", "Asia/Riyadh"),
    *("Asia/Qatar", "Asia/Singapore", "Asia/Kuala_Lumpur", "Europe/London", "America/New_York", "Australia/Sydney"),
)


class OrganisationForm(forms.Form):
    """What the business is called, and who it is on papers."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("What your students read on every page and message."),
        widget=forms.TextInput(_TEXT),
    )
    legal_name = forms.CharField(
        label=_("Legal name"),
        max_length=200,
        required=False,
        help_text=_("As it is registered; it stands on receipts."),
        widget=forms.TextInput(_TEXT),
    )
    gstin = forms.CharField(
        label=_("GSTIN"),
        max_length=20,
        required=False,
        help_text=_("15 characters. Leave it empty if you are not registered for GST."),
        widget=forms.TextInput(_TEXT | {"autocapitalize": "characters", "spellcheck": "false"}),
    )
    address = forms.CharField(
        label=_("Address"), max_length=500, required=False, widget=forms.Textarea(_TEXT | {"rows": 3})
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=20,
        required=False,
        widget=forms.TextInput(_TEXT | {"type": "tel", "inputmode": "tel"}),
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False, widget=forms.EmailInput(_TEXT))
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("For messages, and for whoever has not chosen one."),
        widget=forms.Select(_TEXT),
    )
    zone = forms.ChoiceField(label=_("Time zone"), widget=forms.Select(_TEXT))

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = dict.fromkeys((*ZONES, zone))
        self.fields["zone"].choices = [(one, one.replace("_", " ")) for one in zones]  # type: ignore[attr-defined]


class BrandForm(forms.Form):
    """One colour; all shades are made of it."""

    colour = forms.CharField(
        label=_("Colour"),
        max_length=7,
        help_text=_("It is made darker or lighter where it would be hard to read."),
        widget=forms.TextInput({"class": "input colour-input", "type": "color"}),
    )


class LogoForm(forms.Form):
    """A picture from the reader's device."""

    logo = forms.FileField(
        label=_("Logo"),
        help_text=_("A square PNG, JPEG or WebP picture of at most 512 KB."),
        widget=forms.ClearableFileInput({"class": "input", "accept": "image/png,image/jpeg,image/webp"}),
    )


class DomainForm(forms.Form):
    """A name the business owns."""

    domain = forms.CharField(
        label=_("Domain"),
        max_length=300,
        help_text=_("Such as classes.example.in. Its mail and its other pages are not touched."),
        widget=forms.TextInput(_TEXT | {"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
    )
