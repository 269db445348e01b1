"""Parts of a bundle in object storage: written through a file of this machine, read back by way of one.

Neither is ever held in memory, and neither is done inside a transaction: a part is sealed into a temporary file while
the database's moment is open, and travels after it is closed. What lies on the disk meanwhile is ciphertext.
"""

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from connectors.storage.port import ObjectMissing
from shared_apps.console.bundles.sealed import Name, SealedReader, SealingWriter
from shared_apps.console.errors import BundleBroken
from shared_apps.console.models import BundleExport
from shared_apps.files.services import storage

DATA, MANIFEST = "data", "manifest"
TYPE = "application/octet-stream"
IN_ONE = 256 * 1024
Part = dict[str, Any]


@contextmanager
def part_writing(bundle: BundleExport, name: str) -> Iterator[tuple[BinaryIO, Callable[[], Part]]]:
    """A stream to write a part into, and what to call once it is written: it stores the part and says what it is."""
    with tempfile.TemporaryFile() as file:
        writer = SealingWriter(cast(BinaryIO, file), _name(bundle, name))

        def store() -> Part:
            writer.close()
            file.seek(0)
            storage().put(f"{bundle.key}/{name}", cast(BinaryIO, file), content_type=TYPE)
            return {"name": name, "bytes": writer.size, "sha256": writer.digest.hexdigest()}

        yield cast(BinaryIO, writer), store


@contextmanager
def part_reading(bundle: BundleExport, part: Part) -> Iterator[BinaryIO]:
    """A part's plain bytes, to be sought in. Raises BundleBroken when it is not what was stored."""
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        try:
            with storage().read(f"{bundle.key}/{part['name']}") as pieces:
                for piece in pieces:
                    digest.update(piece)
                    file.write(piece)
        except ObjectMissing as error:
            raise BundleBroken(part=part["name"], why="missing") from error
        if digest.hexdigest() != part["sha256"]:
            raise BundleBroken(part=part["name"], why="altered")
        yield cast(BinaryIO, io.BufferedReader(SealedReader(cast(BinaryIO, file), _name(bundle, part["name"])), IN_ONE))


@contextmanager
def archive_reading(bundle: BundleExport, part: Part) -> Iterator[zipfile.ZipFile]:
    with part_reading(bundle, part) as source, zipfile.ZipFile(source) as archive:
        yield archive


def part_of(bundle: BundleExport, name: str) -> Part:
    """What the row says of one part. Raises BundleBroken."""
    found = next((part for part in bundle.parts if part["name"] == name), None)
    if found is None:
        raise BundleBroken(part=name, why="missing")
    return cast(Part, found)


def member_read(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(archive.read(name))


@contextmanager
def member_writing(archive: zipfile.ZipFile, name: str, *, note: str = "") -> Iterator[Callable[[bytes], object]]:
    """Write one member of unknown length; `note` is kept beside its name."""
    # A fixed moment: equal content makes equal members.
    info = zipfile.ZipInfo(name)
    info.compress_type, info.comment = archive.compression, note.encode()
    with archive.open(info, "w", force_zip64=True) as member:
        yield member.write


def _name(bundle: BundleExport, part: str) -> Name:
    return Name(tenant=bundle.tenant.public_id, bundle=str(bundle.id), part=part)
