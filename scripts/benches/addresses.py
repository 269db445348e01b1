"""Every page there is: read out of the URL maps, with the ids and questions that make an address of each route."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ANYONE = ""
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
# What is not measured, and why.
LEFT_OUT = {
    ("public", "page_styleguide"): "stands on development stacks alone",
    ("public", "page_styleguide_problem"): "stands on development stacks alone",
    ("tenant", "page_styleguide"): "stands on development stacks alone",
    ("tenant", "page_styleguide_problem"): "stands on development stacks alone",
    ("public", "page_job"): "the operator starts no long work",
    ("tenant", "page_checkout"): "leads on to the gateway by itself",
    ("tenant", "page_brand"): "a stylesheet, of businesses that chose a colour",
    ("tenant", "page_logo"): "a picture, of businesses that have one",
}
# What a page needs to be asked to have something to show.
QUESTIONS = {
    "page_organisation_preview": "?colour=3A3DB0",
    "page_pay": "?due={due}",
    "page_support": "?token={support}",
}
# Places of addresses whose id is another's in the table of samples.
CALLED = {
    "tenant_id": "tenant",
    "work": "job",
    "account": "gateway",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A GET of a page on one kind of host, and the roles that open it; ANYONE alone where no sign-in is asked for."""

    name: str
    side: str
    pattern: str
    roles: frozenset[str]

    def address(self, samples: Mapping[str, str]) -> str:
        """Where it is for these ids. Raises KeyError naming the place that has none.

        A sample `<page>.<place>` is for that page alone.
        """

        def fill(place: str) -> str:
            own = f"{self.name}.{place}"
            return samples[own] if own in samples else samples[CALLED.get(place, place)]

        return _PLACE.sub(lambda found: fill(found[1]), self.pattern) + QUESTIONS.get(self.name, "").format_map(samples)


def routes() -> list[Route]:
    """All pages of both kinds of host. Django must stand ready."""
    from django.conf import settings
    from django.urls import get_resolver

    maps = {"public": settings.ROOT_URLCONF, "tenant": settings.TENANT_URLCONF}
    return [route for side, urls in maps.items() for route in _walk(side, get_resolver(urls).url_patterns, "/")]


def _walk(side: str, patterns: Any, before: str) -> Iterator[Route]:
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(side, pattern.url_patterns, address)
            continue
        name = pattern.name or ""
        asked = getattr(getattr(pattern.callback, "cls", None), "permission", {}).get("GET")
        if asked and name.startswith("page_") and (side, name) not in LEFT_OUT:
            yield Route(name, side, address, _roles(asked))


def _roles(permission: str) -> frozenset[str]:
    from kernel.http.views import PUBLIC, SIGNED_IN
    from shared_apps.accounts.roles import PERMISSIONS, PLATFORM_ROLES, STUDENT, TENANT_ROLES

    if permission == PUBLIC:
        return frozenset({ANYONE})
    everyone = (*PLATFORM_ROLES, *TENANT_ROLES, STUDENT)
    return frozenset(everyone if permission == SIGNED_IN else PERMISSIONS.get(permission, ()))
