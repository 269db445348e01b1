"""A bundle's parts open for whom they were sealed, whole and unaltered, and for nobody else."""

import io
import os

import pytest

from kernel.sealing import SealBroken
from shared_apps.console.bundles.sealed import PIECE, Name, SealedReader, SealingWriter

NAME = Name(tenant="abc234def567", bundle="b1", part="data")
SEALED_PIECE = PIECE + 16


def sealed(body: bytes, name: Name = NAME) -> bytes:
    out = io.BytesIO()
    writer = SealingWriter(out, name)
    for start in range(0, len(body), 50_000):
        writer.write(body[start : start + 50_000])
    writer.close()
    assert len(out.getvalue()) == writer.size
    return out.getvalue()


def opened(stored: bytes, name: Name = NAME) -> bytes:
    return io.BufferedReader(SealedReader(io.BytesIO(stored), name)).read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 17])
def test_what_was_sealed_is_read_from_anywhere(size: int) -> None:
    body = os.urandom(size)
    stored = sealed(body)
    assert opened(stored) == body
    assert sealed(body) != stored
    reader = io.BufferedReader(SealedReader(io.BytesIO(stored), NAME))
    for at in (size // 2, size, 0):
        assert reader.seek(at) == at
        assert reader.read(100) == body[at : at + 100]
    assert reader.seek(0, io.SEEK_END) == size


@pytest.mark.parametrize(
    "other", [Name("x" * 12, "b1", "data"), Name(NAME.tenant, "b2", "data"), Name(NAME.tenant, "b1", "f")]
)
def test_it_is_bound_to_tenant_bundle_and_part(other: Name) -> None:
    with pytest.raises(SealBroken):
        opened(sealed(b"rows"), other)


def test_no_piece_can_be_changed_left_out_moved_or_cut_off(settings: object) -> None:
    stored = sealed(os.urandom(3 * PIECE + 17))
    head = stored.index(b"\n") + 1
    pieces = [stored[at : at + SEALED_PIECE] for at in range(head, len(stored), SEALED_PIECE)]
    assert len(pieces) == 4
    for broken in (
        [pieces[0], pieces[1], pieces[2]],
        [pieces[0], pieces[2], pieces[1], pieces[3]],
        [pieces[0], pieces[1], pieces[3]],
        [pieces[0][:-1] + bytes([pieces[0][-1] ^ 1]), *pieces[1:]],
        [*pieces[:3], pieces[3][:-1]],
        [],
    ):
        with pytest.raises(SealBroken):
            opened(stored[:head] + b"".join(broken))
    for header in (b"", b"{}\n", stored[:head].replace(b'"v": 1', b'"v": 2')):
        with pytest.raises(SealBroken):
            opened(header + stored[head:])


def test_parts_of_a_retired_key_open_while_it_is_kept(settings: object) -> None:
    stored, keys = sealed(b"rows"), dict(settings.SEALING_KEYS)  # type: ignore[attr-defined]
    settings.SEALING_KEYS = {"new": next(iter(keys.values())), **keys}  # type: ignore[attr-defined]
    assert opened(stored) == b"rows"
    assert b'"key": "new"' in sealed(b"rows")
    settings.SEALING_KEYS = {"new": next(iter(keys.values()))}  # type: ignore[attr-defined]
    with pytest.raises(SealBroken):
        opened(stored)
