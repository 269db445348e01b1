"""S3 and what speaks like it, by boto3 with signature version 4 and bounded time, memory and retries."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connectors.storage.port import ObjectMissing, StorageUnavailable, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import DeleteTypeDef

_PART_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 256 * 1024
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
# Two parts of 8 MiB under way at most: an upload holds about 32 MiB whatever its size.
_TRANSFER = TransferConfig(
    multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=2, max_io_queue=4
)
# Of a stream that cannot be sought, boto3 would otherwise keep ten parts in memory; it has no argument for this.
_TRANSFER.max_in_memory_upload_chunks = 2
LONGEST_LINK = 7 * 24 * 3600


@dataclass(frozen=True)
class S3:
    """One bucket. `public_url` is the address browsers reach it at; links are signed for that host."""

    endpoint_url: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    public_url: str = ""

    def put(self, key: str, body: BinaryIO, *, content_type: str) -> Stored:
        """Stream `body` to `key`; above 8 MiB in parts, and a broken upload leaves no object. Closes nothing."""
        counted = _Counted(body)
        with _failures(key):
            self._client.upload_fileobj(
                cast(IO[Any], counted), self.bucket, key, ExtraArgs={"ContentType": content_type}, Config=_TRANSFER
            )
        return Stored(key, counted.size, content_type)

    @contextmanager
    def read(self, key: str) -> Iterator[Iterator[bytes]]:
        """The bytes under a key in pieces of 256 KiB. Raises ObjectMissing, StorageUnavailable."""
        with _failures(key):
            stream = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
        try:
            yield _pieces(stream.iter_chunks(_PIECE_BYTES), key)
        finally:
            stream.close()

    def reach(self) -> None:
        """Ask whether the bucket is there. Raises StorageUnavailable, ObjectMissing."""
        with _failures(self.bucket):
            self._client.head_bucket(Bucket=self.bucket)

    def head(self, key: str) -> Stored:
        """Size and content type. Raises ObjectMissing, StorageUnavailable."""
        with _failures(key):
            found = self._client.head_object(Bucket=self.bucket, Key=key)
        return Stored(key, found["ContentLength"], found.get("ContentType", ""))

    def remove(self, key: str) -> None:
        """Nothing lies under the key afterwards; removing nothing is no error."""
        with _failures(key):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def remove_below(self, prefix: str) -> int:
        """Nothing lies under keys that begin with `prefix` afterwards; gives how many were removed, a thousand at a time.

        Raises StorageUnavailable with the code of the first that could not be; repeating goes on.
        """
        removed = 0
        with _failures(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                if not (keys := [found["Key"] for found in page.get("Contents", [])]):
                    continue
                wanted: DeleteTypeDef = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
                # Said with 200 as well.
                for refused in self._client.delete_objects(Bucket=self.bucket, Delete=wanted).get("Errors", []):
                    raise StorageUnavailable(refused.get("Code", ""))
                removed += len(keys)
        return removed

    def link_get(self, key: str, *, seconds: int, name: str) -> str:
        """A signed address that reads this key, offered for saving as `name` (never shown in the page's own origin)."""
        plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\' else "_" for char in name)
        disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
        return self._public.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.bucket, "Key": key, "ResponseContentDisposition": disposition},
            ExpiresIn=_lifetime(seconds),
        )

    def link_put(self, key: str, *, seconds: int, content_type: str, size: int) -> str:
        """A signed address that writes this key. Type and length are signed: other bytes than announced are refused."""
        return self._public.generate_presigned_url(
            "put_object",
            Params={"Bucket": self.bucket, "Key": key, "ContentType": content_type, "ContentLength": size},
            ExpiresIn=_lifetime(seconds),
        )

    def bucket_ensure(self, *, origins: tuple[str, ...] = ()) -> None:
        """Make the bucket when it is not there, and let pages of `origins` write to it."""
        with _failures(self.bucket):
            try:
                self._client.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in {*_MISSING, "NoSuchBucket"}:
                    raise
                self._client.create_bucket(Bucket=self.bucket)
            if origins:
                self._client.put_bucket_cors(
                    Bucket=self.bucket,
                    CORSConfiguration={
                        "CORSRules": [
                            {
                                "AllowedOrigins": list(origins),
                                "AllowedMethods": ["GET", "PUT"],
                                "AllowedHeaders": ["content-type"],
                                "ExposeHeaders": ["ETag"],
                            }
                        ]
                    },
                )

    @cached_property
    def _client(self) -> "S3Client":
        return self._connect(self.endpoint_url)

    @cached_property
    def _public(self) -> "S3Client":
        # The host is part of what is signed, so links need a client that believes it is at the public address.
        return self._connect(self.public_url or self.endpoint_url)

    def _connect(self, endpoint: str) -> "S3Client":
        # A session of its own: boto3's default one is not safe to make clients from in several threads.
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=3.05,
                read_timeout=20,
                retries={"mode": "standard", "max_attempts": 2},
                s3={"addressing_style": "path"},
                # Checksums of newer boto3 that several S3 servers do not take.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                proxies={},
            ),
        )


class _Counted:
    """Counts what passes, and keeps boto3 from closing a file that is not its own."""

    def __init__(self, body: BinaryIO) -> None:
        self._body, self.size = body, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._body.read(size)
        self.size += len(piece)
        return piece


def _pieces(pieces: Iterator[bytes], key: str) -> Iterator[bytes]:
    with _failures(key):
        yield from pieces


def _lifetime(seconds: int) -> int:
    if not 0 < seconds <= LONGEST_LINK:
        raise ValueError("a link lives between a second and seven days")
    return seconds


@contextmanager
def _failures(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _MISSING:
            raise ObjectMissing(key) from error
        raise StorageUnavailable(code) from error
    except BotoCoreError as error:
        raise StorageUnavailable(type(error).__name__) from error
