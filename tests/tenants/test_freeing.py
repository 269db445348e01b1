"""A name that was given up is made anybody's before its year is over: by a super admin, for a reason."""

import io

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from kernel.audit.models import Entry
from kernel.ids import public_id
from kernel.tenancy import Business, platform_scope
from kernel.tenancy.directory import forget
from shared_apps.tenants.errors import NameNotKept
from shared_apps.tenants.models import CustomDomain, Host
from shared_apps.tenants.selectors import domain_refusal, slug_refusal
from shared_apps.tenants.services import name_free, tenant_edit
from tests.conftest import TestClock
from tests.support.nameserver import Zone
from tests.support.people import admin
from tests.support.racing import race
from tests.tenants.test_domains import claim, look, prove, stands


def freed(name: str, *, by: str, reason: str = "sold to another") -> str:
    said = io.StringIO()
    call_command("free_name", name, "--by", by, "--reason", reason, stdout=said)
    return said.getvalue()


def entries(business: Business) -> list[Entry]:
    with platform_scope():
        return list(Entry.objects.filter(action="tenants.name_free", subject_id=str(business.id)))


def test_a_slug_and_a_domain_are_freed_and_what_serves_is_not(
    zone: Zone, academy: Business, other_academy: Business, clock: TestClock
) -> None:
    chief, old = admin("super_admin"), academy.slug
    assert chief.user is not None
    by, domain = str(chief.user.email), f"classes.lakshya-{public_id()}.in"
    row = claim(academy, domain)
    prove(zone, row)
    look(row)
    for name in (domain, old, academy.public_id):
        with pytest.raises(CommandError, match=r"tenants\.name_held"):
            freed(name, by=by)
    operations = admin("operations")
    assert operations.call("DELETE", f"tenants/{academy.id}/domains/{row.id}").status_code == 204
    with platform_scope():
        tenant_edit(tenant=academy.id, slug=f"new-{academy.public_id}")
        assert (refusal := slug_refusal(old)) is not None
        assert refusal.code == "tenants.slug_taken"
    assert operations.user is not None
    for facts in ({"by": "nobody@example.in"}, {"by": str(operations.user.email)}, {"by": by, "reason": " "}):
        with pytest.raises(CommandError, match="nothing was freed"):
            freed(domain, **facts)
    assert entries(academy) == []
    assert freed(domain.upper(), by=f" {by} ") == f"{domain} is anybody's.\n"
    assert freed(old, by=by) == f"{old}.{settings.BARE_DOMAIN} is anybody's.\n"
    with platform_scope():
        assert (slug_refusal(old), domain_refusal(domain, tenant=other_academy.id)) == (None, None)
        assert not Host.objects.filter(domain=domain).exists()
    told = [(entry.actor_kind, entry.actor_id, entry.changes["reason"]) for entry in entries(academy)]
    assert told == [("admin", chief.user.id, [None, "sold to another"])] * 2
    with pytest.raises(CommandError, match=r"tenants\.name_not_kept"):
        freed(domain, by=by)
    theirs = claim(other_academy, domain)
    prove(zone, theirs)
    look(theirs)
    assert stands(domain, other_academy).state in CustomDomain.PROVEN
    forget()
    assert Browser().get("/api/v1/auth/me", headers={"Host": domain}).status_code == 401


def test_a_name_is_freed_once_and_what_is_over_is_not_kept(academy: Business, clock: TestClock) -> None:
    old = academy.slug
    with platform_scope():
        tenant_edit(tenant=academy.id, slug=f"new-{academy.public_id}")

    def free(_: int) -> str:
        with platform_scope():
            return name_free(name=old, reason="a race")

    assert race(8, free) == {f"{old}.{settings.BARE_DOMAIN}": 1, NameNotKept: 7}
    assert len(entries(academy)) == 1
    with platform_scope():
        tenant_edit(tenant=academy.id, slug=old)
        tenant_edit(tenant=academy.id, slug=f"new-{academy.public_id}")
        clock.move(days=366)
        with pytest.raises(NameNotKept):
            name_free(name=old, reason="late")
