"""A shift's hours as people read them, and values for scripts in attributes."""

import json
from datetime import time
from typing import Any

from django import template

register = template.Library()


@register.filter
def wall_time(value: time) -> str:
    """`4 pm` or `4:30 pm`."""
    minutes = f":{value.minute:02d}" if value.minute else ""
    return f"{value.hour % 12 or 12}{minutes} {'am' if value.hour < 12 else 'pm'}"


@register.filter
def json_text(value: Any) -> str:
    """A value as an attribute's JSON; escaped as any text is."""
    return json.dumps(value, ensure_ascii=False)
