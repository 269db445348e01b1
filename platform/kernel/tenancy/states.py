"""What each door answers while a business is in a state: the one table all doors read, and the page made of it.

The doors of requests read it in `middleware` and the bases of views, sockets in `kernel.realtime.socket`, jobs in
`kernel.jobs.runner`, callbacks in `kernel.inbox`. What must be open whatever the table says (signing in and out, what
became of money under way, how the place looks) says so itself: `when_suspended`, or `when_read_only` for what people need
in order to read; handlers of jobs say the same of themselves.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from kernel.errors import DomainError


class Door(StrEnum):
    """A way in. Exports and the platform's bill are doors of staff, wherever they stand."""

    STAFF_PAGES = "staff pages"
    STAFF_API = "staff API"
    STUDENT_PORTAL = "student portal"
    STUDENT_API = "student API"
    SOCKETS = "sockets"
    JOBS = "jobs"
    WEBHOOKS = "webhooks"
    EXPORTS = "exports"
    PLATFORM_BILL = "the platform's bill"


class Answer(StrEnum):
    """What a door does."""

    OPEN = "open"
    READ_ONLY = "read only"
    SUSPENDED = "suspended"
    NOT_READY = "not ready"
    CLOSED = "closed"


class NotReady(DomainError):
    """The tenant is still being made."""

    code = "tenancy.not_ready"
    status = 503
    title = "This address is being set up"
    action = "Try again in a minute."
    headers = {"Retry-After": "5"}


class Suspended(DomainError):
    """The tenant is suspended: only what its state allows is served."""

    code = "tenancy.suspended"
    status = 403
    title = "This account is suspended"
    action = "Its owner can sign in to settle the platform's invoice and export data. Students: please ask them."


class ReadOnly(DomainError):
    """The tenant is leaving: everything can be read and taken along, nothing is changed any more."""

    code = "tenancy.read_only"
    status = 403
    title = "Nothing can be changed here any more"
    action = "This account is being closed: read and export what you need. Its owner can ask the platform to stop it."


class Behind(DomainError):
    """The tenant's schema lacks migrations that this process counts on."""

    code = "tenancy.behind"
    status = 503
    title = "This address is being brought up to date"
    action = "Try again in a minute."
    headers = {"Retry-After": "5"}


class Closed(DomainError):
    """The tenant has left the platform."""

    code = "tenancy.closed"
    status = 410
    title = "This academy or library is no longer here"
    action = "Ask its owner where it has gone."


_TEAM = (Door.STAFF_PAGES, Door.STAFF_API)
_PUPILS = (Door.STUDENT_PORTAL, Door.STUDENT_API)


def _row(usual: Answer, **but: Answer) -> Mapping[Door, Answer]:
    return MappingProxyType({door: but.get(door.name.lower(), usual) for door in Door})


_OPEN = _row(Answer.OPEN)
ANSWERS: Mapping[str, Mapping[Door, Answer]] = MappingProxyType(
    {
        "requested": _row(Answer.NOT_READY),
        # The owner's invitation is a job.
        "provisioning": _row(Answer.NOT_READY, jobs=Answer.OPEN),
        "trial": _OPEN,
        "active": _OPEN,
        "past_due": _OPEN,
        "suspended": _row(Answer.SUSPENDED, webhooks=Answer.OPEN, exports=Answer.OPEN, platform_bill=Answer.OPEN),
        "offboarding": _row(Answer.READ_ONLY, webhooks=Answer.OPEN, exports=Answer.OPEN),
        "deleted": _row(Answer.CLOSED),
    }
)
ALIVE_STATES = frozenset(state for state, row in ANSWERS.items() if row[Door.STAFF_PAGES] is Answer.OPEN)
UNMADE_STATES = frozenset(state for state, row in ANSWERS.items() if row[Door.STAFF_PAGES] is Answer.NOT_READY)

_REFUSALS: Mapping[Answer, type[DomainError]] = {
    Answer.READ_ONLY: ReadOnly,
    Answer.SUSPENDED: Suspended,
    Answer.NOT_READY: NotReady,
    Answer.CLOSED: Closed,
}
# Of each state, why no request at all is served in it, if none is; every request looks here.
_NOBODY: Mapping[str, type[DomainError] | None] = {
    state: _REFUSALS[row[Door.STAFF_PAGES]] if row[Door.STAFF_PAGES] in {Answer.NOT_READY, Answer.CLOSED} else None
    for state, row in ANSWERS.items()
}
# How a socket is closed: after COME_AGAIN its page does, after 4403 it does not. Readers of a place that leaves stay.
COME_AGAIN = 1013
_CLOSES: Mapping[Answer, int] = {Answer.NOT_READY: COME_AGAIN, Answer.SUSPENDED: 4403, Answer.CLOSED: 4403}


def refusal(state: str, door: Door, *, writes: bool = True) -> DomainError | None:
    """Why a door does not serve in this state, or None when it does; what only reads passes where it is read only."""
    answer = ANSWERS[state][door]
    if answer is Answer.OPEN or (answer is Answer.READ_ONLY and not writes):
        return None
    return _REFUSALS[answer]()


def nobody_is_served(state: str) -> DomainError | None:
    """Why no request at all is served in this state, not even one for what is open to all, or None."""
    refused = _NOBODY[state]
    return refused() if refused else None


def closes(state: str) -> int | None:
    """The code sockets are closed with in this state, or None where they stay open."""
    return _CLOSES.get(ANSWERS[state][Door.SOCKETS])


def runs_job(state: str, *, when_suspended: bool, when_read_only: bool) -> bool:
    """Whether a job of a handler that says so of itself runs now; the others wait."""
    answer = ANSWERS[state][Door.JOBS]
    if answer is Answer.READ_ONLY:
        return when_suspended or when_read_only
    return answer is Answer.OPEN or (answer is Answer.SUSPENDED and when_suspended)


def door_of_caller(*, is_api: bool, is_staff: bool) -> Door:
    """The door somebody comes by who uses none that is named by itself."""
    return (_TEAM if is_staff else _PUPILS)[is_api]


_WORDS: Mapping[Door, Mapping[Answer, str]] = {
    Door.SOCKETS: {
        Answer.OPEN: "open",
        Answer.READ_ONLY: "stay open to follow; what is said is refused `tenancy.read_only`",
        Answer.SUSPENDED: "closed 4403, live ones too",
        Answer.NOT_READY: "closed 1013",
        Answer.CLOSED: "closed 4403, live ones too",
    },
    Door.JOBS: {
        Answer.OPEN: "run",
        Answer.READ_ONLY: "those that book money under way, callbacks, exports, codes to sign in; others wait",
        Answer.SUSPENDED: "those that book money under way, callbacks, exports; others wait",
        Answer.NOT_READY: "wait",
        Answer.CLOSED: "wait, and go with the schema",
    },
    Door.WEBHOOKS: {
        Answer.OPEN: "stored and worked on",
        Answer.NOT_READY: "503 `tenancy.not_ready`",
        Answer.CLOSED: "410 `tenancy.closed`",
    },
}
_SAID: Mapping[Answer, str] = {
    Answer.OPEN: "open",
    Answer.READ_ONLY: "reads pass; writes 403 `tenancy.read_only`",
    **{
        answer: f"{_REFUSALS[answer].status} `{_REFUSALS[answer].code}`"
        for answer in (Answer.SUSPENDED, Answer.NOT_READY, Answer.CLOSED)
    },
}
_HEAD = """# States and doors

Written by `manage.py states_table` from `platform/kernel/tenancy/states.py`; a test compares this page with it and tries
every cell through the real door.

"""
_FOOT = """
- A host nobody has answers 404 `tenancy.host_unknown`. `503` comes with `Retry-After`.
- **Whatever the state of a made tenant**, people sign in, out and choose a password, phones find the portal's icon and
  colours, and payers see what became of money that is under way: views and handlers marked `when_suspended`. Where it
  is read only, so are those marked `when_read_only`: codes to sign in, choosing a profile, ending a device.
- **Exports** are lists asked for with `?format=csv` and the pages made for export, for staff whose role allows it; to
  anybody else they are what the caller's own door is.
- **A tenant's bundle** is the operator's to hand out in every state, by links to its sealed parts (`tenants.change`), until
  what the tenant left is erased.
- **The platform's bill** is what a business pays the operator: its plan is shown and credits are bought, by the operator's
  own gateway, by who may (`credits.purchase`). A business that leaves buys no more.
- **Past due** works as before; who can pay the platform reads a banner on every page.
- **Offboarding**: no new bookings, no new payments; what a gateway says of a payment made before is still booked.
- **Deleted** is also a tenant that was turned down before it opened: its addresses are nobody's (404), and the next one
  that asks for them has them.
- **Webhooks** of a deleted tenant are told 410 so that vendors stop.
- A tenant whose schema is behind the code answers 503 `tenancy.behind`, alone, until its migrations are done; its jobs
  wait, its sockets close with 1013, and callbacks that cannot be judged meanwhile are asked to come again.
"""


def page() -> str:
    """docs/states.md."""
    lines = [f"| state | {' | '.join(Door)} |", f"|---|{'---|' * len(Door)}"]
    for state, row in ANSWERS.items():
        cells = (_WORDS.get(door, _SAID).get(answer, _SAID[answer]) for door, answer in row.items())
        lines.append(f"| `{state}` | {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + "\n" + _FOOT
