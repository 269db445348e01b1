"""A tenant beside itself, or as a sandbox: every table of one that is lived in, and nobody's data in a sandbox."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from kernel import quotas
from kernel.tenancy import business_by_host, copies, platform_scope, tenant_scope
from shared_apps.console.bundles import bundle_export, bundle_stand_up, tenant_erase
from shared_apps.console.bundles.masks import LEFT_OUT, MASKED
from shared_apps.console.bundles.parts import DATA, archive_reading, part_of
from shared_apps.console.errors import NotErasable
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.files.models import File
from shared_apps.files.services import storage
from shared_apps.messaging.models import Message
from shared_apps.messaging.services import message_queue, messages_send
from shared_apps.tenants.models import Host, Tenant
from tests.isolation.world import World
from tests.support.processes import dying_at
from tests.support.recycling import schema_recycle

# An Indian mobile number, the seeds' addresses, and what they call people.
TELLING = re.compile(r"\+91[6-9][0-9]{9}|@school\.in|canary-A (owner|student|parent|uncle|teacher|asker|manager)")


@pytest.fixture(scope="module")
def bundle(world: World) -> BundleExport:
    with platform_scope():
        asked = bundle_export(tenant=world.home.id, reason="nightly")
    carried()
    with platform_scope():
        return BundleExport.objects.select_related("tenant").get(pk=asked.pk)


@pytest.fixture
def stood_up(bundle: BundleExport) -> Iterator[Callable[..., Tenant]]:
    made: list[Tenant] = []

    def stand_up(slug: str, **how: Any) -> Tenant:
        with platform_scope():
            restore = bundle_stand_up(bundle=bundle.id, slug=slug, reason="a look", **how)
        carried()
        with platform_scope():
            done = BundleRestore.objects.select_related("tenant").get(pk=restore.pk)
        assert (done.state, done.error) == ("done", "")
        made.append(done.tenant)
        return done.tenant

    yield stand_up
    for tenant in made:
        schema_recycle(tenant.business())


def carried() -> None:
    """Only what the operator's desk has to do: the world's own jobs are the matrix's."""
    from kernel.jobs import runner
    from kernel.jobs.models import Job

    with platform_scope():
        ours = list(
            Job.objects.filter(handler__startswith="console.bundle", state="queued").values_list("id", flat=True)
        )
    assert [runner.run_one(job) for job in ours] == ["done"] * len(ours)


def held(schema: str) -> dict[str, copies.Held]:
    with copies.moment(schema) as moment:
        return moment.held()


def text_of(schema: str, tables: set[str]) -> dict[str, str]:
    found = {}
    with copies.moment(schema) as moment:
        for table in moment.tables():
            if table.name in tables:
                text = io.BytesIO()
                moment.copy(table, text.write)
                found[table.name] = text.getvalue().decode()
    return found


def test_a_bundle_stands_beside_its_tenant_as_it_was(world: World, bundle: BundleExport, stood_up: Any) -> None:
    home, away = held(world.home.schema), held(world.away.schema)
    tenant = stood_up("canary-beside")
    assert (tenant.state, tenant.name) == ("suspended", f"{bundle.tenant.name} (restored)")
    beside = held(tenant.schema_name)
    # Files lie in its own part of the bucket, and messages that waited will not be sent twice.
    differing = {name for name, one in beside.items() if one != home[name]}
    assert differing <= {"files_file", "messaging_message", "messaging_batch", "quotas_quota", "audit_entry"}
    assert {name for name in differing if beside[name].rows != home[name].rows} == {"quotas_quota", "audit_entry"}
    with tenant_scope(tenant.business()):
        rows = list(File.objects.filter(state="stored"))
        assert not Message.objects.filter(state__in=["pending", "sending"]).exists()
    assert rows
    for file in rows:
        assert file.key.startswith(f"tenants/{tenant.schema_name}/")
        assert (storage().head(file.key).size, storage().head(file.key).content_type) == (file.size, file.content_type)
    assert (held(world.home.schema), held(world.away.schema)) == (home, away)
    found = business_by_host(f"canary-beside.{settings.BARE_DOMAIN}")
    assert found is not None
    assert found.schema == tenant.schema_name


def test_a_sandbox_holds_nobody_and_sends_nothing(world: World, stood_up: Any) -> None:
    home = text_of(world.home.schema, set(held(world.home.schema)))
    assert TELLING.search(home["accounts_user"])
    tenant = stood_up("canary-sandbox", masked=True)
    assert (tenant.state, tenant.owner_name, tenant.owner_email, tenant.owner_phone) == ("trial", "", "", "")
    clone = text_of(tenant.schema_name, set(home))
    assert {table: TELLING.findall(text) for table, text in clone.items() if TELLING.search(text)} == {}
    for table in home.keys() - LEFT_OUT - {"quotas_quota"}:
        assert clone[table].count("\n") == home[table].count("\n"), table
    differing = {table for table in clone.keys() - LEFT_OUT if clone[table] != home[table]}
    assert {"accounts_user", "people_student", "classes_presence"} <= differing <= {*MASKED, "quotas_quota"}
    assert {table: clone[table].count("\n") for table in LEFT_OUT} == dict.fromkeys(LEFT_OUT, 1)
    with tenant_scope(tenant.business()):
        facts = {"name": "Ana", "academy": "Sandbox"}
        message_queue(template="welcome", channel="email", to="x@school.in", key="one", language="en", values=facts)
        messages_send()
        assert list(Message.objects.values_list("state", "code")) == [("failed", "messaging.sending_closed")]
        assert quotas.limit_of("sending") == 0


def test_erasing_leaves_what_the_law_keeps_and_says_so(world: World, bundle: BundleExport) -> None:
    with platform_scope():
        asked = bundle_stand_up(bundle=bundle.id, slug="canary-leaving", reason="to leave")
    carried()
    with platform_scope():
        tenant = Tenant.objects.get(pk=asked.tenant_id)
        own = bundle_export(tenant=tenant.id, reason="leaving")
    carried()
    with pytest.raises(NotErasable):
        tenant_erase(tenant=tenant.id, reason="too early")
    schema_recycle(tenant.business())
    for point in ("bundles.objects_gone", "bundles.rows_gone"):
        assert dying_at(point, lambda: tenant_erase(tenant=tenant.id, reason="left"))
    erasure = tenant_erase(tenant=tenant.id, reason="left")
    assert tenant_erase(tenant=tenant.id, reason="again").pk == erasure.pk
    assert {table: kept["rows"] for table, kept in erasure.kept.items()} == {
        "tenants_host": 2,
        "tenants_tenant": 1,
    }
    assert all(kept["why"] for kept in erasure.kept.values())
    with platform_scope():
        row = Tenant.objects.get(pk=tenant.pk)
        assert (row.name, row.owner_name, row.owner_email, row.owner_phone) == (tenant.name, "", "", "")
        assert Host.objects.filter(tenant=row).count() == 2
        assert BundleExport.objects.get(pk=own.pk).state == "erased"
    assert not storage().remove_below(f"bundles/{tenant.public_id}/")
    with archive_reading(bundle, part_of(bundle, DATA)) as archive:
        assert isinstance(archive, zipfile.ZipFile)
