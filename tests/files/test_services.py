"""Files of one business: kept, linked, and closed to every other."""

import io
from uuid import uuid4

import httpx
import pytest
from django.db import IntegrityError, transaction

from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.files import services
from shared_apps.files.errors import FileDiffers, FileMissing, FileNotAllowed
from shared_apps.files.models import File

pytestmark = pytest.mark.usefixtures("bucket")


def keep(text: bytes = b"asha's own", name: str = "शुल्क 1.csv", **more) -> File:
    return services.put(name=name, body=io.BytesIO(text), content_type="text/csv", **more)


def test_a_file_is_kept_under_its_business_and_read_back(academy: Business) -> None:
    with tenant_scope(academy):
        file = keep()
        assert (file.state, file.size, file.name) == ("stored", 10, "शुल्क 1.csv")
        assert file.key == f"tenants/{academy.schema}/{file.id}/1.csv"
        with services.file_open(file.id) as pieces:
            assert b"".join(pieces) == b"asha's own"
        answer = httpx.get(services.file_link(file.id))
    assert (answer.status_code, answer.content) == (200, b"asha's own")
    assert answer.headers["content-type"] == "text/csv"


@pytest.mark.parametrize("name", ["../../t_2/x", "a/b", "..", "", "x" * 300, "a\x00b", "<script>.html", "'; DROP"])
def test_a_name_cannot_leave_its_place(academy: Business, name: str) -> None:
    with tenant_scope(academy):
        if "\x00" in name:
            name = name.replace("\x00", "")
        file = keep(name=name)
        assert file.key.split("/")[:3] == ["tenants", academy.schema, str(file.id)]
        assert file.key.count("/") == 3
        assert ".." not in file.key.split("/")


def test_another_businesss_file_is_missing(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        file = keep()
    with tenant_scope(other_academy):
        for act in (
            lambda: services.file_link(file.id),
            lambda: services.file_open(file.id).__enter__(),
            lambda: services.link_of(file=file),
            lambda: services.upload_link(file=file),
        ):
            with pytest.raises(FileMissing):
                act()
        services.file_remove(file_id=file.id)
        assert File.objects.count() == 0
    with tenant_scope(academy), services.file_open(file.id) as pieces:
        assert b"".join(pieces) == b"asha's own"


def test_a_row_that_names_anothers_key_opens_nothing(academy: Business, other_academy: Business) -> None:
    """As after a careless restore: the row is here, the bytes are there."""
    with tenant_scope(academy):
        file = keep()
    with tenant_scope(other_academy):
        file.save(force_insert=True)
        with pytest.raises(FileMissing):
            services.file_link(file.id)
        with pytest.raises(FileMissing), services.file_open(file.id):
            pass
        with pytest.raises(FileMissing):
            services.file_remove(file_id=file.id)
        assert File.objects.count() == 1
    with tenant_scope(academy), services.file_open(file.id) as pieces:
        assert b"".join(pieces) == b"asha's own"


def test_a_link_of_one_tenant_bent_to_anothers_key_is_refused(academy: Business, other_academy: Business) -> None:
    with tenant_scope(academy):
        link = services.file_link(keep(name="a.csv").id)
    with tenant_scope(other_academy):
        other = keep(b"gyan's own", name="a.csv")
    bent = f"{link.split('/tenants/')[0]}/{other.key}?{link.split('?')[1]}"
    answer = httpx.get(bent)
    assert answer.status_code == 403
    assert b"gyan's own" not in answer.content


def test_the_platform_has_files_of_its_own(platform: Business) -> None:
    with platform_scope():
        file = keep()
        assert file.key.startswith("tenants/public/")
        assert httpx.get(services.file_link(file.id)).content == b"asha's own"


def test_nothing_travels_inside_a_transaction(academy: Business) -> None:
    with tenant_scope(academy):
        file = keep()
        with transaction.atomic():
            with pytest.raises(RuntimeError):
                keep()
            with pytest.raises(RuntimeError), services.file_open(file.id):
                pass
        assert File.objects.count() == 1


def test_an_upload_is_announced_sent_and_completed(academy: Business) -> None:
    owner = uuid4()
    with tenant_scope(academy):
        file = services.upload_announce(name="photo.png", content_type="image/png", size=4, owner=owner)
        link = services.upload_link(file=file)
        with pytest.raises(FileMissing):
            services.upload_complete(file=file)
        with pytest.raises(FileMissing):
            services.file_link(file.id)
        assert httpx.put(link, content=b"1234", headers={"content-type": "image/png"}).status_code == 200
        done = services.upload_complete(file=file)
        assert (done.state, done.size) == ("stored", 4)
        assert services.upload_complete(file=done).stored_at == done.stored_at
        assert httpx.get(services.file_link(file.id)).content == b"1234"


def test_other_bytes_than_announced_are_thrown_away(academy: Business) -> None:
    with tenant_scope(academy):
        file = services.upload_announce(name="photo.png", content_type="image/png", size=4, owner=None)
        services.storage().put(file.key, io.BytesIO(b"12345"), content_type="image/png")
        with pytest.raises(FileDiffers):
            services.upload_complete(file=file)
        assert File.objects.get(id=file.id).state == "pending"
        with pytest.raises(FileMissing):
            services.upload_complete(file=file)


@pytest.mark.parametrize(
    ("kind", "size", "field"),
    [
        ("text/html", 4, "content_type"),
        ("image/svg+xml", 4, "content_type"),
        ("image/png", 0, "size"),
        ("image/png", 100 * 1024 * 1024 + 1, "size"),
    ],
)
def test_what_is_not_taken(academy: Business, kind: str, size: int, field: str) -> None:
    with tenant_scope(academy):
        with pytest.raises(FileNotAllowed) as refused:
            services.upload_announce(name="x", content_type=kind, size=size, owner=None)
        assert refused.value.field == field
        assert File.objects.count() == 0


def test_a_removed_file_is_gone(academy: Business) -> None:
    with tenant_scope(academy):
        file = keep()
        link = services.file_link(file.id)
        services.file_remove(file_id=file.id)
        services.file_remove(file_id=file.id)
        assert File.objects.count() == 0
    assert httpx.get(link).status_code == 404


def test_the_database_refuses_a_key_outside_the_tenants(academy: Business) -> None:
    with tenant_scope(academy):
        for key in ("x", f"tenants/t_1/{uuid4()}/a/b", f"tenants/../{uuid4()}/a", f"/tenants/t_1/{uuid4()}/a"):
            with pytest.raises(IntegrityError):
                File.objects.create(key=key, name="x", content_type="x/y", created_at="2026-11-20T00:00:00Z")
