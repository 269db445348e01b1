"""No body and no address, however odd, brings about a fault of ours: every view refuses it or takes it."""

from collections import Counter
from itertools import product
from typing import Any

import pytest

from kernel.http.api import document
from kernel.http.examples import example
from kernel.http.schema import Schema
from tests.support.views import called, urlconf_of, views_with

EVERY_LIST = ("limit", "cursor", "order", "format")
JUNK = {
    "null": None,
    "huge": 10**18,
    "beyond": 2**63,
    "negative": -(10**18),
    "fraction": 1e308,
    "nul": "a\x00b",
    "long": "x" * 20_000,
    "word": "none",
    "far": "9999-12-31T23:59:59Z",
    "early": "0001-01-01",
    "date": "2026-02-31",
    "list": [[]],
    "object": {"a": {"b": []}},
    "true": True,
    "empty": "",
}


def writes(business: Any) -> Any:
    """Every method that takes a body, with a plausible body for it."""
    schemas = document()["components"]["schemas"]
    for method in ("POST", "PATCH", "PUT"):
        for view, arguments in views_with(method, urlconf_of(business)):
            body = getattr(getattr(view, method.lower()), "api_request", None)
            if isinstance(body, type):
                name = Schema().get_serializer_name(body(), "request")
                yield method, view, arguments, example(schemas.get(name) or schemas[f"Patched{name}"], schemas)


def spoiled(plausible: dict[str, Any]) -> list[tuple[str, Any]]:
    """Bodies with a name for each: every piece of junk in each place alone and in all at once; no object at all."""
    bodies: list[tuple[str, Any]] = [("half a body", b"{"), ("list", [*JUNK.values()])]
    if not plausible:
        bodies.append(("empty", {}))
    for label, junk in JUNK.items():
        bodies += [(f"{name} {label}", {**plausible, name: junk}) for name in plausible]
        if len(plausible) > 1:
            bodies.append((label, dict.fromkeys(plausible, junk)))
    return bodies


@pytest.mark.parametrize("where", ["academy", "platform"])
def test_no_junk_is_a_fault(request, where):
    business = request.getfixturevalue(where)
    kinds = ("admin",) if business.is_platform else ("staff", "student")
    faults, statuses = set(), Counter()
    for method, view, arguments, plausible in writes(business):
        for kind, (label, body) in product(kinds, spoiled(plausible)):
            try:
                answer = called(method, view, arguments, business, kind=kind, body=body)
            except Exception as fault:
                faults.add(f"{method} {view.__qualname__} {label}: {type(fault).__name__} {fault}"[:200])
            else:
                statuses[answer.status_code] += 1
    assert sorted(faults) == []
    assert set(statuses) <= {200, 201, 202, 204, 400, 401, 402, 403, 404, 409, 412, 422, 428, 429, 503}
    assert statuses[400] > 100


@pytest.mark.parametrize("where", ["academy", "platform"])
def test_no_odd_address_is_a_fault(request, where):
    business = request.getfixturevalue(where)
    kinds = ("admin",) if business.is_platform else ("staff", "student")
    faults, statuses = set(), Counter()
    for view, arguments in views_with("GET", urlconf_of(business)):
        names = ("unheard_of", *EVERY_LIST, *view.get.api_listing.names)
        for kind, name in product(kinds, names):
            for text in ("none", "9" * 30, "a\x00b", "2026-02-31", "-1", "'"):
                try:
                    answer = called("GET", view, arguments, business, kind=kind, query={name: text})
                except Exception as fault:
                    faults.add(f"{view.__qualname__} {name}={text[:20]!r}: {type(fault).__name__} {fault}"[:200])
                else:
                    statuses[answer.status_code] += 1
                    if answer.status_code in (403, 404) or name == "unheard_of":
                        break  # whatever it carries, it is answered alike
    assert sorted(faults) == []
    assert set(statuses) <= {200, 400, 401, 402, 403, 404, 409, 422, 429, 503}
    assert statuses[400] > 100
