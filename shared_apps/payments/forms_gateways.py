"""What an account at a gateway asks for. Secrets go in and are never shown again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shared_apps.payments.models import GATEWAYS, GatewayAccount

_TEXT = {"class": "input", "autocomplete": "off", "spellcheck": "false"}
MODES = [
    (GatewayAccount.Environment.SANDBOX.value, _("Test: no money moves")),
    (GatewayAccount.Environment.PRODUCTION.value, _("Live: real money")),
]


def _secret(label: Any, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput({"class": "input", "autocomplete": "new-password"})
    return forms.CharField(label=label, max_length=200, widget=widget, **options)


class AccountForm(forms.Form):
    """A new account: which gateway, which mode, its keys."""

    gateway = forms.ChoiceField(label=_("Gateway"), choices=GATEWAYS, widget=forms.Select(_TEXT))
    environment = forms.ChoiceField(label=_("Mode"), choices=MODES, widget=forms.Select(_TEXT))
    key_id = forms.CharField(
        label=_("Key id"),
        max_length=100,
        help_text=_("Cashfree calls it App ID, Razorpay Key ID."),
        widget=forms.TextInput(_TEXT),
    )
    key_secret = _secret(_("Key secret"))
    webhook_secret = _secret(
        _("Webhook secret"),
        required=False,
        help_text=_("Razorpay needs one. Cashfree signs with the key's own secret: leave it empty."),
    )
    account_id = forms.CharField(
        label=_("Merchant account id"),
        max_length=64,
        required=False,
        help_text=_("If you give it, callbacks about any other account are refused."),
        widget=forms.TextInput(_TEXT),
    )


class RotateForm(forms.Form):
    """New secrets for an account; what is left empty stays as it is."""

    label = forms.CharField(label=_("Label"), max_length=80, widget=forms.TextInput(_TEXT))
    key_secret = _secret(_("New key secret"), required=False, help_text=_("Empty: the present one stays."))
    webhook_secret = _secret(_("New webhook secret"), required=False, help_text=_("Empty: the present one stays."))
    percent = forms.DecimalField(
        label=_("Fee"),
        min_value=0,
        max_value=100,
        max_digits=6,
        decimal_places=4,
        help_text=_("What the gateway takes of each payment; it decides the route."),
        widget=forms.NumberInput(_TEXT | {"step": "0.01", "inputmode": "decimal"}),
    )
    fixed_paise = forms.IntegerField(
        label=_("Fixed fee"),
        min_value=0,
        max_value=100_000,
        widget=forms.NumberInput(_TEXT | {"inputmode": "numeric"}),
    )
