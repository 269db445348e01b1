"""What a host answers, by whose it is and how that business is."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from kernel.tenancy import platform_scope
from kernel.tenancy.directory import forget
from shared_apps.tenants.models import Tenant
from tests.support.tenants import tenant_make

OPEN = "/api/v1/auth/me"


def ask(host: str, path: str = OPEN) -> Any:
    return Client(raise_request_exception=True).get(path, headers={"Host": host})


def host(label: str) -> str:
    return f"{label}.{django_settings.BARE_DOMAIN}"


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("requested", 503, "tenancy.not_ready"),
        ("provisioning", 503, "tenancy.not_ready"),
        ("trial", 401, "http.not_signed_in"),
        ("active", 401, "http.not_signed_in"),
        ("past_due", 401, "http.not_signed_in"),
        ("offboarding", 401, "http.not_signed_in"),
        ("deleted", 410, "tenancy.closed"),
    ],
)
def test_each_state_has_its_answer_at_both_hosts(state: str, status: int, code: str) -> None:
    business = tenant_make(state=state)
    for label in (business.slug, business.public_id):
        answer = ask(host(label))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_every_state_was_asked() -> None:
    marks = test_each_state_has_its_answer_at_both_hosts.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == set(Tenant.State.values) - {Tenant.State.SUSPENDED}


def test_a_suspended_business_serves_only_what_is_opened_for_it() -> None:
    business = tenant_make(state="suspended")
    refused = ask(host(business.slug), "/api/v1/students")
    assert (refused.status_code, refused.json()["code"]) == (403, "tenancy.suspended")
    assert ask(host(business.slug)).json()["code"] == "http.not_signed_in"


def test_not_ready_says_when_to_come_again() -> None:
    assert ask(host(tenant_make(state="provisioning").slug))["Retry-After"] == "5"


@pytest.mark.parametrize("label", ["nobody", "a.b", "127", "-", "xn--nobody", "public"])
def test_a_host_nobody_owns_is_not_there(label: str) -> None:
    answer = ask(host(label))
    assert (answer.status_code, answer.json()["code"]) == (404, "tenancy.host_unknown")


@pytest.mark.parametrize("stranger", ["shala.attacker.example", "10.0.0.1", "[::1]", "localhost.evil.example"])
def test_a_host_of_another_domain_is_not_there(stranger: str) -> None:
    answer = ask(stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "tenancy.host_unknown")


@pytest.mark.parametrize("malformed", ["two words", "t_1.localhost", "a/b", "bad_host!", "a@b", "<script>"])
def test_a_malformed_host_is_a_bad_request(malformed: str) -> None:
    answer = ask(malformed)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.malformed")


def test_health_needs_no_host() -> None:
    assert ask("nobody.example", "/healthz").status_code == 200


def test_the_case_of_a_host_a_port_and_a_last_dot_do_not_matter() -> None:
    slug = tenant_make().slug
    for spelled in (host(slug).upper(), f"{host(slug)}.", f"{host(slug)}:8443"):
        assert ask(spelled).json()["code"] == "http.not_signed_in"


def test_a_changed_state_is_answered_at_once_where_it_was_changed() -> None:
    business = tenant_make()
    assert ask(host(business.slug)).status_code == 401
    with platform_scope():
        Tenant.objects.filter(id=business.id).update(state="deleted")
    forget()
    assert ask(host(business.slug)).status_code == 410
