"""Writes and links of files. The bytes travel outside any transaction: announced, carried, then marked as stored."""

import mimetypes
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from connectors.storage.port import ObjectMissing, StorageError, StorageUnavailable
from connectors.storage.s3 import S3
from kernel import clock
from kernel.ids import uuid7
from kernel.tenancy import current

from .errors import FileDiffers, FileMissing, FileNotAllowed, StorageAway
from .models import File

LINK_SECONDS = 300
ANSWER_SECONDS = 1.5
UPLOAD_SECONDS = 900
UPLOAD_BYTES = 100 * 1024 * 1024
# What people may upload. Types a browser would run are not among them.
UPLOAD_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "application/pdf",
        "text/csv",
        "text/plain",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)


# Two who ask at once; a storage that hangs holds these and nobody's page.
_asking = ThreadPoolExecutor(max_workers=2, thread_name_prefix="storage")


@lru_cache(maxsize=1)
def storage() -> S3:
    """The installation's object storage; one client for all threads."""
    return S3(**settings.S3)


def storage_state() -> str:
    """`ok`, `unreachable`, or `slow` when it has not answered in a second and a half; `off` where none is set up."""
    if not settings.S3["endpoint_url"]:
        return "off"
    asking = _asking.submit(storage().reach)
    try:
        asking.result(timeout=ANSWER_SECONDS)
    except TimeoutError:
        return "slow"
    except StorageError:
        return "unreachable"
    return "ok"


def put(
    *,
    name: str,
    body: BinaryIO,
    content_type: str = "",
    permission: str = "",
    owner: UUID | None = None,
) -> File:
    """Keep a stream as a file of the current business, read by `owner` and by holders of `permission`.

    Its bytes go over the network, so it is refused inside a transaction (RuntimeError). Raises StorageAway; the row
    then stays pending and is read by nobody.
    """
    _outside_transactions()
    content_type = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = _announce(name=name, content_type=content_type, size=0, permission=permission, owner=owner)
    with _reaching():
        stored = storage().put(file.key, body, content_type=content_type)
    return _mark(file, size=stored.size)


def upload_announce(*, name: str, content_type: str, size: int, owner: UUID | None, permission: str = "") -> File:
    """Take note of a file a browser will upload by itself to `upload_link`. `size` in bytes. Raises FileNotAllowed."""
    if content_type not in UPLOAD_TYPES:
        raise FileNotAllowed("That type of file is not taken.", field="content_type")
    if not 0 < size <= UPLOAD_BYTES:
        raise FileNotAllowed("A file has between 1 byte and 100 MB.", field="size")
    return _announce(name=name, content_type=content_type, size=size, permission=permission, owner=owner)


def upload_link(*, file: File) -> str:
    """The address to PUT a pending file to, for 15 minutes, with its announced type and length."""
    return storage().link_put(_own(file.key), seconds=UPLOAD_SECONDS, content_type=file.content_type, size=file.size)


def upload_complete(*, file: File) -> File:
    """Mark an announced file as stored once its bytes are there. Raises FileMissing, FileDiffers, StorageAway."""
    _outside_transactions()
    if file.state == File.State.STORED:
        return file
    with _reaching():
        found = storage().head(_own(file.key))
    if (found.size, found.content_type) != (file.size, file.content_type):
        with _reaching():
            storage().remove(file.key)
        raise FileDiffers(announced=file.size, found=found.size)
    return _mark(file, size=found.size)


def file_link(file_id: UUID, *, seconds: int = LINK_SECONDS) -> str:
    """A signed address that reads a stored file of the current business for so long. Raises FileMissing."""
    return link_of(file=_stored(file_id), seconds=seconds)


def link_of(*, file: File, seconds: int = LINK_SECONDS) -> str:
    """`file_link` of a row at hand. Raises FileMissing for one that is pending or of another business."""
    if file.state != File.State.STORED:
        raise FileMissing
    return storage().link_get(_own(file.key), seconds=seconds, name=file.name)


@contextmanager
def file_open(file_id: UUID) -> Iterator[Iterator[bytes]]:
    """A stored file's bytes in pieces. Refused inside a transaction. Raises FileMissing, StorageAway."""
    _outside_transactions()
    key = _own(_stored(file_id).key)
    with _reaching(), storage().read(key) as pieces:
        yield pieces


def file_remove(*, file_id: UUID) -> None:
    """Remove a file's bytes, then its row. Removing what is not there is no error. Raises StorageAway."""
    _outside_transactions()
    file = File.objects.filter(id=file_id).first()
    if file is None:
        return
    with _reaching():
        storage().remove(_own(file.key))
    File.objects.filter(id=file_id).delete()


def business_erase(*, schema: str) -> int:
    """Remove the bytes of every file of a business that has left; gives how many there were. Its rows go with its schema.

    Outside transactions. Repeating is no error. Raises StorageAway.
    """
    _outside_transactions()
    with _reaching():
        return storage().remove_below(f"tenants/{schema}/")


def _announce(*, name: str, content_type: str, size: int, permission: str, owner: UUID | None) -> File:
    number = uuid7()
    file = File(
        id=number,
        key=f"tenants/{current().schema}/{number}/{_plain(name)}",
        name=name[:200],
        content_type=content_type,
        size=size,
        permission=permission,
        owner=owner,
        created_at=clock.now(),
    )
    file.save(force_insert=True)
    return file


def _mark(file: File, *, size: int) -> File:
    with transaction.atomic():
        file = File.objects.select_for_update().get(id=file.id)
        if file.state == File.State.PENDING:
            file.state, file.size, file.stored_at = File.State.STORED, size, clock.now()
            file.save(update_fields=["state", "size", "stored_at"])
    return file


def _stored(file_id: UUID) -> File:
    file = File.objects.filter(id=file_id, state=File.State.STORED).first()
    if file is None:
        raise FileMissing
    return file


def _own(key: str) -> str:
    """The key, if it lies in the current business's part of the bucket: a row copied from elsewhere opens nothing."""
    if not key.startswith(f"tenants/{current().schema}/"):
        raise FileMissing
    return key


def _plain(name: str) -> str:
    """A name that is the same in a key, an address and a header; the real one is kept in the row."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")
    return plain[-100:] or "file"


def _outside_transactions() -> None:
    if connection.in_atomic_block:
        raise RuntimeError("files are carried outside transactions")


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except ObjectMissing as error:
        raise FileMissing from error
    except StorageUnavailable as error:
        raise StorageAway from error
