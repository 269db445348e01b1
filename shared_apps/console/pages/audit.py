"""The audit: who did what at the operator's desk, filtered, and taken along as a file."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.dateparse import parse_date

from kernel import clock
from kernel.audit.api import EntryOutput
from kernel.audit.models import Entry
from kernel.http.pages import PageRequest, PageView
from shared_apps.accounts import selectors as people
from shared_apps.console import words
from shared_apps.console.pages.lists import exported, newest
from shared_apps.tenants import selectors as tenants

FILTERS = ("action", "who", "subject", "from", "to")


@dataclass(frozen=True, slots=True)
class Deed:
    """An entry in words: what, by whom, of which tenant or person, and each change as it was and is."""

    entry: Entry
    what: str
    icon: str
    who: str
    subject: str
    tenant: str
    changes: list[tuple[str, Any, Any]]


class Audit(PageView):
    """Newest first; nothing here is ever changed."""

    permission = {"GET": "audit.view"}

    def get(self, request: PageRequest) -> HttpResponseBase:
        asked = {name: request.GET.get(name, "").strip()[:80] for name in FILTERS}
        found = entries(asked)
        if request.GET.get("format") == "csv":
            return exported(found, EntryOutput, action="audit.export", asked=asked)
        page = newest(found, request.GET.get("before", ""))
        told = {
            "page": page,
            "deeds": shown(page.rows),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "actions": words.DEEDS,
            "members": people.users_visible(request.actor).order_by("name"),
            "subject_name": _names("tenant", {asked["subject"]}).get(asked["subject"], asked["subject"]),
        }
        return self._shown(request, told)

    @staticmethod
    def _shown(request: PageRequest, told: dict[str, Any]) -> HttpResponse:
        return render(request, "console/audit.html", told)


def entries(asked: dict[str, str]) -> Any:
    """The entries that fit; a filter that makes no sense finds nothing rather than everything."""
    found = Entry.objects.all()
    if asked["action"]:
        found = found.filter(action=asked["action"])
    if asked["subject"]:
        found = found.filter(subject_id=asked["subject"])
    if asked["who"]:
        found = found.filter(actor_id=_uuid(asked["who"]))
    for name, days in (("from", 0), ("to", 1)):
        if (day := _day(asked[name])) is not None:
            edge = datetime.combine(day, time(), clock.zone()) + timedelta(days=days)
            found = found.filter(**{"at__gte" if name == "from" else "at__lt": edge})
    return found


def shown(rows: list[Entry]) -> list[Deed]:
    """Entries in words; the names of all in three questions."""
    who = {str(row.actor_id) for row in rows if row.actor_id} | {r.subject_id for r in rows if r.subject_type == "user"}
    persons = _names("user", who)
    places = _names("tenant", {row.subject_id for row in rows if row.subject_type == "tenant"})
    return [
        Deed(
            entry=row,
            what=words.deed(row.action),
            icon=words.ICONS.get(row.action.split(".")[0], "history"),
            who=persons.get(str(row.actor_id), ""),
            subject=places.get(row.subject_id) or persons.get(row.subject_id) or "",
            tenant=row.subject_id if row.subject_id in places else "",
            changes=[_change(field, pair) for field, pair in row.changes.items() if len(pair) == 2],
        )
        for row in rows
    ]


def _change(field: str, pair: list[Any]) -> tuple[str, Any, Any]:
    """A field as it was and is; where only that it changed is kept, just that."""
    return (field, None, "…") if pair[0] == pair[1] else (field, pair[0], pair[1])


def _names(kind: str, ids: set[str]) -> dict[str, str]:
    known = [one for one in map(_uuid_or_none, ids) if one]
    if not known:
        return {}
    rows = tenants.tenants() if kind == "tenant" else people.users_shown()
    found = rows.filter(id__in=known).values_list("id", "name")
    return {str(one): name for one, name in found}


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID:
    return _uuid_or_none(text) or UUID(int=0)


def _day(text: str) -> Any:
    try:
        return parse_date(text) if text else None
    except ValueError:
        return None
