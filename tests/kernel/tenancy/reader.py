"""A process that reads through `kernel.tenancy.replica` when it is told to: a line of JSON each way."""

import json
import sys
from typing import Any

import django

django.setup()

from django.db import Error, close_old_connections, connections, transaction  # noqa: E402

from kernel.tenancy import ScopeMissing, business_by_schema, tenant_scope  # noqa: E402
from kernel.tenancy.replica import REPLICA_ALIAS, reading  # noqa: E402
from tenant_apps.people.models import Branch  # noqa: E402
from tests.support.factories.people import branch_make  # noqa: E402

_LOOK = "SELECT pg_is_in_recovery(), current_setting('role'), current_setting('search_path')"


def read(schema: str) -> dict[str, Any]:
    """What a report would see, and where it looked."""
    with tenant_scope(business_by_schema(schema)):
        with reading():
            branches = Branch.objects.all()
            with connections[branches.db].cursor() as cursor:
                cursor.execute(_LOOK)
                replica, role, path = cursor.fetchone()
            return {"replica": replica, "role": role, "path": path, "branches": sorted(one.name for one in branches)}


def read_in_transaction(schema: str) -> bool:
    """Whether either way of standing in a transaction reads from the replica."""
    with tenant_scope(business_by_schema(schema)):
        with transaction.atomic(), reading():
            inside = Branch.objects.all().db
        with reading(), transaction.atomic():
            return REPLICA_ALIAS in (inside, Branch.objects.all().db)


def write(schema: str, name: str) -> str:
    """Add a branch; what was read from the replica is changed at the primary."""
    business = business_by_schema(schema)
    branch_make(business, name=name, code=name.upper(), kind="academy")
    with tenant_scope(business):
        with reading():
            old = Branch.objects.order_by("id").first()
        assert old is not None
        Branch.objects.filter(pk=old.pk).update(city="Pune")
        old.city = "Surat"
        old.save(update_fields=["city"])
        return str(old._state.db)


def trespass(schema: str, other: str) -> list[str]:
    """What is said to those who ask the replica for another business, for nobody's, or to write."""
    said = []
    statements = [
        f'SELECT * FROM "{other}".people_branch',
        "DELETE FROM people_branch",
        "SELECT 1; SELECT 2",
    ]
    with tenant_scope(business_by_schema(schema)):
        for statement in statements:
            try:
                with connections[REPLICA_ALIAS].cursor() as cursor:
                    cursor.execute(statement)
            except Error as error:
                said.append(type(error.__cause__).__name__)
    try:
        connections[REPLICA_ALIAS].cursor()
    except ScopeMissing as error:
        said.append(type(error).__name__)
    return said


def asked(schema: str, times: int) -> int:
    """How often the replica is asked how far it is, for so many reads within a second."""
    statements: list[str] = []

    def count(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(statement)
        return execute(statement, params, many, context)

    with tenant_scope(business_by_schema(schema)):
        with connections[REPLICA_ALIAS].execute_wrapper(count):
            for _ in range(times):
                with reading():
                    pass
    return len(statements)


DOORS = {door.__name__: door for door in (read, read_in_transaction, write, trespass, asked)}

for line in sys.stdin:
    name, *arguments = json.loads(line)
    close_old_connections()
    try:
        answer: Any = DOORS[name](*arguments)
    except Error as error:
        answer = {"error": type(error).__name__}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
