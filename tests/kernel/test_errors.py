"""Refusals: a stable code of its own for each, a status, and words for the person it stops."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import kernel
import shared_apps
import tenant_apps
from kernel.errors import DomainError, error_line

# Limits are the plan's, whichever app keeps the count; a missing or forbidden thing is told at the HTTP door.
SPOKEN_FOR = {"kernel.quotas.errors": "plans", "kernel.errors": "http"}


def refusals() -> list[type[DomainError]]:
    """Every refusal the product can raise. What others derive from says nothing itself."""
    for room in (kernel, shared_apps, tenant_apps):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not re.search(r"\.(migrations|management)\b", module.name):
                importlib.import_module(module.name)
    ours = (room.__name__ for room in (kernel, shared_apps, tenant_apps))
    begins = tuple(f"{name}." for name in ours)
    return [one for one in derived(DomainError) if one.__module__.startswith(begins) and "code" in vars(one)]


def derived(base: type[DomainError]) -> Iterator[type[DomainError]]:
    for one in base.__subclasses__():
        yield one
        yield from derived(one)


def test_each_refusal_has_a_code_of_its_own() -> None:
    codes = Counter(one.code for one in refusals())
    assert [code for code, times in codes.items() if times > 1] == []
    assert len(codes) > 100


def test_codes_say_whose_they_are() -> None:
    for one in refusals():
        module = one.__module__
        app = SPOKEN_FOR.get(module, module.split(".")[1])
        assert re.fullmatch(rf"{app}\.[a-z0-9_]+", one.code), f"{module}.{one.__name__}: {one.code}"


def test_each_refusal_tells_a_person_what_happened_and_what_to_do() -> None:
    for one in refusals():
        assert 400 <= one.status < 600, one
        assert re.fullmatch(r"[A-Z].*[^.\s]", one.title), f"{one}: {one.title!r}"
        assert re.fullmatch(r"[A-Z{].*[.}?]", one.action), f"{one}: {one.action!r}"


class Taken(DomainError):
    code = "tests.taken"
    status = 409
    title = "It is taken"
    action = "Take another."


def test_a_refusal_carries_what_was_said_of_it() -> None:
    plain = Taken()
    assert (str(plain), plain.detail, plain.field, plain.data) == ("It is taken", "It is taken", None, {})
    told = Taken("Seat A1 is taken.", field="seat", next_free="09:00")
    assert (str(told), told.field, told.data) == ("Seat A1 is taken.", "seat", {"next_free": "09:00"})


def test_one_refusals_headers_are_not_anothers() -> None:
    first, second = Taken(), Taken()
    first.headers = {"Retry-After": "5"}
    assert (second.headers, DomainError.headers) == ({}, {})


def test_an_error_in_one_line_says_what_the_server_did_and_not_what_a_row_holds() -> None:
    class Refused(Exception):
        sqlstate = "22P02"

    wrapped = ValueError('invalid input syntax for type integer: "Asha Rao"')
    wrapped.__cause__ = Refused()
    lines = [error_line(one) for one in (KeyError(), ValueError(" no\nDETAIL: Asha"), ValueError("x" * 400), wrapped)]
    assert lines == ["KeyError", "ValueError: no", "ValueError: " + "x" * 288, "Refused"]
