"""A file's id, key and signed address are good at home alone, even where another business has a row just like it."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine

from kernel.tenancy import tenant_scope
from shared_apps.files import services
from shared_apps.files.errors import FileMissing
from shared_apps.files.models import File
from tests.isolation.search import keys_of
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


def test_an_address_does_what_it_was_signed_for_alone(world: World) -> None:
    """Not another deed, not longer than it says, and not after its time."""
    with tenant_scope(world.home):
        link = services.file_link(world.uuid("file"))
        announced = File.objects.get(id=world.uuid("file_announced"))
        upload = services.upload_link(file=announced)
        with time_machine.travel(datetime.now(UTC) - timedelta(seconds=services.LINK_SECONDS + 5), tick=True):
            late = services.file_link(world.uuid("file"))
        with time_machine.travel(datetime.now(UTC) - timedelta(seconds=services.UPLOAD_SECONDS + 5), tick=True):
            late_upload = services.upload_link(file=announced)
    longer = link.replace(f"X-Amz-Expires={services.LINK_SECONDS}", "X-Amz-Expires=86400")
    elsewhere = upload.replace(f"/{world.home.schema}/", f"/{world.away.schema}/")
    assert link not in {longer, late}
    assert elsewhere != upload
    bare = link.partition("?")[0]
    body, headers = b"x" * announced.size, {"Content-Type": announced.content_type}
    for method, address in (
        *(("GET", one) for one in (bare, longer, late, upload)),
        *(("PUT", one) for one in (bare, link, elsewhere, late_upload)),
        ("DELETE", link),
        ("DELETE", upload),
    ):
        answer = httpx.request(method, address, content=None if method == "GET" else body, headers=headers)
        assert answer.status_code == 403, f"{method} {address}"
    assert httpx.put(upload, content=body + b"x", headers=headers).status_code == 403
    assert httpx.put(upload, content=body, headers={"Content-Type": "text/html"}).status_code == 403
    for business, own in ((world.home, b"canary-A,file\n"), (world.away, b"canary-B,file\n")):
        for name in ("file", "file_announced"):
            with tenant_scope(business):
                key = File.objects.get(id=world.uuid(name)).key
            with services.storage().read(key) as pieces:
                assert b"".join(pieces) == own


def test_every_stored_file_is_its_businesss_own(world: World) -> None:
    """Each object lies under its business's prefix, known there by a row of its own; beside them lie sealed bundles."""
    places = (
        r"tenants/(t_\d+|public)/[0-9a-f-]{36}/[\w.-]+|bundles/[a-z0-9]{12}/[0-9a-f-]{36}/(data|manifest|files-\d+)"
    )
    assert not [key for key in keys_of("") if not re.fullmatch(places, key)]
    for business in (world.home, world.away):
        with tenant_scope(business):
            known = dict(File.objects.values_list("key", "state"))
        stored = set(keys_of(f"tenants/{business.schema}/"))
        assert stored <= set(known)
        assert {key for key, state in known.items() if state == File.State.STORED} <= stored
        assert len(stored) >= 4


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
