"""Secrets at rest: AES-256-GCM, bound to the business and field they belong to, with rotating keys."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12


class SealBroken(Exception):
    """The sealed text was changed, moved to another business or field, or its key is gone."""


def _keys() -> dict[str, bytes]:
    return {name: base64.b64decode(key) for name, key in settings.SEALING_KEYS.items()}


def _bound_to(context: str) -> bytes:
    from kernel.tenancy import current

    return f"{current().public_id}:{context}".encode()


def seal(text: str, *, context: str) -> str:
    """Encrypt `text` for the current business. `context` names the field ("payments.key_secret").

    Gives `<key id>.<base64 of nonce + ciphertext>`; a copy in another business or field does not open.
    """
    keys = _keys()
    name = next(iter(keys))
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(keys[name]).encrypt(nonce, text.encode(), _bound_to(context))
    return f"{name}.{base64.urlsafe_b64encode(nonce + cipher).decode()}"


def unseal(sealed: str, *, context: str) -> str:
    """The text that `seal` was given. Raises SealBroken."""
    name, _, body = sealed.partition(".")
    key = _keys().get(name)
    if key is None:
        raise SealBroken(f"no key {name!r}")
    try:
        raw = base64.urlsafe_b64decode(body)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound_to(context)).decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken("sealed for another business or field, or altered") from error
