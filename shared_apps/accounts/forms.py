"""What people are asked for at the door."""

from django import forms
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.forms import words_of
from kernel.phone import phone as e164


class PasswordForm(forms.Form):
    """What staff and admins sign in by; the code is asked for once the password is right."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput({"class": "input", "autocomplete": "username", "data-focus": ""}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"class": "input", "autocomplete": "current-password"}),
    )
    second_factor = forms.CharField(
        label=gettext_lazy("Code of your authenticator app"),
        max_length=20,
        required=False,
        widget=forms.TextInput({"class": "input", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class EnrolForm(forms.Form):
    """The first code of an app just set up."""

    enrolment = forms.CharField(max_length=2000, widget=forms.HiddenInput())
    code = forms.CharField(
        label=gettext_lazy("Code the app shows now"),
        max_length=20,
        widget=forms.TextInput({"class": "input", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PhoneForm(forms.Form):
    """Who wants to come in."""

    phone = forms.CharField(
        label=gettext_lazy("Mobile number"),
        max_length=30,
        widget=forms.TextInput(
            {"class": "input num", "type": "tel", "inputmode": "tel", "autocomplete": "tel-national", "data-focus": ""}
        ),
    )

    def clean_phone(self) -> str:
        try:
            return e164(self.cleaned_data["phone"])
        except DomainError as error:
            raise forms.ValidationError(words_of(error)) from error


class CodeForm(forms.Form):
    """The six digits that came by message."""

    phone = forms.RegexField(r"^\+[0-9]{7,15}\Z", widget=forms.HiddenInput())
    code = forms.RegexField(
        r"^[0-9]{6}\Z",
        label=gettext_lazy("Six digits from the message"),
        error_messages={"invalid": gettext_lazy("Type the six digits of the message.")},
        widget=forms.TextInput(
            {
                "class": "input code-input",
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "6",
                "data-focus": "",
            }
        ),
    )
    second_factor = forms.CharField(
        label=gettext_lazy("Code of your authenticator app"),
        max_length=20,
        required=False,
        widget=forms.TextInput({"class": "input", "autocomplete": "off", "inputmode": "numeric"}),
    )


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput({"class": "input", "autocomplete": "username", "data-focus": ""}),
    )


class NewPasswordForm(forms.Form):
    """The password to be, with the secret of the link that was mailed."""

    token = forms.CharField(max_length=2000, widget=forms.HiddenInput())
    password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=200,
        strip=False,
        help_text=gettext_lazy("Twelve characters or more; a few words that nobody would guess are best."),
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password", "data-focus": ""}),
    )
