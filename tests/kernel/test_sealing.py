"""Sealed secrets open only in the business and field they were sealed for, unaltered, with their key still there."""

import base64
import os
from typing import Any

import pytest

from kernel.sealing import SealBroken, seal, unseal
from kernel.tenancy import Business, ScopeMissing, platform_scope, tenant_scope

FIELD = "payments.key_secret"


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.mark.parametrize("text", ["", "secret", "गुप्त ₹", "s" * 10_000])
def test_what_is_sealed_opens(academy: Business, text: str) -> None:
    with tenant_scope(academy):
        sealed = seal(text, context=FIELD)
        assert unseal(sealed, context=FIELD) == text
        assert not text or text not in sealed


def test_no_two_seals_are_alike(academy: Business) -> None:
    with tenant_scope(academy):
        assert len({seal("same", context=FIELD) for _ in range(200)}) == 200


def test_a_seal_moved_to_another_business_does_not_open(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        sealed = seal("secret", context=FIELD)
    for elsewhere in (tenant_scope(other_academy), platform_scope()):
        with elsewhere, pytest.raises(SealBroken, match="another business or field"):
            unseal(sealed, context=FIELD)
    with tenant_scope(academy):
        assert unseal(sealed, context=FIELD) == "secret"


def test_a_seal_moved_to_another_field_does_not_open(academy: Business) -> None:
    with tenant_scope(academy), pytest.raises(SealBroken):
        unseal(seal("secret", context=FIELD), context="payments.webhook_secret")


def test_a_seal_altered_anywhere_does_not_open(academy: Business) -> None:
    with tenant_scope(academy):
        name, _, body = seal("secret", context=FIELD).partition(".")
        raw = base64.urlsafe_b64decode(body)
        for place in range(len(raw)):
            altered = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
            with pytest.raises(SealBroken):
                unseal(f"{name}.{base64.urlsafe_b64encode(altered).decode()}", context=FIELD)


@pytest.mark.parametrize("text", ["", "secret", "dev", "dev.", "dev.%%%", "dev.AA", "gone.AAAA", "dev." + "A" * 64])
def test_what_was_never_sealed_does_not_open(academy: Business, text: str) -> None:
    with tenant_scope(academy), pytest.raises(SealBroken):
        unseal(text, context=FIELD)


def test_a_new_key_seals_and_the_old_still_opens(academy: Business, settings: Any) -> None:
    old, new = key(), key()
    with tenant_scope(academy):
        settings.SEALING_KEYS = {"k1": old}
        before = seal("secret", context=FIELD)
        settings.SEALING_KEYS = {"k2": new, "k1": old}
        after = seal("secret", context=FIELD)
        assert (before.partition(".")[0], after.partition(".")[0]) == ("k1", "k2")
        assert unseal(before, context=FIELD) == unseal(after, context=FIELD) == "secret"
        settings.SEALING_KEYS = {"k2": new}
        with pytest.raises(SealBroken, match="no key 'k1'"):
            unseal(before, context=FIELD)
        settings.SEALING_KEYS = {"k1": key()}
        with pytest.raises(SealBroken):
            unseal(before, context=FIELD)


def test_outside_a_scope_nothing_is_sealed() -> None:
    with pytest.raises(ScopeMissing):
        seal("secret", context=FIELD)
