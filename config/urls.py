"""What both kinds of host serve: each app's `urls_<kind>`, found by name so that none is forgotten.

Its `urlpatterns` are the API's, under `/api/v1/`; its `pages` stand at the root.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from django.apps import apps
from django.urls import ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

Patterns = list[URLPattern | URLResolver]


def served(kind: str) -> Patterns:
    """The API and the pages of one kind of host, `platform` or `tenant`, of every installed app that has some."""
    modules = list(_modules(kind))
    api = _Api(RoutePattern("api/v1/"), [pattern for module in modules for pattern in module.urlpatterns])
    return [api, *(page for module in modules for page in getattr(module, "pages", []))]


class _Api(URLResolver):
    """Finds an address that holds no value, once it was found, without trying a hundred others before it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._found: dict[str, ResolverMatch] = {}

    def resolve(self, path: str) -> ResolverMatch:
        found = self._found.get(path)
        if found is None:
            found = super().resolve(path)
            found.tried = []  # for people who look for a mistake; carried into each request's own match it costs as much
            if not found.args and not found.kwargs:  # there are no more of these than patterns
                self._found[path] = found
        return found


def _modules(kind: str) -> Iterator[ModuleType]:
    for app in apps.get_app_configs():
        name = f"{app.name}.urls_{kind}"
        if find_spec(name):
            yield import_module(name)
