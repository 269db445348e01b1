"""Owns how students are looked for: what stands in the address of a list, an export and a saved view alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Func, Q, QuerySet, TextField

from kernel.http.actor import Actor
from tenant_apps.people import selectors
from tenant_apps.people.models import Student

if TYPE_CHECKING:
    from collections.abc import Mapping

SORTS = {"": "-id", "name": "name", "-name": "-name", "joined": "joined_on", "-joined": "-joined_on", "code": "code"}
_WRITTEN_NUMBER = re.compile(r"[+0-9][0-9 ()-]{3,}")


@dataclass(frozen=True, slots=True)
class Search:
    """Text and filters; an empty one means any."""

    text: str = ""
    state: str = ""
    branch: str = ""
    grade: str = ""
    tag: str = ""
    sort: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Search:
        """What an address asks for; what it cannot mean is passed over."""
        state, sort = str(query.get("state", "")), str(query.get("sort", ""))
        return cls(
            text=str(query.get("q", "")).replace("\0", "").strip()[:80],
            state=state if state in Student.State.values else "",
            branch=_id(str(query.get("branch", ""))),
            grade=str(query.get("grade", "")).replace("\0", "")[:20],
            tag=str(query.get("tag", "")).replace("\0", "")[:40],
            sort=sort if sort in SORTS else "",
        )

    @classmethod
    def of_query(cls, query: str) -> Search:
        """The same of an address's text."""
        return cls.of(dict(parse_qsl(query)))

    @property
    def filters(self) -> dict[str, str]:
        """What is asked for beside the order, as it stands in an address."""
        named = {"q": self.text, "state": self.state, "branch": self.branch, "grade": self.grade, "tag": self.tag}
        return {name: value for name, value in named.items() if value}

    @property
    def query(self) -> str:
        """The search as an address has it, always written alike."""
        return urlencode(self.filters | ({"sort": self.sort} if self.sort else {}))


@dataclass(frozen=True, slots=True)
class Choices:
    """The grades and tags that students the actor sees have."""

    grades: list[str]
    tags: list[str]


def students_searched(actor: Actor, search: Search) -> QuerySet[Student]:
    """The students the actor sees that fit, in the order asked for; numbers masked as in every list."""
    found = selectors.students_listed(actor)
    if search.text:
        text = re.sub(r"[ ()-]", "", search.text) if _WRITTEN_NUMBER.fullmatch(search.text) else search.text
        asked = [Q((f"{column}__icontains", text)) for column in selectors.students_columns(actor)]
        found = found.filter(reduce(or_, asked))
    if search.state:
        found = found.filter(state=search.state)
    if search.branch:
        found = found.filter(branch_id=search.branch)
    if search.grade:
        found = found.filter(grade=search.grade)
    if search.tag:
        found = found.filter(tags__contains=[search.tag])
    order = SORTS[search.sort]
    return found.order_by(order, *(["-id"] if order != "-id" else []))


def choices(actor: Actor) -> Choices:
    """What the lists of grades and tags offer. One query."""
    mine = selectors.students_visible(actor)
    told = mine.aggregate(grades=ArrayAgg("grade", distinct=True, default=[]))
    tags = mine.exclude(tags=[]).annotate(tag=Func(F("tags"), function="unnest", output_field=TextField()))
    return Choices(
        grades=sorted(grade for grade in told["grades"] if grade)[:60],
        tags=list(tags.values_list("tag", flat=True).distinct().order_by("tag")[:60]),
    )


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
