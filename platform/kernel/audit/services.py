"""Adding to the audit."""

from typing import Any

from kernel import clock
from kernel.audit.models import Entry
from kernel.http.actor import NOBODY, Actor
from kernel.observe import context, scrub


def entry_record(
    *, action: str, subject_type: str, subject_id: str, changes: dict[str, list[Any]], actor: Actor | None = None
) -> Entry:
    """One entry in the current schema, in the caller's transaction."""
    who = actor or context.actor.get() or NOBODY
    return Entry.objects.create(
        at=clock.now(),
        actor_kind="support" if who.support else who.kind,
        actor_id=who.support.admin if who.support else who.user_id,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        changes={field: _shown(field, pair) for field, pair in changes.items()},
        request_id=context.request_id.get(),
        address=context.client_ip.get(),
    )


def _shown(field: str, pair: list[Any]) -> list[Any]:
    """Old and new as JSON values; what is secret by its name is hidden, what changed stays visible."""
    if scrub.is_secret(field):
        return [scrub.HIDDEN if value else value for value in pair]
    return [value if isinstance(value, str | int | float | bool | list | dict | None) else str(value) for value in pair]
