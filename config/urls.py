"""What both kinds of host serve: each app's `urls_<kind>`, found by name so that none is forgotten.

Its `urlpatterns` are the API's, under `/api/v1/`; its `pages` stand at the root.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

Patterns = list[URLPattern | URLResolver]


def served(kind: str) -> Patterns:
    """The API and the pages of one kind of host, `platform` or `tenant`, of every installed app that has some."""
    modules = list(_modules(kind))
    api: Patterns = [path("api/v1/", include(module)) for module in modules]
    return [*api, *(page for module in modules for page in getattr(module, "pages", []))]


def _modules(kind: str) -> Iterator[ModuleType]:
    for app in apps.get_app_configs():
        name = f"{app.name}.urls_{kind}"
        if find_spec(name):
            yield import_module(name)
