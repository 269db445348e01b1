"""What the operator's search finds: tenants, by what is known of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kernel.http import search
from kernel.http.actor import Actor
from shared_apps.tenants import selectors as tenants


def register() -> None:
    """Called once, when the app is ready."""
    search.register("tenants", found, title=_("Tenants"), permission="tenants.view", position=10)


def found(actor: Actor, text: str) -> Iterator[search.Hit]:
    """By name, address or the owner's contact; a whole address names one alone."""
    for row in tenants.tenants_found(text=text).order_by("name", "id")[: search.MOST]:
        yield search.Hit(
            title=row.name,
            note=f"{row.slug} · {row.owner_name}",
            address=reverse("page_tenant", args=[row.id]),
            icon="building-2",
            tone="primary",
            is_exact=text.lower() == row.slug,
        )
