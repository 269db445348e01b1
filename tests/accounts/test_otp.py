"""One-time codes: what anyone is told, what is kept, how often one may ask and try."""

import json
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from kernel import jobs
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts.models import OtpChallenge, User
from shared_apps.accounts.services import otp_forget, otp_send, user_deactivate
from tests.accounts.asking import answered, ask, devices, give
from tests.accounts.wards import ward_make
from tests.support.otp import code_sent, codes_sent, events
from tests.support.people import anyone, api, email_make, phone_make, staff, user_make
from tests.support.racing import race, racing


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_known_number_signs_in_by_the_code_it_was_sent(academy: Business, mother: User) -> None:
    ward = ward_make(academy, mother, "Kavya")
    local = str(mother.phone).removeprefix("+91")
    asked = ask(academy, local)
    assert (asked.status_code, asked.json()) == (200, {"expires_in": 300, "resend_in": 60})
    code = code_sent(academy, str(mother.phone))
    answer = give(academy, local, code, device="Redmi 13")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["expires_in"], body["is_new"]) == (900, False)
    me = api(academy, body["access"]).get("auth/me").json()
    assert (me["kind"], me["student"], me["roles"]) == ("student", str(ward), ["student"])
    assert me["profiles"] == [{"id": str(ward), "name": "Kavya", "relation": "mother", "kind": "student"}]
    again = give(academy, local, code)
    assert (again.status_code, again.json()["code"]) == (401, "accounts.otp_void")
    assert devices(academy) == 1


def test_a_code_is_six_digits_and_kept_only_as_a_keyed_hash(academy: Business, mother: User) -> None:
    ask(academy, str(mother.phone))
    code = code_sent(academy, str(mother.phone))
    assert len(code) == 6
    assert code.isdigit()
    with tenant_scope(academy):
        kept = OtpChallenge.objects.get()
    assert kept.code_hash
    assert len(kept.code_hash) == 64
    assert (kept.expires_at - kept.sent_at).total_seconds() == 300
    with platform_scope():
        written = json.dumps(list(Job.objects.filter(business=academy.schema).values_list("args", flat=True)))
    assert code not in written
    (event,) = events(academy, "tests.otp_wanted")
    assert set(event) == {"id", "phone", "email", "code_sealed", "purpose", "expires_at"}
    assert (event["phone"], event["purpose"]) == (mother.phone, "sign_in")


def test_codes_never_reach_the_log(academy: Business, mother: User, caplog: pytest.LogCaptureFixture) -> None:
    ask(academy, str(mother.phone))
    code = code_sent(academy, str(mother.phone))
    give(academy, str(mother.phone), wrong(code))
    give(academy, str(mother.phone), code)
    logged = caplog.text + str([vars(record) for record in caplog.records])
    assert "accounts_verify_otp" in logged
    assert f"'{code}'" not in logged
    assert str(mother.phone).removeprefix("+91") not in logged


def test_a_stranger_gets_the_answers_of_anyone_and_is_sent_nothing(academy: Business, mother: User) -> None:
    stranger = phone_make()
    talks = []
    for phone in (str(mother.phone), stranger):
        with tenant_scope(academy):
            before = OtpChallenge.objects.count()
        talk = [ask(academy, phone), ask(academy, phone)]
        # A code that is certainly not the right one: the known number's is read, the stranger's exists nowhere.
        guess = wrong(code_sent(academy, phone)) if phone == mother.phone else "000000"
        talk += [give(academy, phone, guess) for _ in range(4)]
        with tenant_scope(academy):
            assert OtpChallenge.objects.count() == before + 1
        talks.append([(a.status_code, {k: v for k, v in a.json().items() if k != "request_id"}) for a in talk])
    known, unknown = talks
    known[1][1].pop("retry_after"), unknown[1][1].pop("retry_after")
    assert known == unknown
    assert [status for status, _ in known] == [200, 429, 401, 401, 401, 401]
    assert [body.get("tries_left") for _, body in known] == [None, None, 2, 1, 0, None]
    assert [body.get("code", "").removeprefix("accounts.") for _, body in known] == [
        "", "otp_too_soon", "otp_wrong", "otp_wrong", "otp_wrong", "otp_void",
    ]  # fmt: skip
    assert codes_sent(academy, stranger) == []
    assert devices(academy) == 0


def test_a_deactivated_person_is_a_stranger(academy: Business, mother: User) -> None:
    with tenant_scope(academy):
        user_deactivate(user=mother)
    assert ask(academy, str(mother.phone)).status_code == 200
    assert codes_sent(academy, str(mother.phone)) == []


def test_sixty_seconds_between_codes_and_the_last_one_counts(academy: Business, mother: User, clock: Any) -> None:
    phone = str(mother.phone)
    ask(academy, phone)
    soon = ask(academy, phone, "auth/resend-otp")
    assert (soon.status_code, soon.json()["code"]) == (429, "accounts.otp_too_soon")
    assert 55 <= soon.json()["retry_after"] <= 61
    assert soon.headers["Retry-After"] == str(soon.json()["retry_after"])
    assert len(codes_sent(academy, phone)) == 1
    clock.move(seconds=61)
    assert ask(academy, phone, "auth/resend-otp").status_code == 200
    first, second = codes_sent(academy, phone)
    if first != second:
        stale = give(academy, phone, first)
        assert (stale.json()["code"], stale.json()["tries_left"]) == ("accounts.otp_wrong", 2)
    assert give(academy, phone, second).status_code == 200


def test_five_codes_an_hour(academy: Business, mother: User, clock: Any) -> None:
    phone = str(mother.phone)
    for _ in range(5):
        assert ask(academy, phone).status_code == 200
        clock.move(seconds=61)
    over = ask(academy, phone)
    assert (over.status_code, over.json()["code"]) == (429, "accounts.otp_too_many")
    assert 3250 <= over.json()["retry_after"] <= 3300
    assert len(codes_sent(academy, phone)) == 5
    clock.move(seconds=over.json()["retry_after"])
    assert ask(academy, phone).status_code == 200


def test_racing_requests_send_one_code(academy: Business, mother: User) -> None:
    outcomes = race(32, lambda _: ask(academy, str(mother.phone)).status_code)
    assert outcomes == {200: 1, 429: 31}
    assert len(codes_sent(academy, str(mother.phone))) == 1


def test_a_code_lives_five_minutes(academy: Business, mother: User, clock: Any) -> None:
    phone = str(mother.phone)
    ask(academy, phone)
    clock.move(minutes=5, seconds=1)
    late = give(academy, phone, code_sent(academy, phone))
    assert (late.status_code, late.json()["code"]) == (401, "accounts.otp_void")
    assert devices(academy) == 0


def test_three_tries_and_the_code_is_void(academy: Business, mother: User) -> None:
    phone = str(mother.phone)
    ask(academy, phone)
    code = code_sent(academy, phone)
    tries = [give(academy, phone, wrong(code)) for _ in range(3)]
    assert [t.json()["tries_left"] for t in tries] == [2, 1, 0]
    late = give(academy, phone, code)
    assert (late.status_code, late.json()["code"]) == (401, "accounts.otp_void")
    assert devices(academy) == 0


def test_of_32_racing_guesses_three_are_looked_at(academy: Business) -> None:
    def guess(_: int, phone: str, code: str) -> str:
        return str(give(academy, phone, code).json()["code"])

    with racing(32) as round_of:
        for _ in range(20):
            phone = str(user_make(academy).phone)
            ask(academy, phone)
            code = code_sent(academy, phone)
            outcomes = round_of(partial(guess, phone=phone, code=wrong(code)))
            assert outcomes == {"accounts.otp_wrong": 3, "accounts.otp_void": 29}
            with tenant_scope(academy):
                assert OtpChallenge.objects.get(address=phone).tries == 3
            assert give(academy, phone, code).json()["code"] == "accounts.otp_void"
    assert devices(academy) == 0


def test_a_right_code_raced_signs_in_once(academy: Business, mother: User) -> None:
    phone = str(mother.phone)
    ask(academy, phone)
    code = code_sent(academy, phone)
    outcomes = race(32, lambda _: give(academy, phone, code).status_code)
    assert outcomes == {200: 1, 401: 31}
    assert devices(academy) == 1


def test_a_code_of_one_business_is_worthless_at_another(academy: Business, other_academy: Business) -> None:
    phone = phone_make()
    for business in (academy, other_academy):
        user_make(business, phone=phone)
        ask(business, phone)
    here, there = code_sent(academy, phone), code_sent(other_academy, phone)
    if here != there:
        assert give(other_academy, phone, here).json()["code"] == "accounts.otp_wrong"
    with tenant_scope(academy):
        stolen = OtpChallenge.objects.get()
    with tenant_scope(other_academy):
        OtpChallenge.objects.update(id=stolen.id, code_hash=stolen.code_hash, tries=0)
    assert give(other_academy, phone, here).json()["code"] == "accounts.otp_wrong"
    assert devices(other_academy) == 0
    assert give(academy, phone, here).status_code == 200


def test_a_code_accepts_an_invitation(academy: Business) -> None:
    owner = staff(academy, "owner")
    phone = phone_make()
    invited = owner.post(
        "users/invite", {"email": email_make(), "name": "Imran", "phone": phone, "roles": [{"role": "teacher"}]}
    ).json()
    assert invited["state"] == "invited"
    ask(academy, phone)
    access = give(academy, phone, code_sent(academy, phone)).json()["access"]
    assert api(academy, access).get("auth/me").json()["roles"] == ["teacher"]
    assert owner.get(f"users/{invited['id']}").json()["state"] == "active"


def test_a_code_by_e_mail(academy: Business) -> None:
    user = user_make(academy, role="teacher")
    email = str(user.email)
    assert anyone(academy).post("auth/send-otp", {"email": email.upper()}).status_code == 200
    answer = anyone(academy).post("auth/verify-otp", {"email": email, "code": code_sent(academy, email)})
    assert api(academy, answer.json()["access"]).get("auth/me").json()["kind"] == "staff"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "http.invalid"),
        ({"phone": "12345"}, 422, "phone.invalid"),
        ({"phone": "+14155550100"}, 422, "phone.invalid"),
        ({"phone": "9876543210", "email": "a@example.in"}, 400, "http.invalid"),
        ({"phone": "9876543210", "role": "owner"}, 400, "http.unknown_field"),
        ({"phone": ["9876543210"]}, 400, "http.invalid"),
    ],
    ids=str,
)
def test_what_is_no_address_is_refused(academy: Business, body: dict[str, Any], status: int, code: str) -> None:
    answer = anyone(academy).post("auth/send-otp", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with tenant_scope(academy):
        assert not OtpChallenge.objects.exists()


@pytest.mark.parametrize("code", ["12345", "1234567", "१२३४५६", "12345a", ""])
def test_what_is_no_code_costs_no_try(academy: Business, mother: User, code: str) -> None:
    ask(academy, str(mother.phone))
    answer = give(academy, str(mother.phone), code)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.invalid")
    with tenant_scope(academy):
        assert OtpChallenge.objects.get().tries == 0


@pytest.mark.parametrize(
    "body",
    [
        {"phone": "9876543210"},
        {"selection": "a.b.c"},
        {"selection": "a.b.c", "profile": str(UUID(int=1)), "code": "123456"},
        {"selection": "a.b.c", "profile": "Kavya"},
        {"code": "123456"},
        {"phone": "9876543210", "code": 123456},
    ],
    ids=str,
)
def test_a_half_answer_is_no_answer(academy: Business, body: dict[str, Any]) -> None:
    answer = anyone(academy).post("auth/verify-otp", body)
    expected = (401, "accounts.otp_void") if "phone" in body and "code" in body else (400, "http.invalid")
    assert (answer.status_code, answer.json()["code"]) == expected
    assert devices(academy) == 0


def test_codes_are_a_tenants_matter(platform: Business) -> None:
    assert anyone(platform).post("auth/send-otp", {"phone": "9876543210"}).status_code == 404


def test_expired_codes_are_forgotten_and_later_their_counts(academy: Business, mother: User, clock: Any) -> None:
    other = user_make(academy)
    with tenant_scope(academy):
        otp_send(address=str(mother.phone))
        clock.move(minutes=4)
        otp_send(address=str(other.phone))
        clock.move(minutes=2)
        assert otp_forget() == 1
        hashes = dict(OtpChallenge.objects.values_list("address", "code_hash"))
        assert hashes[str(mother.phone)] is None
        assert hashes[str(other.phone)] is not None
        clock.move(minutes=60)
        jobs.put("accounts.forget")
    jobs.drain()
    with tenant_scope(academy):
        assert not OtpChallenge.objects.exists()


def test_staff_sign_in_by_phone_as_staff(academy: Business) -> None:
    owner = staff(academy, "owner")
    assert owner.user
    body = answered(academy, owner.user).json()
    assert api(academy, body["access"]).get("auth/me").json()["kind"] == "staff"
