"""The plan that brings schemas with one and the same record to the code: made once, carried out in each of them.

A step is a migration. One whose operations say the same SQL in every schema is carried out by its operations in the first
schema, which tells what they executed, and replayed as that text in all others. One that looks at rows (Python) or builds
indexes beside running work is carried out by its operations everywhere, from states and models that are made once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.postgres.operations import NotInTransactionMixin, ValidateConstraint
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.operations.models import IndexOperation, ModelOperation
from django.db.migrations.state import ProjectState

from kernel.tenancy.fleet.versions import Name, code_names

_ALIKE = (ModelOperation, FieldOperation, IndexOperation, RunSQL, ValidateConstraint)
# Operations of these modules are known to say the same in every schema; a class of anyone else's may do what it likes.
_OURS = "kernel.tenancy.operations"
_KNOWN = ("django.db.migrations.operations.", "django.contrib.postgres.operations", _OURS)
_NEEDS_RIGHTS = re.compile(
    r"\bCREATE\s+(OR\s+REPLACE\s+)?(TABLE|FUNCTION|PROCEDURE|SEQUENCE|VIEW|MATERIALIZED)|\bAS\s+IDENTITY", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation between the states before and after it, whose models are made once for all schemas."""

    operation: Operation
    before: ProjectState
    after: ProjectState


@dataclass(slots=True)
class Step:
    """One migration. `names` is what is recorded of it: itself, and those it stands for. `statements` is what its
    operations executed where they were carried out first, or None as long as only they can tell."""

    migration: Migration
    names: tuple[Name, ...]
    operations: list[Prepared] = field(default_factory=list)
    statements: list[str] | None = None

    @property
    def app(self) -> str:
        return str(self.migration.app_label)

    @property
    def name(self) -> str:
        return str(self.migration.name)

    @property
    def is_atomic(self) -> bool:
        return bool(self.migration.atomic)

    @property
    def is_alike(self) -> bool:
        """Whether it says the same SQL in every schema."""
        return self.is_atomic and all(map(is_alike, self.migration.operations))

    @property
    def needs_rights(self) -> bool:
        """Whether it may make something a tenant's role has no right to yet; a column or an index needs none of its own."""
        return self.statements is None or any(map(_NEEDS_RIGHTS.search, self.statements))


@dataclass(frozen=True, slots=True)
class Plan:
    """What lies between a schema's record and the code, in order."""

    steps: tuple[Step, ...]

    def elsewhere(self) -> "Plan":
        """The same plan for schemas of another kind, which hold other tables: what was executed here says nothing there."""
        return Plan(
            tuple(replace(step, statements=None if step.operations else step.statements) for step in self.steps)
        )


def plan_from(applied: frozenset[Name]) -> Plan:
    """The plan for schemas that have had `applied`; empty for those that have everything, and more.

    Raises Django's errors for a graph that does not hold together.
    """
    if applied >= code_names():
        return Plan(())
    loader = _Loader(applied)
    ordered = _ordered(loader)
    steps = [
        Step(migration, names=(*_replaced(migration), _key(migration)))
        for migration in ordered
        if _key(migration) not in loader.applied_migrations
    ]
    if steps:
        _prepare(loader, ordered, steps)
    known = applied | {name for step in steps for name in step.names}
    adopted = [
        Step(migration, names=(key,), statements=[])
        for key, migration in loader.replacements.items()
        if key not in known and known.issuperset(_replaced(migration))
    ]
    return Plan((*steps, *adopted))


def is_alike(operation: Operation) -> bool:
    """Whether an operation's SQL is the same in every schema: it asks for no row and needs no Python between."""
    if isinstance(operation, SeparateDatabaseAndState):
        return all(map(is_alike, operation.database_operations))
    if isinstance(operation, RunPython | NotInTransactionMixin):
        return False
    module = type(operation).__module__
    return module == _OURS or (isinstance(operation, _ALIKE) and module.startswith(_KNOWN))


class _Loader(MigrationLoader):
    """Django's graph for a record that was read elsewhere: its own reading lists every table of the database."""

    def __init__(self, applied: frozenset[Name]) -> None:
        self._applied = applied
        super().__init__(None, replace_migrations=False)

    def build_graph(self) -> None:
        super().build_graph()
        self.applied_migrations: dict[Name, Any] = dict.fromkeys(self._applied)
        for key, migration in self.replacements.items():
            had = [target in self._applied for target in _replaced(migration)]
            if all(had):
                self.applied_migrations[key] = None
            else:
                self.applied_migrations.pop(key, None)
            if all(had) or not any(had):
                self.graph.remove_replaced_nodes(key, migration.replaces)
            else:
                self.graph.remove_replacement_node(key, migration.replaces)
        self.graph.validate_consistency()


def _key(migration: Migration) -> Name:
    return (migration.app_label, migration.name)


def _replaced(migration: Migration) -> list[Name]:
    """The migrations a squashed one stands for."""
    return [(app, name) for app, name in migration.replaces]


def _ordered(loader: _Loader) -> list[Migration]:
    """Every migration of the graph in the order an empty schema has them."""
    keys = dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf))
    return [loader.graph.nodes[key] for key in keys]


def _prepare(loader: _Loader, ordered: list[Migration], steps: list[Step]) -> None:
    """Give each step its operations with the states around them.

    Models are made once, before the first step; every later state is a copy in which only what changed is made anew.
    """
    state = ProjectState(real_apps=loader.unmigrated_apps)
    for migration in ordered:
        if _key(migration) in loader.applied_migrations:
            migration.mutate_state(state, preserve=False)
    state.apps  # noqa: B018  made here, so that copies share it
    before = state.clone()
    for step in steps:
        for operation in step.migration.operations:
            operation.state_forwards(step.app, state)
            after = state.clone()
            step.operations.append(Prepared(operation, before, after))
            before = after
    for step in steps:
        for prepared in step.operations:
            if any(isinstance(each, RunPython) for each in _each(prepared.operation)):
                _settle(prepared.before)


def _each(operation: Operation) -> Iterator[Operation]:
    yield operation
    if isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _each(inner)


def _settle(state: ProjectState) -> None:
    """Make the models Python is handed once: Django makes them anew for every run when some were put off."""
    state.clear_delayed_apps_cache()
    state.is_delayed = False
    state.apps  # noqa: B018
