"""What the forms of halls, seats and shifts ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.money import paise_of, rupees

_TEXT = {"class": "input", "autocomplete": "off"}
STATES = [("open", _("Open")), ("closed", _("Closed")), ("maintenance", _("Under repair"))]
MOST_PAISE = 10_000_000


def _number(least: int, most: int) -> forms.NumberInput:
    return forms.NumberInput(_TEXT | {"inputmode": "numeric", "min": least, "max": most})


class LibraryForm(forms.Form):
    """A place with halls; its code begins its students' codes and stays."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(_TEXT))
    code = forms.RegexField(
        r"^[A-Z0-9]{2,8}$",
        label=_("Code"),
        help_text=_("2 to 8 capitals and digits, such as KTH. Students' codes begin with it; it stays."),
        widget=forms.TextInput(_TEXT | {"autocapitalize": "characters"}),
    )
    city = forms.CharField(label=_("City"), max_length=80, required=False, widget=forms.TextInput(_TEXT))
    address = forms.CharField(label=_("Street address"), max_length=240, required=False, widget=forms.TextInput(_TEXT))


class LibraryChangeForm(LibraryForm):
    """The same, once it is there: it may close."""

    code = None  # type: ignore[assignment]
    state = forms.ChoiceField(label=_("State"), choices=STATES, widget=forms.Select(_TEXT))


class GridForm(forms.Form):
    """Seats by rows and columns."""

    rows = forms.IntegerField(label=_("Rows"), min_value=1, max_value=50, widget=_number(1, 50))
    columns = forms.IntegerField(
        label=_("Seats in a row"),
        min_value=1,
        max_value=50,
        help_text=_("More than 8 are drawn as bays, side by side."),
        widget=_number(1, 50),
    )
    aisle_every = forms.IntegerField(
        label=_("An aisle after so many rows"),
        min_value=0,
        max_value=50,
        required=False,
        widget=_number(0, 50),
    )
    seat_class = forms.CharField(
        label=_("Kind of seat"),
        max_length=20,
        initial="regular",
        help_text=_("A word of yours, such as regular or cabin."),
        widget=forms.TextInput(_TEXT),
    )

    def grid(self) -> dict[str, Any]:
        """What `seats_grid` is told."""
        given = self.cleaned_data
        return {
            "rows": given["rows"],
            "columns": given["columns"],
            "aisle_every": given["aisle_every"] or 0,
            "seat_class": given["seat_class"],
        }


class HallNameForm(forms.Form):
    """What a hall is called and where it is."""

    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(_TEXT))
    floor = forms.IntegerField(
        label=_("Floor"),
        min_value=-9,
        max_value=200,
        initial=0,
        help_text=_("0 is the ground."),
        widget=_number(-9, 200),
    )


class HallForm(GridForm, HallNameForm):
    """A new hall with its seats."""

    field_order = ("name", "floor", "rows", "columns", "aisle_every", "seat_class")


class SeatForm(forms.Form):
    """What a seat is called and what kind it is."""

    label = forms.RegexField(
        r"^[A-Za-z0-9-]{1,12}$",
        label=_("Number"),
        help_text=_("Letters, digits and hyphens, as it stands on the desk."),
        widget=forms.TextInput(_TEXT),
    )
    seat_class = forms.CharField(label=_("Kind of seat"), max_length=20, widget=forms.TextInput(_TEXT))


class ShiftChangeForm(forms.Form):
    """What of a shift can change; its hours cannot."""

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(_TEXT))
    price = forms.CharField(
        label=_("Price in rupees"),
        max_length=12,
        help_text=_("For one seat on one day. 0 is free of charge."),
        widget=forms.TextInput(_TEXT | {"inputmode": "decimal"}),
    )
    is_open = forms.BooleanField(label=_("Can be booked"), required=False, initial=True)

    def clean_price(self) -> int:
        try:
            paise = paise_of(self.cleaned_data["price"].replace(",", "").strip())
        except ValueError:
            raise forms.ValidationError(_("Write rupees, such as 60 or 60.50.")) from None
        if not 0 <= paise <= MOST_PAISE:
            raise forms.ValidationError(_("Between ₹0 and ₹1,00,000."))
        return paise


class ShiftForm(ShiftChangeForm):
    """A new shift."""

    starts = forms.TimeField(label=_("From"), widget=forms.TimeInput(_TEXT | {"type": "time"}))
    ends = forms.TimeField(
        label=_("Till"),
        help_text=_("An hour before the start is on the next day."),
        widget=forms.TimeInput(_TEXT | {"type": "time"}),
    )
    field_order = ("name", "price", "starts", "ends", "is_open")


def price_text(paise: int) -> str:
    """A price as it stands in its field."""
    whole = rupees(paise)
    return f"{whole:.0f}" if paise % 100 == 0 else str(whole)
