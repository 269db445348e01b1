"""The one queue: durable rows in public that carry ids, written in the transaction that wants the work done.

After commit Celery is rung and carries the work out; a sweep finds what the ring missed. Redis holds nothing that
matters. Doors: `put`, `publish`, `handler`, `on`, `Cadence`, `Dead`, `wake`, `drain` (tests).
"""

from kernel.jobs.cadence import Cadence, tick
from kernel.jobs.claims import clear, wake
from kernel.jobs.errors import Dead, HandlerUnknown, JobsDied, LeaseLost
from kernel.jobs.events import Event, on, publish
from kernel.jobs.queue import BULK, HIGH, NORMAL, URGENT, put, put_for
from kernel.jobs.registry import Handler, handler
from kernel.jobs.runner import drain

__all__ = [
    "BULK",
    "HIGH",
    "NORMAL",
    "URGENT",
    "Cadence",
    "Dead",
    "Event",
    "Handler",
    "HandlerUnknown",
    "JobsDied",
    "LeaseLost",
    "clear",
    "drain",
    "handler",
    "on",
    "publish",
    "put",
    "put_for",
    "tick",
    "wake",
]
