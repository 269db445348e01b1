"""How many codes are sent at most: to an address, for a network, by a tenant, by all; raced, at the edge, and audited."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from prometheus_client import REGISTRY

from kernel.audit.models import Entry
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts.models import OtpChallenge, OtpCount
from tests.support.otp import codes_sent, links_sent
from tests.support.people import Client, anyone, phone_make, user_make
from tests.support.racing import race


@pytest.fixture(autouse=True)
def _installation_has_sent_nothing() -> Iterator[None]:
    def reset() -> None:
        with platform_scope():
            OtpCount.objects.all().delete()

    reset()
    yield
    reset()


@pytest.fixture
def cap(settings: Any) -> Any:
    """cap(tenant_hour=3): that cap is 3, the others stay."""

    def put(**limits: int) -> None:
        settings.OTP_CAPS = settings.OTP_CAPS | limits

    return put


def ask(business: Business, phone: str, client: Client | None = None) -> Any:
    return (client or anyone(business)).post("auth/send-otp", {"phone": phone})


def known(business: Business) -> str:
    return str(user_make(business).phone)


def refused(answer: Any) -> int:
    """Asserts the refusal of a cap; gives the seconds it names."""
    body = answer.json()
    assert (answer.status_code, body["code"], body["title"]) == (
        429,
        "accounts.otp_too_many",
        "Too many were asked for",
    )
    assert answer.headers["Retry-After"] == str(body["retry_after"])
    return int(body["retry_after"])


def audited(business: Business) -> list[tuple[str, Any]]:
    with tenant_scope(business):
        found = Entry.objects.filter(action="accounts.otp_capped").order_by("id")
        return list(found.values_list("subject_id", "changes"))


def counted(name: str) -> float:
    return REGISTRY.get_sample_value("shala_otp_capped_total", {"cap": name}) or 0


def uses(business: Business) -> dict[str, int]:
    with tenant_scope(business):
        return dict(OtpCount.objects.filter(subject="").values_list("cap", "used"))


def spent() -> int:
    with platform_scope():
        return sum(OtpCount.objects.filter(cap="installation_day").values_list("used", flat=True))


def test_the_figures(settings: Any) -> None:
    assert settings.OTP_CAPS == {
        "address_hour": 5,
        "address_day": 10,
        "network_hour": 60,
        "tenant_hour": 1_000,
        "tenant_day": 3_000,
        "installation_day": 50_000,
    }


def test_ten_codes_a_day_to_one_phone(academy: Business, clock: Any) -> None:
    phone = known(academy)
    for _ in range(2):
        for _ in range(5):
            assert ask(academy, phone).status_code == 200
            clock.move(seconds=61)
        clock.move(hours=1)
    assert 86_400 - 2 * 3_600 - 11 * 61 <= refused(ask(academy, phone)) <= 86_400 - 2 * 3_600
    assert len(codes_sent(academy, phone)) == 10
    clock.move(hours=22)
    assert ask(academy, phone).status_code == 200


def test_one_network_asks_sixty_times_an_hour_for_whomever(academy: Business, clock: Any) -> None:
    client, other = anyone(academy), anyone(academy)
    for _ in range(60):
        assert ask(academy, phone_make(), client).status_code == 200
    last = phone_make()
    wait = refused(ask(academy, last, client))
    assert 3_500 <= wait <= 3_601
    with tenant_scope(academy):
        assert OtpChallenge.objects.count() == 60
        assert not OtpChallenge.objects.filter(address=last).exists()
    assert ask(academy, last, other).status_code == 200
    clock.move(seconds=wait)
    assert ask(academy, phone_make(), client).status_code == 200


def test_one_network_of_the_new_internet_is_its_first_half(academy: Business, cap: Any) -> None:
    cap(network_hour=2)
    answers = []
    for host in ("::1", "::2", "ffff::3"):
        client = anyone(academy)
        client.ip = f"2001:db8:7:9{host}" if host.startswith("::") else "2001:db8:7:9:" + host.replace("::", ":0:0:")
        answers.append(ask(academy, phone_make(), client).status_code)
    assert answers == [200, 200, 429]


@pytest.mark.parametrize("name", ["tenant_hour", "tenant_day", "installation_day"])
def test_what_costs_money_is_capped_alike_for_known_and_unknown(
    academy: Business, clock: Any, cap: Any, name: str
) -> None:
    cap(**{name: 3})
    before = counted(name)
    for _ in range(5):  # strangers cost nothing, so they close nobody's door
        assert ask(academy, phone_make()).status_code == 200
    assert spent() == 0
    phones = [known(academy) for _ in range(3)]
    assert [ask(academy, phone).status_code for phone in phones] == [200, 200, 200]
    late, stranger = known(academy), phone_make()
    refusals = [ask(academy, late), ask(academy, stranger), ask(academy, phone_make())]
    waits = [refused(answer) for answer in refusals]
    window = 3_600 if name == "tenant_hour" else 86_400
    assert all(window - 60 <= wait <= window + 1 for wait in waits)
    told = [{k: v for k, v in r.json().items() if k not in ("request_id", "retry_after")} for r in refusals]
    assert told[0] == told[1] == told[2]
    assert codes_sent(academy, late) == []
    with tenant_scope(academy):
        assert OtpChallenge.objects.filter(address__in=[late, stranger]).count() == 0
    assert (uses(academy), spent()) == ({"tenant_hour": 3, "tenant_day": 3}, 3)
    assert counted(name) == before + 3
    clock.move(seconds=max(waits))
    assert ask(academy, late).status_code == 200
    assert len(codes_sent(academy, late)) == 1


@pytest.mark.parametrize("name", ["address_day", "network_hour", "tenant_hour", "tenant_day"])
def test_a_cap_is_audited_once_in_each_window(academy: Business, clock: Any, cap: Any, name: str) -> None:
    cap(**{name: 1})
    phone, client = known(academy), anyone(academy)
    expected = []
    for _ in range(2):
        assert ask(academy, phone, client).status_code == 200
        for _ in range(3):
            clock.move(seconds=61)
            refused(ask(academy, phone, client))
        expected.append((name, {"sent": [0, 1]}))
        assert audited(academy) == expected
        clock.move(days=1)


def test_the_breaker_of_all_holds_every_tenant_and_is_the_operators_to_know(
    academy: Business, other_academy: Business, cap: Any
) -> None:
    cap(installation_day=2)
    with platform_scope():
        before = Entry.objects.filter(action="accounts.otp_capped").count()
    assert ask(academy, known(academy)).status_code == 200
    assert ask(other_academy, known(other_academy)).status_code == 200
    for business in (academy, other_academy, academy):
        refused(ask(business, known(business)))
    with platform_scope():
        entries = Entry.objects.filter(action="accounts.otp_capped").order_by("-id")
        assert entries.count() == before + 1
        assert (entries[0].subject_id, entries[0].changes) == ("installation_day", {"sent": [0, 2]})
    assert audited(academy) == audited(other_academy) == []


@pytest.mark.parametrize("name", ["network_hour", "tenant_hour", "tenant_day", "installation_day"])
def test_32_racing_senders_do_not_pass_a_cap(academy: Business, cap: Any, name: str) -> None:
    cap(**{name: 7})
    phones = [known(academy) for _ in range(32)]
    shared = anyone(academy)

    def send(index: int) -> int:
        client = anyone(academy)
        if name == "network_hour":
            client.ip = shared.ip
        return int(ask(academy, phones[index], client).status_code)

    assert race(32, send) == {200: 7, 429: 25}
    assert sum(len(codes_sent(academy, phone)) for phone in phones) == 7
    assert (uses(academy), spent()) == ({"tenant_hour": 7, "tenant_day": 7}, 7)
    if name != "installation_day":
        assert [each for each, _ in audited(academy)] == [name]


def test_racing_senders_of_two_tenants_share_the_breaker(academy: Business, other_academy: Business, cap: Any) -> None:
    cap(installation_day=9)
    senders = [(business, known(business)) for business in (academy, other_academy) for _ in range(16)]
    assert race(32, lambda i: ask(*senders[i]).status_code) == {200: 9, 429: 23}
    assert spent() == 9


def test_links_are_capped_by_address_and_network_but_cost_nothing(academy: Business, clock: Any, cap: Any) -> None:
    cap(address_hour=2)
    user = user_make(academy, role="teacher", password="three-copper-kettles")
    for expected in (204, 204, 429):
        answer = anyone(academy).post("auth/password/reset", {"email": user.email})
        assert answer.status_code == expected
        clock.move(seconds=61)
    refused(answer)
    assert len(links_sent(academy, str(user.email))) == 2
    assert (uses(academy), spent()) == ({}, 0)


@pytest.mark.parametrize("name", ["address_hour", "network_hour", "tenant_day", "installation_day"])
def test_when_counting_fails_nothing_is_sent(academy: Business, settings: Any, name: str) -> None:
    phone = known(academy)
    settings.OTP_CAPS = {cap: limit for cap, limit in settings.OTP_CAPS.items() if cap != name}
    with pytest.raises(KeyError, match=name):
        ask(academy, phone)
    assert codes_sent(academy, phone) == []
    assert (uses(academy), spent()) == ({}, 0)
    with tenant_scope(academy):
        assert not OtpChallenge.objects.exists()


def test_a_tenant_cannot_reach_the_installations_count(academy: Business) -> None:
    assert ask(academy, known(academy)).status_code == 200
    with tenant_scope(academy):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE public.accounts_otpcount SET used = 0")
        assert not OtpCount.objects.filter(cap="installation_day").exists()
    assert spent() == 1


def test_old_counts_are_forgotten(academy: Business, clock: Any) -> None:
    from kernel import jobs

    assert ask(academy, known(academy)).status_code == 200
    with tenant_scope(academy):
        assert OtpCount.objects.count() == 5
        clock.move(days=1, seconds=1)
        jobs.put("accounts.forget")
    jobs.drain()
    with tenant_scope(academy):
        assert not OtpCount.objects.exists()
