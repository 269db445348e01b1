"""Counting against limits: a conditional UPDATE locks the row and a CHECK stands behind it, so racers never overrun."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import F
from django.db.transaction import atomic

from kernel.quotas.errors import FeatureClosed, QuotaReached, UseExceeds

if TYPE_CHECKING:
    from kernel.quotas.models import Quota


@dataclass(frozen=True, slots=True)
class Limit:
    """What a plan allows of one thing, and the name of the plan that allows more (empty: none)."""

    limit: int
    lifted_by: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """What a business may have and has of one thing."""

    name: str
    limit: int
    used: int
    lifted_by: str


def take(name: str, n: int = 1) -> None:
    """Count `n` more, in the transaction that creates them. Raises QuotaReached and counts nothing.

    A name without a row allows nothing. The row stays locked until the transaction ends.
    """
    if not _model().objects.filter(name=name, used__lte=F("limit") - n).update(used=F("used") + n):
        use = _use(name)
        raise QuotaReached(quota=name, limit=use.limit, used=use.used, plan=use.lifted_by)


def give_back(name: str, n: int = 1) -> None:
    """Count `n` fewer, in the transaction that removes them. IntegrityError when fewer are in use."""
    _model().objects.filter(name=name).update(used=F("used") - n)


def require(name: str) -> None:
    """Ask whether the plan has a feature. Raises FeatureClosed."""
    use = _use(name)
    if use.limit == 0:
        raise FeatureClosed(feature=name, plan=use.lifted_by)


def limit_of(name: str) -> int | None:
    """The limit written for the current business; None where its plan says nothing of it."""
    return _model().objects.filter(name=name).values_list("limit", flat=True).first()


def usage() -> list[Use]:
    """Every limit of the current business with its use, by name."""
    return [Use(row.name, row.limit, row.used, row.lifted_by) for row in _model().objects.order_by("name")]


def set_limit(name: str, limit: int, lifted_by: str = "") -> None:
    """Allow `limit` of one thing. Raises UseExceeds and changes nothing."""
    set_limits({name: Limit(limit, lifted_by)})


def set_limits(limits: Mapping[str, Limit]) -> None:
    """Rewrite limits, all or none. Raises UseExceeds naming everything of which more is in use."""
    with atomic():
        # Locked in one order, so two changes never wait on each other; a racing take waits and then sees the new limit.
        rows = _model().objects.filter(name__in=list(limits)).order_by("name").select_for_update()
        exceeding = [
            {"quota": row.name, "limit": limits[row.name].limit, "used": row.used}
            for row in rows
            if row.used > limits[row.name].limit
        ]
        if exceeding:
            raise UseExceeds(exceeding=exceeding)
        _model().objects.bulk_create(
            [_model()(name=name, limit=new.limit, lifted_by=new.lifted_by) for name, new in sorted(limits.items())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["limit", "lifted_by"],
        )


def _use(name: str) -> Use:
    row = _model().objects.filter(name=name).first()
    return Use(name, row.limit, row.used, row.lifted_by) if row else Use(name, 0, 0, "")


def _model() -> "type[Quota]":
    # The package is imported while apps are still being loaded, so its table is looked up, not imported.
    return apps.get_model("quotas", "Quota")
