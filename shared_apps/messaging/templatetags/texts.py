"""How texts are shown to people: their names in words, their places as blanks."""

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from shared_apps.messaging.words import title_of

register = template.Library()
_PLACE = re.compile(r"\{#\w+#\}|\{\w+\}")


@register.filter
def template_word(name: str) -> Any:
    """A template's name in words."""
    return title_of(name)


@register.filter
def blanks(text: str) -> SafeString:
    """A text with a line where something is filled in."""
    return mark_safe(_PLACE.sub('<span class="blank">…</span>', conditional_escape(text)))  # noqa: S308 - escaped first
