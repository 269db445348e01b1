"""The port to object storage: bytes under a key, and links that let a browser read or write just one of them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class StorageError(Exception):
    """Base of every failure of the storage."""


class ObjectMissing(StorageError):
    """There is nothing under this key."""


class StorageUnavailable(StorageError):
    """The storage did not answer, or answered with an error of its own; writing again under the same key is safe."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies under a key: its size in bytes and its content type."""

    key: str
    size: int
    content_type: str


class Storage(Protocol):
    def put(self, key: str, body: BinaryIO, *, content_type: str) -> Stored:
        """Stream `body` to `key`, in parts when it is large; memory does not grow with it."""
        ...

    def read(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes under a key in pieces. Raises ObjectMissing."""
        ...

    def head(self, key: str) -> Stored:
        """What lies under a key. Raises ObjectMissing."""
        ...

    def remove(self, key: str) -> None:
        """Nothing lies under the key afterwards."""
        ...

    def remove_below(self, prefix: str) -> int:
        """Remove every object whose key begins with `prefix`; gives how many there were. Raises StorageUnavailable."""
        ...

    def link_get(self, key: str, *, seconds: int, name: str) -> str:
        """An address that reads this key for so long, saved under `name`."""
        ...

    def link_put(self, key: str, *, seconds: int, content_type: str, size: int) -> str:
        """An address that writes this key once signed: this content type and exactly this many bytes."""
        ...
