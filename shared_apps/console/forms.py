"""What the operator's forms ask for."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shared_apps.console.words import CHANNELS, FEATURES, QUOTAS, ROLES
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


def reason_field(help_text: Any = "") -> forms.CharField:
    """Why something is done; it is kept with what was done."""
    return forms.CharField(label=_("Reason"), max_length=200, help_text=help_text, widget=forms.TextInput(_TEXT))


class ConfirmForm(forms.Form):
    """Asks last that `word` is typed; until then the button with the id `opens` stays shut."""

    opens: ClassVar[str]
    asked: ClassVar[Any] = _("Type the name to confirm")
    unlike: ClassVar[Any] = _("That is not the name of this tenant.")
    longest: ClassVar[int] = 120

    def __init__(self, *args: Any, word: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.word = word
        typed = forms.TextInput(_TEXT | {"data-confirms": self.opens, "data-word": word})
        self.fields["confirm"] = forms.CharField(label=self.asked, max_length=self.longest, widget=typed)

    def clean_confirm(self) -> str:
        if self.cleaned_data["confirm"] != self.word:
            raise forms.ValidationError(self.unlike)
        return self.word


class SuspendForm(ConfirmForm):
    """Why a tenant is closed to its people; its address is typed as the confirmation."""

    opens = "suspend-go"
    asked = _("Type the address to confirm")
    unlike = _("That is not the address of this tenant.")
    longest = 48
    reason = reason_field(_("Kept in the audit; the tenant's people do not read it."))


class SupportForm(forms.Form):
    """Why support comes in; the tenant's owner reads it."""

    reason = reason_field(_("The owner reads it, and it is kept in both audits."))


class ExportForm(forms.Form):
    """Why everything of a tenant is packed up."""

    prefix = "pack"
    reason = reason_field(_("It is kept with the bundle and in the audit."))


def _amount(label: Any, **options: Any) -> forms.IntegerField:
    number = forms.NumberInput(_TEXT | {"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=1, max_value=100_000_000, widget=number, **options)


class BuyForm(forms.Form):
    """Units bought from a vendor; `key` makes one booking of a form sent twice."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput())
    seller = forms.ChoiceField(label=_("Vendor and channel"), widget=forms.Select(_TEXT))
    units = _amount(_("Units"), help_text=_("As on the vendor's invoice; the price is the one kept for the vendor."))

    def __init__(self, *args: Any, offered: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seller"].choices = offered  # type: ignore[attr-defined]


class GiveForm(forms.Form):
    """Units for one tenant's wallet, without payment; `key` as in `BuyForm`."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput())
    tenant = forms.UUIDField(widget=forms.HiddenInput())
    channel = forms.ChoiceField(label=_("Channel"), choices=list(CHANNELS.items()), widget=forms.Select(_TEXT))
    units = _amount(_("Units"))


class RolesForm(forms.Form):
    """The roles someone is to hold from their next request on."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=list(ROLES.items()), widget=forms.CheckboxSelectMultiple()
    )


class InviteForm(RolesForm):
    """Someone who is to work at the operator's desk."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(_TEXT))
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, help_text=_("The invitation goes here."), widget=forms.EmailInput(_TEXT)
    )
    field_order = ("name", "email", "roles")


class CodeForm(forms.Form):
    """A code of one's own authenticator app."""

    code = forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=20,
        widget=forms.TextInput(_TEXT | {"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


def _rupees(label: Any) -> forms.DecimalField:
    typed = forms.NumberInput(_TEXT | {"inputmode": "decimal", "step": "0.01"})
    return forms.DecimalField(label=label, min_value=0, max_value=10**8, decimal_places=2, widget=typed)


class PlanForm(forms.Form):
    """An offer: what it costs, what it allows. Prices are typed in rupees."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(_TEXT))
    trial_days = forms.IntegerField(
        label=_("Days of trial"), min_value=0, max_value=365, widget=forms.NumberInput(_TEXT)
    )
    monthly = _rupees(_("A month"))
    yearly = _rupees(_("A year"))
    features = forms.MultipleChoiceField(
        label=_("What is included"),
        choices=list(FEATURES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )
    public = forms.BooleanField(label=_("Offered to new tenants"), required=False)

    def __init__(self, *args: Any, limits: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = list(limits)
        for name, limit in limits.items():
            self.fields[name] = forms.IntegerField(
                label=QUOTAS.get(name, name),
                min_value=0,
                max_value=10**9,
                initial=limit,
                widget=forms.NumberInput(_TEXT),
            )

    @property
    def limit_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.limits]


STATES = [state for state in tenants.STATES if state != "deleted"]
