"""What both kinds of host serve: each app's `urls_<kind>` under `/api/v1/`, found by name so that none is forgotten."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path


def api(kind: str) -> list[URLPattern | URLResolver]:
    """The API of one kind of host, `platform` or `tenant`: every installed app that has urls for it."""
    patterns: list[URLPattern | URLResolver] = []
    for app in apps.get_app_configs():
        name = f"{app.name}.urls_{kind}"
        if find_spec(name):
            patterns.append(path("api/v1/", include(import_module(name))))
    return patterns
