"""A file's id, key and signed address are good at home alone, even where another business has a row just like it."""

import httpx
import pytest

from kernel.tenancy import tenant_scope
from shared_apps.files import services
from shared_apps.files.errors import FileMissing
from shared_apps.files.models import File
from tests.isolation.world import World


def test_one_id_names_a_file_of_each(world: World) -> None:
    for business, body in ((world.home, b"canary-A,file\n"), (world.away, b"canary-B,file\n")):
        with tenant_scope(business):
            link = services.file_link(world.uuid("file"))
        assert httpx.get(link).content == body


def test_an_address_signed_for_one_file_opens_no_other(world: World) -> None:
    with tenant_scope(world.home):
        link = services.file_link(world.uuid("file"))
    other = link.replace(f"/{world.home.schema}/", f"/{world.away.schema}/").replace("canary-A", "canary-B")
    assert other != link
    answer = httpx.get(other)
    assert answer.status_code == 403
    assert b"canary" not in answer.content.replace(other.encode(), b"").replace(b"canary-B.csv", b"")
    put = httpx.put(other, content=b"canary-A was here")
    assert put.status_code == 403
    with tenant_scope(world.away), services.file_open(world.uuid("file")) as pieces:
        assert b"".join(pieces) == b"canary-B,file\n"


def test_a_row_that_names_anothers_key_opens_nothing(world: World) -> None:
    with tenant_scope(world.home):
        home = File.objects.get(id=world.uuid("file"))
    with tenant_scope(world.away):
        own = File.objects.get(id=world.uuid("file"))
        try:
            File.objects.filter(id=own.id).update(key=home.key)
            for act in (
                lambda: services.file_link(own.id),
                lambda: services.link_of(file=home),
                lambda: services.upload_link(file=home),
                lambda: services.file_open(own.id).__enter__(),
                lambda: services.file_remove(file_id=own.id),
            ):
                with pytest.raises(FileMissing):
                    act()
        finally:
            File.objects.filter(id=own.id).update(key=own.key)
    assert world.watch.look() == set()
    with tenant_scope(world.home), services.file_open(world.uuid("file")) as pieces:
        assert b"".join(pieces) == b"canary-A,file\n"
