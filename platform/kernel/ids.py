"""Identifiers: time-ordered keys for rows and short public names for businesses."""

import secrets
from uuid import UUID

import uuid6

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALPHABET = _LETTERS + "234567"
PUBLIC_ID_LENGTH = 12


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562): keys sort by the moment they were made, so B-trees grow at one end."""
    return UUID(int=uuid6.uuid7().int)


def public_id() -> str:
    """A business's permanent public name: 12 characters `a-z2-7`, the first a letter, so it is a valid DNS label.

    Every id sent to a third party begins with it, and it names the permanent host; it is never released.
    """
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_ALPHABET) for _ in range(PUBLIC_ID_LENGTH - 1))
