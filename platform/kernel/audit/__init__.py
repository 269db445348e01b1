"""Who did what to which thing, in the same transaction as the deed, and never changed afterwards."""

from typing import Any

from kernel.http.actor import Actor


def record(
    *,
    action: str,
    subject_type: str,
    subject_id: object,
    changes: dict[str, list[Any]] | None = None,
    actor: Actor | None = None,
) -> None:
    """Write one entry into the current business's audit, in the caller's transaction.

    `changes` maps a field to `[old, new]`; values named like secrets are hidden. The actor is the present caller
    unless given; the request id and address come from the context.
    """
    from kernel.audit.services import entry_record

    entry_record(
        action=action, subject_type=subject_type, subject_id=str(subject_id), changes=changes or {}, actor=actor
    )
