"""Work for the queue's tests. Its effect is a row of the business's progress table, which every schema has."""

import threading
from uuid import UUID

from kernel import clock, jobs
from kernel.ids import uuid7
from kernel.jobs.progress.models import Progress
from kernel.tenancy import current, platform_scope


def effect(kind: str) -> None:
    now = clock.now()
    Progress.objects.create(id=uuid7(), kind=kind, created_at=now, updated_at=now)


def effects(prefix: str = "") -> list[str]:
    return sorted(Progress.objects.filter(kind__startswith=prefix).values_list("kind", flat=True))


class Rang(jobs.Event):
    """Something happened."""

    name = "tests.rang"
    bell: str
    times: int = 1


@jobs.handler("tests.note")
def note(*, kind: str) -> dict[str, int]:
    effect(kind)
    return {"noted": 1}


@jobs.handler("tests.note_in_phases", atomic=False)
def note_in_phases(*, kind: str) -> None:
    effect(kind)


@jobs.handler("tests.fail", attempts=3)
def fail(*, kind: str) -> None:
    effect(kind)
    raise ValueError("phone +919800000009 is not for the log")


def mourn(*, kind: str, why: str) -> None:
    with platform_scope():
        effect(f"{kind}: {why}")
    if kind == "unmourned":
        raise ValueError("the mourner fails as well")


@jobs.handler("tests.mourned", attempts=2, on_dead=mourn)
def mourned(*, kind: str) -> None:
    raise jobs.Dead("proven absent") if kind == "at once" else ValueError(kind)


@jobs.handler("tests.die")
def die(*, kind: str) -> None:
    effect(kind)
    raise jobs.Dead("proven absent")


@jobs.handler("tests.note_always", when_suspended=True)
def note_always(*, kind: str) -> None:
    effect(kind)


@jobs.handler("tests.unscoped", atomic=False, scoped=False, attempts=1)
def unscoped(*, kind: str) -> None:
    effect(kind)


@jobs.handler("tests.in_a_thread", attempts=1)
def in_a_thread(*, kind: str) -> None:
    """A thread of its own starts without a scope; the handler reports what the query there raised."""
    raised: list[BaseException] = []

    def query() -> None:
        try:
            effect(kind)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=query)
    thread.start()
    thread.join()
    raise raised[0]


@jobs.handler("tests.where")
def where(*, job: str) -> dict[str, str]:
    return {"schema": current().schema, "job": str(UUID(job))}


@jobs.on(Rang)
def heard(*, event: Rang) -> None:
    effect(f"heard:{event.bell}:{event.times}")


@jobs.on(Rang, name="tests.heard_first", priority=jobs.URGENT)
def heard_first(*, event: Rang) -> None:
    effect(f"heard-first:{event.bell}")
