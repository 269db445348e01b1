"""Drift: what a schema holds against what the template holds, and its role's rights against the rules in code.

Every schema is compared by a hash an aspect, worked out in PostgreSQL for all of them at once; only where it differs
are the things themselves looked at. Read on the connection of the login that owns the schemas.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connections

from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.fleet import catalogue
from kernel.tenancy.grants import tables_of_less
from kernel.tenancy.models import ReadySchema, Snapshot
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import TEMPLATE_SCHEMA
from kernel.tenancy.scope import schema_scope

_PARTS = {"column", "index", "constraint", "grant", "trigger"}


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing of a schema that differs; `found` or `wanted` is empty where it is missing there."""

    schema: str
    aspect: str
    name: str
    found: str
    wanted: str

    def __str__(self) -> str:
        thing = f"{self.schema}: {self.aspect} {self.name}"
        if self.aspect == "grant":
            return f"{thing}: held is {self.found or 'nothing'}, to be held is {self.wanted or 'nothing'}"
        if not self.found:
            return f"{thing} is missing, template has {self.wanted}"
        return f"{thing} is {self.found}, template has {self.wanted or 'none'}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def check(schemas: Collection[str] | None = None) -> list[Drift]:
    """Every difference of the fleet, or of the schemas named, by schema; empty when there is none.

    A schema that waits to be migrated is not looked into: that it waits is its one difference (aspect `version`).
    """
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        wanted = Snapshot.objects.using(DDL_ALIAS).latest("made_at").fingerprint
        living = ReadySchema.objects.using(DDL_ALIAS).living().order_by("number")
        versions = dict(living.values_list("name", "fingerprint"))
        if schemas is not None:
            versions = {name: version for name, version in versions.items() if name in schemas}
        found = [
            Drift(name, "version", "", version[:12], wanted[:12])
            for name, version in versions.items()
            if version != wanted
        ]
        compared = [name for name, version in versions.items() if version == wanted]
        for aspect in catalogue.ASPECTS:
            found += _differences(cursor, aspect, compared)
    order = {name: position for position, name in enumerate(versions)}
    return _told_once(sorted(found, key=lambda drift: order[drift.schema]))


def _differences(cursor: Any, aspect: str, schemas: list[str]) -> Iterator[Drift]:
    """Asked for all schemas by hash, then for those alone whose hash is another."""
    wanted = _wanted(cursor, aspect)
    if aspect == "grant":
        hashes, hash_wanted = catalogue.hashes(cursor, aspect, schemas), catalogue.hash_of(cursor, wanted)
    else:
        hashes = catalogue.hashes(cursor, aspect, [*schemas, TEMPLATE_SCHEMA])
        hash_wanted = hashes.get(TEMPLATE_SCHEMA, catalogue.NOTHING)
    other = [schema for schema in schemas if hashes.get(schema, catalogue.NOTHING) != hash_wanted]
    lines = catalogue.lines(cursor, aspect, other) if other else {}
    for schema in other:
        for name in sorted(wanted.keys() | lines[schema].keys()):
            pair = lines[schema].get(name, ""), wanted.get(name, "")
            if pair[0] != pair[1]:
                yield Drift(schema, aspect, name, *pair)


def _wanted(cursor: Any, aspect: str) -> catalogue.Lines:
    """What the template has; of rights, which it has none of, what the rules give for the things it has."""

    def template(aspect: str) -> catalogue.Lines:
        return catalogue.lines(cursor, aspect, [TEMPLATE_SCHEMA])[TEMPLATE_SCHEMA]

    if aspect != "grant":
        return template(aspect)

    less = tables_of_less()
    held = {table: less.get(table, "DELETE, INSERT, SELECT, UPDATE") for table in template("table")}
    held |= dict.fromkeys(template("sequence"), "USAGE")
    held |= {f"{function.partition('(')[0]}()": "EXECUTE" for function in template("function")}
    held |= {"schema": "USAGE"}
    return {name: "role " + ", ".join(sorted(rights.split(", "))) for name, rights in held.items()}


def _told_once(found: list[Drift]) -> list[Drift]:
    """Without the parts of tables that are themselves missing, or too many."""
    tables = {(one.schema, one.name) for one in found if one.aspect == "table" and not (one.found and one.wanted)}
    return [one for one in found if one.aspect not in _PARTS or (one.schema, one.name.partition(".")[0]) not in tables]
