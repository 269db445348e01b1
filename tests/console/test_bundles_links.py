"""A bundle is handed out by links that read its sealed parts straight from storage, for a while, each on record."""

import hashlib
import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kernel import clock as kernel_clock
from kernel.audit.models import Entry
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope
from shared_apps.console.bundles import bundle_adopt, bundle_links
from shared_apps.console.bundles.handing import LINK_SECONDS
from shared_apps.console.errors import BundleErased, BundleUnfinished
from shared_apps.console.models import BundleExport
from shared_apps.files import services as files
from tests.console.bundling import exported, home
from tests.support.people import admin
from tests.support.queue import empty_queue

__all__ = ["empty_queue", "home"]


def deeds(bundle: BundleExport) -> list[dict[str, Any]]:
    with platform_scope():
        rows = Entry.objects.filter(action="tenants.download", subject_id=str(bundle.tenant_id)).order_by("id")
        return [row.changes for row in rows]


def bundle_make(business: Business, state: str = "done") -> BundleExport:
    """A row as of a bundle, without parts in storage: who may ask for it is decided before they are reached."""
    facts = {"reason": "kept", "schema": business.schema, "key": f"bundles/{business.public_id}/x"}
    whole = {"requested_at": kernel_clock.now(), "sha256": "ab" * 32, "finished_at": kernel_clock.now(), "bytes": 100}
    with platform_scope():
        return BundleExport.objects.create(tenant_id=business.id, state=state, **facts, **whole)


def test_what_is_downloaded_is_the_bundle_and_goes_on_where_it_broke_off(home: Any, tmp_path: Path) -> None:
    business, _ = home
    bundle = exported(business)
    before = kernel_clock.now()
    with platform_scope():
        links = bundle_links(bundle=bundle.id)
    assert [one.name for one in links.parts] == ["data", "files-0001", "manifest"]
    assert sum(one.bytes for one in links.parts) == bundle.bytes
    assert timedelta(0) <= links.expires_at - before - timedelta(seconds=LINK_SECONDS) < timedelta(seconds=30)
    with httpx.Client(trust_env=False) as stranger:
        for part in links.parts:
            broken_off = stranger.get(part.link, headers={"Range": "bytes=0-99"})
            assert (broken_off.status_code, len(broken_off.content)) == (206, 100)
            (tmp_path / part.file).write_bytes(broken_off.content)
            assert f'filename="{part.file}"' in broken_off.headers["Content-Disposition"]
        # A link is of one part and of this bundle, and cannot be bent to another.
        data, other = links.parts[0].link, links.parts[1].link
        assert stranger.get(data.replace("/data?", "/manifest?")).status_code == 403
        assert stranger.get(data.partition("?")[0] + "?" + other.partition("?")[2]).status_code == 403
        assert stranger.get(data.partition("?")[0]).status_code == 403
        # The command goes on where the files end.
        said = shlex.split(links.command)
        assert said[:4] == ["curl", "-f", "-C", "-"]
        for option, file, link in zip(*[iter(said[4:])] * 3, strict=True):
            assert option == "-o"
            with (tmp_path / file).open("ab") as out:
                rest = stranger.get(link, headers={"Range": f"bytes={out.tell()}-"})
                assert rest.status_code == 206
                out.write(rest.content)
    for part in links.parts:
        body = (tmp_path / part.file).read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (part.bytes, part.sha256)
        assert b"Ana, " not in body
        assert b"the first" not in body
    # And the folder is one that can be brought back from.
    assert bundle_adopt(folder=tmp_path).id == bundle.id
    assert deeds(bundle) == [
        {
            "bundle": [None, str(bundle.id)],
            "parts": [None, ["data", "files-0001", "manifest"]],
            "until": [None, links.expires_at.isoformat()],
        }
    ]


def test_a_link_runs_out(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage goes by its own clock, so the link is made to have been given long ago."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: kernel_clock.now() - timedelta(minutes=31))
    bundle = exported(home[0])
    link = files.storage().link_get(f"{bundle.key}/manifest", seconds=LINK_SECONDS, name="x")
    with httpx.Client(trust_env=False) as stranger:
        assert stranger.get(link).status_code == 403


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("waiting", BundleUnfinished),
        ("running", BundleUnfinished),
        ("failed", BundleUnfinished),
        ("erased", BundleErased),
    ],
)
def test_what_is_not_whole_is_not_handed_out(academy: Business, bucket: str, state: str, refusal: Any) -> None:
    bundle = bundle_make(academy, state)
    with platform_scope(), pytest.raises(refusal):
        bundle_links(bundle=bundle.id)
    address = f"tenants/{academy.id}/export/{bundle.id}/links"
    answer = admin("operations").post(address, key=str(uuid7()))
    assert (answer.status_code, answer.json()["code"]) == (refusal.status, refusal.code)
    page = admin("operations").page("POST", f"/tenants/{academy.id}/bundles/{bundle.id}/links")
    assert (page.status_code, "X-Amz-Signature" in page.content.decode()) == (refusal.status, False)
    assert deeds(bundle) == []
    with platform_scope():
        BundleExport.objects.filter(id=bundle.id).delete()


def test_who_may_export_may_download_by_the_page_and_the_api(academy: Business, library: Business, bucket: str) -> None:
    bundle = bundle_make(academy)
    page, address = f"/tenants/{academy.id}/bundles/{bundle.id}", f"tenants/{academy.id}/export/{bundle.id}/links"
    for role in ("support", "finance", "read_only"):
        assert "Get links" not in admin(role).page("GET", page).content.decode()
        assert admin(role).page("POST", f"{page}/links").status_code == 403
        assert admin(role).post(address, key=str(uuid7())).status_code == 403
    desk = admin("operations")
    assert desk.page("POST", page.replace(str(academy.id), str(library.id)) + "/links").status_code == 404
    assert desk.post(address.replace(str(academy.id), str(library.id)), key=str(uuid7())).status_code == 404
    assert deeds(bundle) == []
    assert "X-Amz-Signature" not in desk.page("GET", page).content.decode()
    given = desk.page("POST", f"{page}/links")
    assert (given.status_code, given["Cache-Control"]) == (200, "no-store")
    body = given.content.decode()
    assert body.count("X-Amz-Signature") == 2, "the button's and the command's"
    assert 'hx-trigger="every 5s"' not in body
    answer = desk.post(address, key=str(uuid7()))
    assert answer.status_code == 201
    told = json.loads(answer.content)
    assert [(one["name"], one["bytes"], one["sha256"]) for one in told["parts"]] == [("manifest", 100, "ab" * 32)]
    assert told["command"].count("X-Amz-Signature") == 1
    assert len(deeds(bundle)) == 2
    assert "Links to a bundle given" in desk.page("GET", f"/tenants/{academy.id}").content.decode()
