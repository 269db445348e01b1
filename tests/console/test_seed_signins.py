"""One sign-in per role for a development stack, and none anywhere else."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from kernel.tenancy import business_by_host, platform_scope, tenant_scope
from shared_apps.accounts.models import RoleAssignment, User
from shared_apps.accounts.roles import PLATFORM_ROLES, TENANT_ROLES
from shared_apps.plans.services import plans_ensure
from tests.support.people import anyone
from tests.support.second_factor import code_of
from tests.support.tenants import tenant_make

_LINE = re.compile(r"^  (\w+) +(\S+@\S+) +(\S+)", re.MULTILINE)


def test_every_role_can_sign_in_where_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHALA_ENV", "development")
    with platform_scope():
        plans_ensure()
    said = StringIO()
    call_command("seed_signins", stdout=said)
    places = re.split(r"^http://", said.getvalue(), flags=re.MULTILINE)[1:]
    assert len(places) == 3
    platform = business_by_host(places[0].splitlines()[0])
    assert platform is not None
    admins = {
        line[0]: line[1:] for line in re.findall(_LINE.pattern + r"  authenticator: (\S+)", places[0], re.MULTILINE)
    }
    assert tuple(admins) == PLATFORM_ROLES
    email, password, secret = admins["super_admin"]
    given = {"email": email, "password": password}
    assert anyone(platform).post("auth/login", given).json()["code"] == "accounts.factor_needed"
    assert anyone(platform).post("auth/login", given | {"second_factor": code_of(secret)}).status_code == 200
    for place in places[1:]:
        business = business_by_host(place.splitlines()[0])
        assert business is not None
        printed = {role: (email, password) for role, email, password in _LINE.findall(place)}
        assert tuple(printed) == TENANT_ROLES
        email, password = printed["teacher"]
        signed_in = anyone(business).post("auth/login", {"email": email, "password": password})
        assert signed_in.status_code == 200
        with tenant_scope(business):
            assert RoleAssignment.objects.get(user__email=email).role == "teacher"


def test_sign_ins_at_businesses_that_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHALA_ENV", "development")
    academy = tenant_make(kind="academy")
    said = StringIO()
    call_command("seed_signins", at=[academy.slug], stdout=said)
    _, place = re.split(r"^http://", said.getvalue(), flags=re.MULTILINE)[1:]
    assert business_by_host(place.splitlines()[0]) == academy
    assert tuple(role for role, *_ in _LINE.findall(place)) == TENANT_ROLES
    with pytest.raises(CommandError, match=r"no business is at nobody\.localhost"):
        call_command("seed_signins", at=["nobody"], stdout=StringIO())


@pytest.mark.parametrize("environment", ["production", "test", ""])
def test_nothing_is_made_up_elsewhere(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    monkeypatch.setenv("SHALA_ENV", environment)
    with platform_scope():
        before = User.objects.count()
    with pytest.raises(CommandError, match="development"):
        call_command("seed_signins")
    with platform_scope():
        assert User.objects.count() == before
