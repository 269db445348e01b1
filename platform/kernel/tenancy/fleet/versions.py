"""Which migrations the code knows, and whether a schema has all of them.

What the code knows is read from the disk once a process. A schema is behind when the snapshot it has been brought to
lacks a migration the code counts on; one that is ahead of the code is served, so that a fleet is migrated before its
processes change.
"""

import hashlib
import json
import pkgutil
import time
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from threading import Lock

from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from kernel.tenancy.models import Snapshot
from kernel.tenancy.scope import system_scope

Name = tuple[str, str]

UNKNOWN_SECONDS = 1.0


@cache
def code_names() -> frozenset[Name]:
    """Every migration on the disk as (app, name), of the operator's apps too: a schema's record lists them all."""
    return frozenset((app.label, name) for app in apps.get_app_configs() for name in _on_disk(app.label))


def names_fingerprint(names: Iterable[Name]) -> str:
    """What a set of migrations is called, whatever order they were applied in."""
    return hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()


@cache
def code_fingerprint() -> str:
    return names_fingerprint(code_names())


@cache
def _counted() -> frozenset[Name]:
    """The migrations that change a tenant's schema: those of apps that have tables there."""
    labels = {app.label for app in apps.get_app_configs() if app.name in settings.TENANT_APPS}
    return frozenset(name for name in code_names() if name[0] in labels)


def missing_names(names: Iterable[Iterable[str]]) -> frozenset[Name]:
    """What a schema that has had `names` lacks of the migrations its tables need by the code of this process."""
    return _counted().difference((app, name) for app, name in names)


def is_behind(fingerprint: str) -> bool:
    """Whether a schema brought to `fingerprint` lacks a migration its tables need by the code of this process.

    No schema (``""``) is not behind: its business's state answers. The first question about a fingerprint reads its
    snapshot under the directory's role, so it is asked between transactions; a fingerprint without one counts as behind
    and is looked for again once a second.
    """
    if not fingerprint or fingerprint == code_fingerprint():
        return False
    return _known.is_behind(fingerprint)


def forget() -> None:
    """Read the disk and the snapshots anew; for tests that add migrations to a running process."""
    for cached in (code_names, code_fingerprint, _counted):
        cached.cache_clear()
    _known.clear()


class _Known:
    """What snapshots said. They never change once made; that one is missing is believed for a second."""

    def __init__(self) -> None:
        self._behind: dict[str, bool] = {}
        self._missing: dict[str, float] = {}
        self._lock = Lock()

    def is_behind(self, fingerprint: str) -> bool:
        with self._lock:
            known = self._behind.get(fingerprint)
            if known is not None:
                return known
            if self._missing.get(fingerprint, 0) > time.monotonic():
                return True
        with system_scope("directory"):
            names = Snapshot.objects.filter(pk=fingerprint).values_list("names", flat=True).first()
        with self._lock:
            if names is None:
                self._missing[fingerprint] = time.monotonic() + UNKNOWN_SECONDS
                return True
            return self._behind.setdefault(fingerprint, bool(missing_names(names)))

    def clear(self) -> None:
        with self._lock:
            self._behind.clear()
            self._missing.clear()


_known = _Known()


def _on_disk(label: str) -> list[str]:
    """The names of an app's migrations as Django's loader finds them, without importing each."""
    module, _ = MigrationLoader.migrations_module(label)
    if module is None:
        return []
    try:
        package = import_module(module)
    except ModuleNotFoundError as error:
        if error.name in {module, module.rpartition(".")[0]}:
            return []
        raise
    return [
        name for _, name, is_package in pkgutil.iter_modules(package.__path__) if not is_package and name[0] not in "_~"
    ]
