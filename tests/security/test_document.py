"""Whatever the API's document allows is answered as it says: a few requests to every operation, the same each time."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as drawing
from schemathesis import checks
from schemathesis.core.failures import FailureGroup

from kernel.http import api
from kernel.tenancy import Business
from scripts.drills.fuzz import CHECKS, ENDING, of_host
from tests.support.people import Client, admin, staff

EACH = 2
"""Requests to one operation."""


def operations(document: dict[str, Any]) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document)
    schema.app = get_wsgi_application()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if not re.search(ENDING, operation.path):
            yield operation


def cases(operation: Any) -> list[Any]:
    """The same few of what the document allows, the simplest first."""
    drawn: list[Any] = []

    @seed(1)
    @drawing(
        max_examples=EACH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def draw(case: Any) -> None:
        drawn.append(case)

    draw()
    return drawn


def breaks(document: dict[str, Any], caller: Client) -> tuple[set[str], dict[str, str]]:
    """The operations asked, and what each answered otherwise than the document says."""
    checks.load_all_checks()
    checked = checks.CHECKS.get_by_names(list(CHECKS))
    asked: set[str] = set()
    found: dict[str, str] = {}
    for operation in operations(document):
        for case in cases(operation):
            asked.add(operation.label)
            try:
                headers = {"Authorization": f"Bearer {caller.token}"}
                case.call_and_validate(base_url=f"http://{caller.host}", headers=headers, checks=checked)
            except FailureGroup as failures:
                found |= {f"{operation.label}: {one.title}": str(one) for one in failures.exceptions}
    return asked, found


@pytest.mark.parametrize(("kind", "least"), [("tenant", 120), ("platform", 75)])
def test_every_operation_answers_as_the_document_says(kind: str, least: int, academy: Business, settings: Any) -> None:
    settings.REQUESTS_PER_MINUTE = 1_000_000
    asked, found = breaks(of_host(api.document(), kind), staff(academy) if kind == "tenant" else admin())
    assert found == {}
    assert len(asked) >= least


def test_what_the_document_does_not_say_is_found(academy: Business) -> None:
    document = api.document()
    health = document["paths"]["/api/v1/health"]["get"]
    wrong = {"/api/v1/health": {"get": {**health, "responses": {"204": {"description": "nothing"}}}}}
    _, found = breaks({**document, "paths": wrong}, staff(academy))
    assert list(found) == ["GET /api/v1/health: Undocumented status code"]
