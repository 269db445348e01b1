"""Every callback from outside: verified over its raw bytes, stored durably, acknowledged, then worked on as a job.

An app registers a `source`; its handler is an ordinary job handler with one argument, `callback`, an id it `read`s in
the business's scope and `finish`es in the transaction of the effect.
"""

from kernel.inbox.errors import CallbackUnknown
from kernel.inbox.services import Callback, clear, finish, read
from kernel.inbox.sources import Source, Verdict, accepted, refused, source

__all__ = [
    "Callback",
    "CallbackUnknown",
    "Source",
    "Verdict",
    "accepted",
    "clear",
    "finish",
    "read",
    "refused",
    "source",
]
