"""Owns students' codes: their pattern, and numbers that racing admissions never share."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from kernel import clock
from tenant_apps.people.errors import CodePatternInvalid
from tenant_apps.people.models import Branch, Student

_SEQ = re.compile(r"\{SEQ(?::([1-9]))?\}")
_PATTERN = re.compile(r"(?:[A-Z0-9/-]|\{BRANCH\}|\{YY\}|\{YYYY\}|\{SEQ(?::[1-9])?\})+")


def pattern_check(pattern: str) -> str:
    """The pattern itself, or CodePatternInvalid."""
    if len(pattern) > 60 or not _PATTERN.fullmatch(pattern) or len(_SEQ.findall(pattern)) != 1:
        raise CodePatternInvalid(field="code_pattern")
    return pattern


def codes_take(*, branches: list[Branch], avoid: Iterable[str] = ()) -> list[str]:
    """One new code for each entry of `branches`, in their order; `avoid` are codes about to be used otherwise.

    Numbers are taken by one statement per series whose row stays locked until the caller's transaction ends. A number
    a person gave by hand is passed over. A rolled-back admission may leave a gap.
    """
    avoided = set(avoid)
    wanted: dict[str, list[int]] = defaultdict(list)
    for position, branch in enumerate(branches):
        wanted[_series(branch)].append(position)
    codes = [""] * len(branches)
    for series in sorted(wanted):  # one order for everyone, so two admissions never wait on each other
        positions = wanted[series]
        while positions:
            fresh = _numbers(series, len(positions))
            used = avoided | set(Student.objects.filter(code__in=fresh).values_list("code", flat=True))
            for code in fresh:
                if code not in used:
                    codes[positions.pop(0)] = code
    return codes


def _series(branch: Branch) -> str:
    today = clock.today()
    return (
        branch.code_pattern.replace("{BRANCH}", branch.code)
        .replace("{YYYY}", f"{today:%Y}")
        .replace("{YY}", f"{today:%y}")
    )


def _numbers(series: str, count: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_codeseries AS series (prefix, last) VALUES (%s, %s)
            ON CONFLICT (prefix) DO UPDATE SET last = series.last + EXCLUDED.last
            RETURNING last
            """,
            [series, count],
        )
        last = cursor.fetchone()[0]
    before, digits, after = _SEQ.split(series)
    return [f"{before}{n:0{int(digits or 1)}d}{after}" for n in range(last - count + 1, last + 1)]
