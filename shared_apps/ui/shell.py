"""What every page knows: whose it is, who reads it, in which language and light, and where one can go."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from kernel.http.actor import NOBODY, Actor
from kernel.jobs.progress import tray
from kernel.tenancy import Business, platform_business
from shared_apps.accounts import selectors as accounts
from shared_apps.credits import selectors as credits
from shared_apps.messaging import selectors as messaging
from shared_apps.organisation import setup
from shared_apps.ui import navigation

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
KEYS_COOKIE = "keys"


class Shell:
    """Asks the database only when a template asks for what needs it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.actor: Actor = getattr(request, "actor", NOBODY)
        self.business: Business = getattr(request, "business", None) or platform_business()

    @property
    def theme(self) -> str:
        """`light` or `dark` when chosen, else empty: the device decides."""
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @property
    def language(self) -> str:
        return translation.get_language() or settings.LANGUAGE_CODE

    @property
    def kind(self) -> str:
        """Which shell: `console`, `staff`, `portal`; `door` for who is not signed in."""
        return {"admin": "console", "staff": "staff", "student": "portal"}.get(self.actor.kind, "door")

    @property
    def frame(self) -> str:
        """The template of this shell, for pages that stand in any of them."""
        return "ui/portal.html" if self.kind == "portal" else "ui/shell.html"

    @cached_property
    def unread(self) -> int:
        """How many notices wait; one query."""
        return messaging.notifications_unread(self.actor)

    @property
    def standing(self) -> str:
        """What of its business's state is said above every page: `offboarding` to all who work or learn there,
        `past_due` to who can pay the operator."""
        state = self.business.state
        if state == "offboarding" and self.kind in {"staff", "portal"}:
            return state
        return state if state == "past_due" and self.kind == "staff" and self.actor.can("credits.purchase") else ""

    @property
    def initial(self) -> str:
        return self.business.name[:1].upper()

    @property
    def here(self) -> str:
        """This page's own address, to come back to after a choice of language or light."""
        return self.request.get_full_path() if self.request.method == "GET" else "/"

    @cached_property
    def person(self) -> Any:
        """Who reads; one query."""
        return accounts.user_by_id(self.actor.user_id) if self.actor.user_id else None

    @cached_property
    def groups(self) -> list[navigation.Group]:
        table = {"console": navigation.CONSOLE, "staff": navigation.STAFF, "portal": navigation.PORTAL}.get(self.kind)
        return navigation.groups(table or (), actor=self.actor, kind=self.business.kind, path=self.request.path)

    @cached_property
    def deeds(self) -> list[navigation.Link]:
        """What can be done from anywhere, for the palette."""
        return navigation.beyond(navigation.DEEDS.get(self.kind, ()), actor=self.actor, kind=self.business.kind)

    @cached_property
    def places(self) -> list[navigation.Link]:
        """Pages that stand in no navigation, for the palette."""
        return navigation.beyond(navigation.PLACES.get(self.kind, ()), actor=self.actor, kind=self.business.kind)

    @property
    def has_keys(self) -> bool:
        """Whether single letters do something; each reader may switch them off."""
        return self.request.COOKIES.get(KEYS_COOKIE) != "off"

    @cached_property
    def checklist(self) -> Any:
        """How far a tenant's set-up has come, for who takes part in it; one query, where a template asks."""
        return setup.checklist(self.actor) if self.kind == "staff" else None

    @cached_property
    def credits(self) -> Any:
        """What is left of a tenant's message credits, as of a minute ago at most, for who may see them."""
        if self.kind != "staff" or not self.actor.can("credits.view"):
            return None
        return credits.units_lately(self.business)

    @property
    def jobs(self) -> list[UUID]:
        """Long work this browser keeps in sight; asked for by the page itself, so that it costs no page a query."""
        return tray.followed(self.request) if self.actor.is_authenticated else []

    @property
    def links(self) -> list[navigation.Link]:
        return [link for group in self.groups for link in group.links]


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {"shell": Shell(request)}
