"""A fleet of a test's own: a copy of the prepared database, and migrations the product does not have."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.test import override_settings

from kernel.tenancy.bootstrap import drop_database, ensure_database
from kernel.tenancy.directory import forget
from kernel.tenancy.fleet import versions
from kernel.tenancy.models import FleetEntry, ReadySchema
from kernel.tenancy.scope import schema_scope
from scripts.stack.layout import ROOT
from tests.support import database
from tests.support.sql import ddl_cursor

APP = "campaigns"
_ORIGINAL = ROOT / "tenant_apps" / APP / "migrations"
_HEADER = """
import django.contrib.postgres.operations as postgres
from django.db import migrations, models
from kernel.tenancy.operations import Contract, EverySQL

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("campaigns", "{before}")]
    operations = [
"""


class Fleet:
    """Schemas in a database of their own. The first few are tenants', the rest is stock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = sorted(file.stem for file in _ORIGINAL.glob("0*.py"))[-1]

    @property
    def schemas(self) -> list[str]:
        with schema_scope("public"):
            return list(ReadySchema.objects.using("ddl").order_by("number").values_list("name", flat=True))

    def adds(self, name: str, *operations: str, atomic: bool = True) -> None:
        """Let the code know one more migration of the campaigns, after those there are."""
        text = _HEADER.format(atomic=atomic, before=self._last)
        (self._folder / f"{name}.py").write_text(text + "".join(f"        {one},\n" for one in operations) + "    ]\n")
        self._last = name
        versions.forget()
        forget()

    def squashes(self, name: str, *names: str) -> None:
        """Let the code know a migration that stands for some of those it added."""
        replaced = [(APP, one) for one in names]
        text = _HEADER.format(atomic=True, before=sorted(file.stem for file in _ORIGINAL.glob("0*.py"))[-1])
        (self._folder / f"{name}.py").write_text(f"{text}    ]\n    replaces = {replaced!r}\n")
        versions.forget()
        forget()

    def has(self, schema: str, query: str) -> bool:
        """Whether a query in a schema finds anything."""
        with ddl_cursor(schema) as cursor:
            cursor.execute(query)
            return cursor.fetchone() is not None

    def entries(self, name: str) -> dict[str, FleetEntry]:
        """The journal of one migration by schema."""
        with schema_scope("public"):
            return {entry.schema: entry for entry in FleetEntry.objects.using("ddl").filter(app=APP, name=name)}

    def versions(self) -> set[str]:
        """What the registry says the schemas have been brought to."""
        with schema_scope("public"):
            return set(ReadySchema.objects.using("ddl").values_list("fingerprint", flat=True))


@contextmanager
def fleet_made(folder: Path, *, tenants: int = 3) -> Iterator[Fleet]:
    """While the block runs, every connection of this process goes to a copy of the prepared database."""
    package = f"migrations_{secrets.token_hex(4)}"
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text(f"__path__ = [__path__[0], {str(_ORIGINAL)!r}]\n")
    sys.path.append(str(folder))
    try:
        with _own_database(), override_settings(MIGRATION_MODULES={APP: package}):
            versions.forget()
            fleet = Fleet(folder / package)
            with schema_scope("public"):
                taken = ReadySchema.objects.using("ddl").filter(name__in=fleet.schemas[:tenants])
                taken.update(state=ReadySchema.State.TAKEN)
            yield fleet
    finally:
        sys.path.remove(str(folder))
        versions.forget()
        forget()


@contextmanager
def _own_database() -> Iterator[None]:
    admin, name = database._state["admin"], f"shala_test_fleet_{secrets.token_hex(4)}"
    prefix = settings.ROLE_PREFIX
    ensure_database(admin, name, secret=database.SECRET, role_prefix=prefix, template=prefix)
    database.numbers_apart(admin, name)
    kept = _moved_to(dict.fromkeys(("default", "ddl"), name))
    try:
        yield
    finally:
        _moved_to(kept)
        drop_database(admin, name)


def _moved_to(names: dict[str, Any]) -> dict[str, Any]:
    """Connect elsewhere from now on, in every thread; gives where it was."""
    connections.close_all()
    kept = {alias: connections.settings[alias]["NAME"] for alias in names}
    for alias, name in names.items():
        connections.settings[alias]["NAME"] = name
    forget()
    return kept
