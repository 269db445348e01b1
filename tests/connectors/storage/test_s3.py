"""Object storage on a real server: streams, links that cannot be bent, and failures told apart."""

import io
import json
import os
import tracemalloc
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest

from connectors.storage.port import ObjectMissing, StorageUnavailable
from connectors.storage.s3 import S3


def _server() -> dict[str, str]:
    if "S3_ENDPOINT_URL" in os.environ:
        return {name: os.environ[f"S3_{name.upper()}"] for name in ("endpoint_url", "access_key", "secret_key")}
    given = os.environ["TEST_SERVERS"]
    servers = json.loads(given if given.lstrip().startswith("{") else Path(given).read_text())
    return {name: servers["s3"][name] for name in ("endpoint_url", "access_key", "secret_key")}


@pytest.fixture(scope="module")
def s3() -> S3:
    storage = S3(**_server(), bucket=f"storage-{uuid4().hex[:12]}")
    storage.bucket_ensure()
    storage.bucket_ensure()  # again changes nothing
    return storage


class Endless:
    """A stream that cannot be sought and says it is `size` bytes long only by ending."""

    def __init__(self, size: int) -> None:
        self.left, self.closed = size, False

    def read(self, size: int = -1) -> bytes:
        taken = self.left if size < 0 else min(size, self.left)
        self.left -= taken
        return b"x" * taken

    def close(self) -> None:
        self.closed = True


def test_what_was_put_is_read(s3: S3) -> None:
    body = io.BytesIO("नमस्ते".encode())
    stored = s3.put("a/hello.txt", body, content_type="text/plain; charset=utf-8")
    assert (stored.size, stored.content_type) == (18, "text/plain; charset=utf-8")
    assert s3.head("a/hello.txt") == stored
    with s3.read("a/hello.txt") as pieces:
        assert b"".join(pieces).decode() == "नमस्ते"
    assert not body.closed


def test_a_large_stream_goes_in_parts_with_flat_memory(s3: S3) -> None:
    stream = Endless(96 * 1024 * 1024)
    tracemalloc.start()
    try:
        assert s3.put("big", stream, content_type="application/octet-stream").size == 96 * 1024 * 1024
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert s3.head("big").size == 96 * 1024 * 1024
    assert peak < 48 * 1024 * 1024
    assert not stream.closed


def test_a_stream_that_breaks_leaves_nothing(s3: S3) -> None:
    class Broken(Endless):
        def read(self, size: int = -1) -> bytes:
            if self.left < 12 * 1024 * 1024:
                raise OSError("the other side went away")
            return super().read(size)

    with pytest.raises(OSError, match="went away"):
        s3.put("broken", Broken(20 * 1024 * 1024), content_type="text/plain")
    with pytest.raises(ObjectMissing):
        s3.head("broken")


def test_nothing_under_a_key(s3: S3) -> None:
    with pytest.raises(ObjectMissing):
        s3.head("nowhere")
    with pytest.raises(ObjectMissing), s3.read("nowhere"):
        pass
    s3.remove("nowhere")
    s3.put("gone", io.BytesIO(b"x"), content_type="text/plain")
    s3.remove("gone")
    with pytest.raises(ObjectMissing):
        s3.head("gone")


def test_a_link_reads_one_key_and_saves_it_under_its_name(s3: S3) -> None:
    s3.put("b/1", io.BytesIO(b"mine"), content_type="text/html")
    answer = httpx.get(s3.link_get("b/1", seconds=60, name='शुल्क "1".html'))
    assert (answer.status_code, answer.content) == (200, b"mine")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "UTF-8''%E0%A4%B6" in answer.headers["content-disposition"]


def test_a_link_cannot_be_turned_to_another_key(s3: S3) -> None:
    s3.put("tenants/t_1/x/a.txt", io.BytesIO(b"asha"), content_type="text/plain")
    s3.put("tenants/t_2/x/a.txt", io.BytesIO(b"gyan"), content_type="text/plain")
    link = urlsplit(s3.link_get("tenants/t_1/x/a.txt", seconds=60, name="a.txt"))
    bent = urlunsplit(link._replace(path=link.path.replace("t_1", "t_2")))
    assert httpx.get(bent).status_code == 403
    assert httpx.get(urlunsplit(link._replace(query=""))).status_code == 403
    assert (
        httpx.get(
            urlunsplit(link._replace(query=link.query.replace("X-Amz-Expires=60", "X-Amz-Expires=600")))
        ).status_code
        == 403
    )
    assert httpx.delete(urlunsplit(link)).status_code == 403


def test_a_link_to_write_takes_just_what_was_announced(s3: S3) -> None:
    link = s3.link_put("up/1", seconds=60, content_type="image/png", size=4)
    assert httpx.put(link, content=b"1234", headers={"content-type": "text/html"}).status_code == 403
    assert httpx.put(link, content=b"12345", headers={"content-type": "image/png"}).status_code == 403
    with pytest.raises(ObjectMissing):
        s3.head("up/1")
    assert httpx.put(link, content=b"1234", headers={"content-type": "image/png"}).status_code == 200
    assert (s3.head("up/1").size, s3.head("up/1").content_type) == (4, "image/png")


def test_links_name_the_public_address_and_version_four(s3: S3) -> None:
    public = S3(**_server(), bucket=s3.bucket, public_url="https://files.shala.example")
    link = public.link_get("k", seconds=60, name="k")
    assert link.startswith(f"https://files.shala.example/{s3.bucket}/k?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
def test_a_link_ends(s3: S3, seconds: int) -> None:
    with pytest.raises(ValueError, match="seven days"):
        s3.link_get("k", seconds=seconds, name="k")


def test_wrong_keys_and_no_server_are_unavailable(s3: S3) -> None:
    server = _server()
    with pytest.raises(StorageUnavailable):
        S3(**{**server, "secret_key": "wrong" * 6}, bucket=s3.bucket).put("x", io.BytesIO(b"x"), content_type="a/b")
    with pytest.raises(StorageUnavailable):
        S3(**{**server, "endpoint_url": "http://127.0.0.1:9"}, bucket=s3.bucket).head("x")
    assert server["secret_key"] not in repr(s3)


def test_all_below_a_prefix_goes_and_nothing_beside_it(s3: S3) -> None:
    names = ["plain", "deep/er/name", "with spaces & <marks> +%25", "नमस्ते.txt", 'quo"te']
    for name in names:
        s3.put(f"leaving/{name}", io.BytesIO(b"x"), content_type="text/plain")
    s3.put("leaving-not", io.BytesIO(b"x"), content_type="text/plain")
    assert s3.remove_below("leaving/") == len(names)
    for name in names:
        with pytest.raises(ObjectMissing):
            s3.head(f"leaving/{name}")
    assert s3.head("leaving-not").size == 1
    assert s3.remove_below("leaving/") == 0
