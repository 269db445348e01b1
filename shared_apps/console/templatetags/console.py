"""Words and look-ups of the operator's pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from kernel.money import grouped
from shared_apps.console import words

register = template.Library()


@register.filter
def lookup(table: Mapping[str, Any], key: str) -> str:
    """What a table says of a key; the key itself where it says nothing."""
    return str(table.get(key, key))


@register.filter
def channel_word(code: str) -> str:
    return words.channel(code)


@register.filter
def unit_price(hundredths: int) -> str:
    """Hundredths of a paisa as rupees: `₹0.15`, `₹0.1475`."""
    whole, rest = divmod(int(hundredths), 10_000)
    digits = f"{rest:04d}".rstrip("0").ljust(2, "0")
    return f"₹{whole}.{digits}"


@register.filter
def clock_time(at: datetime) -> str:
    """`5:02:11 pm`, in the business's zone."""
    return date_format(timezone.localtime(at), "g:i:s a")


@register.filter
def troubled(health: list[dict[str, Any]]) -> bool:
    """Whether a gateway rests for any operation."""
    return any(one["state"] != "closed" for one in health)


@register.filter
def cadence_word(name: str) -> str:
    """What scheduled work does, in words; its name where it has none."""
    return str(words.CADENCES.get(name.removesuffix("_platform"), name))


@register.filter
def fault_word(fault: str) -> str:
    return str(words.FAULTS.get(fault, fault))


@register.filter
def told(value: Any) -> str:
    """A value of the audit as people read it: lists by commas, nothing as a dash."""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "–"
    return "–" if value in (None, "") else str(value)


_SIZES = ("B", "KB", "MB", "GB", "TB")


@register.filter
def bytes_short(number: Any) -> str:
    """`48 MB`, `1.3 GB`; a dash for what was never measured."""
    if number in (None, ""):
        return "–"
    size, unit = float(number), 0
    while size >= 1000 and unit < len(_SIZES) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_SIZES[unit]}" if size < 10 and unit else f"{size:.0f} {_SIZES[unit]}"


@register.filter
def counted(number: Any) -> str:
    """A number as it is written in India; a dash for what was never measured."""
    return "–" if number in (None, "") else grouped(int(number))


@register.filter
def stage_word(stage: str) -> str:
    """How far a run has spread over the fleet."""
    return str(words.STAGES.get(stage, stage))
