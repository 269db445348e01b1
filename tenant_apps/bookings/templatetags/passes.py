"""The seat pass for templates of other pages, such as the one a phone keeps for when there is no network."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.pages.passes import picture_of
from tenant_apps.bookings.passes import pass_code, pass_shown

register = template.Library()


@register.simple_tag(takes_context=True)
def pass_picture(context: dict[str, Any], booking: Booking) -> SafeString:
    """The code of a booking's pass as a picture, which leads the desk's camera to check in."""
    address = f"{reverse('page_check_in')}?{urlencode({'code': pass_code(booking.id)})}"
    return picture_of(context["request"].build_absolute_uri(address))


@register.simple_tag
def pass_text(booking: Booking) -> str:
    """The code of a booking's pass as people read it."""
    return pass_shown(pass_code(booking.id))
