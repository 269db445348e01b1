"""`manage.py tenant`: one tenant packed up, brought back, handed to another installation, moved and erased by command."""

import io
import json
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from kernel import jobs
from kernel.audit.models import Entry
from kernel.ids import public_id, uuid7
from kernel.tenancy import citus, platform_scope
from shared_apps.console.models import BundleExport
from shared_apps.files import services as files
from shared_apps.tenants.models import Tenant
from tests.console.bundling import SINCE, changed, differing, held, home, suspended
from tests.kernel.tenancy.test_citus import with_citus
from tests.support.people import admin
from tests.support.queue import empty_queue
from tests.support.recycling import schema_recycle

__all__ = ["empty_queue", "home", "with_citus"]


def test_the_command_exports_restores_and_refuses(home: Any, tmp_path: Any) -> None:
    business, facts = home
    before = held(business.schema)
    said = io.StringIO()
    call_command("tenant", "export", business.slug, "--to", str(tmp_path), "--reason", "leaving", stdout=said)
    told = json.loads(said.getvalue())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "files-0001", "manifest"]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == told["bytes"]
    with pytest.raises(CommandError, match=r"console\.restore_forbidden"):
        call_command("tenant", "restore", told["id"])
    changed(business, facts)
    suspended(business)
    said = io.StringIO()
    call_command("tenant", "restore", told["id"], stdout=said)
    assert json.loads(said.getvalue())["kind"] == "place"
    assert differing(business.schema, before) == SINCE
    with pytest.raises(CommandError, match="has no Citus"):
        call_command("tenant", "move", business.slug, "node-2:5432")
    with pytest.raises(CommandError, match="nothing was erased"):
        call_command("tenant", "erase", str(business.id), "--yes", "another")
    with pytest.raises(CommandError, match=r"console\.not_erasable"):
        call_command("tenant", "erase", str(business.id), "--yes", business.slug)
    assert UUID(told["id"])


def test_a_tenant_is_moved_and_the_trail_says_so(home: Any, with_citus: object) -> None:
    business, _ = home
    with pytest.raises(CommandError, match=r"console\.node_unknown"):
        call_command("tenant", "move", business.slug, "db9:5432")
    for node in ("db2:5432", "db1:5432"):
        said = io.StringIO()
        call_command("tenant", "move", business.slug, node, stdout=said)
        assert json.loads(said.getvalue()) == {"schema": business.schema, "node": node}
    asked = admin("super_admin").post(f"tenants/{business.id}/move", {"node": "db2:5432"}, key=str(uuid7()))
    assert asked.status_code == 202
    jobs.drain()
    assert str(citus.place(business.schema)) == "db2:5432"
    with platform_scope():
        moves = Entry.objects.filter(action="tenants.move", subject_id=str(business.id)).order_by("id")
        assert [one.changes["node"] for one in moves] == [
            [None, "db2:5432"],
            ["db2:5432", "db1:5432"],
            ["db1:5432", "db2:5432"],
        ]


def test_parts_copied_out_stand_on_an_installation_that_never_saw_the_tenant(home: Any, tmp_path: Any) -> None:
    business, _ = home
    call_command("tenant", "export", business.slug, "--to", str(tmp_path), stdout=io.StringIO())
    before = held(business.schema)
    with platform_scope():
        known = BundleExport.objects.get(tenant=business.id)
        files.storage().remove_below(known.key)
        known.delete()
        Tenant.objects.filter(pk=business.id).update(public_id=public_id())
    spoilt = tmp_path / "spoilt"
    spoilt.mkdir()
    for name in ("data", "files-0001", "manifest"):
        (spoilt / name).write_bytes((tmp_path / name).read_bytes())
    with (spoilt / "data").open("r+b") as part:
        part.seek(1000)
        part.write(b"?")
    with pytest.raises(CommandError, match=r"console\.bundle_broken"):
        call_command("tenant", "restore", str(spoilt), "--as", "never-seen")
    (spoilt / "data").unlink()
    with pytest.raises(CommandError, match=r"console\.bundle_broken"):
        call_command("tenant", "restore", str(spoilt), "--as", "never-seen")
    slug = f"seen-{business.public_id}"
    call_command("tenant", "restore", str(tmp_path), "--as", slug, stdout=io.StringIO())
    with platform_scope():
        tombstone = Tenant.objects.get(public_id=business.public_id)
        stood = Tenant.objects.get(slug=slug)
    assert (tombstone.state, tombstone.schema_name, tombstone.name) == ("deleted", None, business.name)
    assert stood.state == "suspended"
    assert differing(stood.schema_name, before) == {"audit_entry", "files_file"}
    schema_recycle(stood.business())
