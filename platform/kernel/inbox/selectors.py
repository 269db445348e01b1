"""The operator's reads of callbacks: those of every business, in the operator's scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    BinaryField,
    Case,
    Count,
    F,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Length

from kernel.inbox.errors import CallbackUnknown
from kernel.inbox.models import Inbox
from kernel.jobs.models import Job

STATES = [str(state) for state in Inbox.State.values]


class Position(Func):
    """Where some bytes stand in others, from 1; 0 when nowhere."""

    function = "position"
    template = "%(function)s(%(expressions)s)"
    arg_joiner = " in "
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Standing:
    """How many callbacks want a look, and since when the oldest has waited to be worked on."""

    failed: int
    refused: int
    waiting: int
    oldest: datetime | None


def callbacks() -> QuerySet[Any]:
    """Every callback, its body left aside, with `shown`, `why` and `size`: one whose job died counts as failed."""
    lost = Job.objects.filter(id=OuterRef("job"), state=Job.State.DEAD).values("error")[:1]
    received = Q(state=Inbox.State.RECEIVED)
    return (
        Inbox.objects.defer("body", "headers")
        .annotate(lost=Case(When(received, then=Subquery(lost)), output_field=TextField()))
        .annotate(
            shown=Case(When(lost__isnull=False, then=Value("failed")), default=F("state"), output_field=TextField()),
            why=Coalesce("lost", "reason"),
            size=Length("body"),
        )
    )


def callbacks_found(*, text: str = "", source: str = "", state: str = "") -> QuerySet[Any]:
    """Those of one vendor and in one state when given, whose delivery id, event or body holds `text`."""
    rows = callbacks()
    if source:
        rows = rows.filter(source=source)
    if state:
        rows = rows.filter(shown=state)
    if text:
        rows = rows.annotate(at=Position(Value(text.encode(), output_field=BinaryField()), F("body")))
        rows = rows.filter(Q(at__gt=0) | Q(delivery_id=text) | Q(event=text))
    return rows


def callback_get(callback: UUID) -> Any:
    """One callback with its body. Raises CallbackUnknown."""
    row = callbacks().defer(None).filter(id=callback).first()
    if row is None:
        raise CallbackUnknown()
    return row


def sources() -> list[str]:
    """Every vendor that ever sent one."""
    return list(Inbox.objects.values_list("source", flat=True).distinct().order_by("source"))


def standing(*, since: datetime) -> Standing:
    """What came to nothing since then, and what waits."""
    lately = Q(received_at__gte=since)
    found = callbacks().aggregate(
        failed=Count("id", filter=lately & Q(shown="failed")),
        refused=Count("id", filter=lately & Q(shown="refused")),
        waiting=Count("id", filter=Q(shown="received")),
        oldest=Min("received_at", filter=Q(shown="received")),
    )
    return Standing(**found)
