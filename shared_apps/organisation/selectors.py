"""Reads of organisation: what the business says of itself on papers."""

from shared_apps.organisation.models import Profile


def profile() -> Profile:
    """The business's profile; blank until something was written."""
    return Profile.objects.filter(key=Profile.ONLY).first() or Profile()
