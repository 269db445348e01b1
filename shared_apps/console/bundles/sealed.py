"""Sealing a bundle's parts as they stream: AES-256-GCM in pieces of 64 KiB, bound to the tenant, the bundle and the part.

A part is a line of JSON (its header: version, key id, tenant, bundle, name, salt) and then pieces, each ciphertext and
tag. Its key is HKDF-SHA256 of the installation's sealing key over the salt and those names, so a part copied to another
tenant, bundle or place does not open. A piece's nonce is its number and whether it is the last (the STREAM construction
of Hoang, Reyhanitabar, Rogaway and Vizár, 2015), so pieces cannot be left out, moved or cut off. Pieces are opened
one by one, wherever a reader goes: what is opened never lies on disk.
"""

import base64
import hashlib
import io
import json
import os
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from kernel.sealing import SealBroken

PIECE = 64 * 1024
_TAG = 16
_HEADER_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Name:
    """What a part is bound to: the tenant's public id, the bundle's id, the part's name."""

    tenant: str
    bundle: str
    part: str


def header_of(source: BinaryIO) -> dict[str, str]:
    """What a sealed part says of itself; true only once it opens under it. Raises ValueError."""
    source.seek(0)
    facts = json.loads(source.readline(_HEADER_LONGEST))
    if not isinstance(facts, dict):
        raise ValueError("no header")
    return {str(name): str(value) for name, value in facts.items()}


class SealingWriter(io.RawIOBase):
    """Writes what it is given, sealed, to `out`. `close` ends the part; without it, it does not open."""

    def __init__(self, out: BinaryIO, name: Name) -> None:
        self.digest, self.size = hashlib.sha256(), 0
        self._out, self._buffer, self._number = out, bytearray(), 0
        key_id = next(iter(settings.SEALING_KEYS))
        salt = os.urandom(32)
        facts = {"v": 1, "key": key_id, "tenant": name.tenant, "bundle": name.bundle, "part": name.part}
        header = json.dumps({**facts, "salt": base64.b64encode(salt).decode()}).encode() + b"\n"
        self._cipher, self._header = AESGCM(_key(key_id, salt, name)), header
        self._put(header)

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._buffer += data
        # The last piece is held back: only `close` knows that it is the last.
        while len(self._buffer) > PIECE:
            self._seal(bytes(self._buffer[:PIECE]), last=False)
            del self._buffer[:PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._buffer), last=True)
            self._out.flush()
        super().close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._number, last=last), piece, self._header))
        self._number += 1

    def _put(self, data: bytes) -> None:
        self.digest.update(data)
        self.size += len(data)
        self._out.write(data)


class SealedReader(io.RawIOBase):
    """Reads a sealed part from a file that can be sought. Raises SealBroken."""

    def __init__(self, source: BinaryIO, name: Name) -> None:
        self._source = source
        source.seek(0)
        self._header = source.readline(_HEADER_LONGEST)
        try:
            facts = json.loads(self._header)
            cipher = AESGCM(_key(facts["key"], base64.b64decode(facts["salt"]), name))
        except (ValueError, KeyError, TypeError) as error:
            raise SealBroken("no header, or its key is gone") from error
        self._cipher, self._at, self._known = cipher, 0, (-1, b"")
        stored = source.seek(0, io.SEEK_END) - len(self._header)
        self._pieces = max(1, -(-stored // (PIECE + _TAG)))
        self._size = stored - self._pieces * _TAG
        # A part that was cut off is refused at once, not where its end is reached.
        self._piece(self._pieces - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, PIECE)
        piece = self._piece(number)[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _piece(self, number: int) -> bytes:
        if self._known[0] != number:
            self._source.seek(len(self._header) + number * (PIECE + _TAG))
            sealed = self._source.read(PIECE + _TAG)
            try:
                nonce = _nonce(number, last=number == self._pieces - 1)
                self._known = number, self._cipher.decrypt(nonce, sealed, self._header)
            except InvalidTag as error:
                raise SealBroken("of another tenant, bundle or part, or altered") from error
        return self._known[1]


def _key(key_id: str, salt: bytes, name: Name) -> bytes:
    master = base64.b64decode(settings.SEALING_KEYS[key_id])
    bound = json.dumps(["bundle", name.tenant, name.bundle, name.part]).encode()
    return HKDF(SHA256(), 32, salt, bound).derive(master)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
