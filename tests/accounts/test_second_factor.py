"""The second factor through the doors: who needs one, what its codes open, once each, and what guessing costs."""

import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.sealing import SealBroken, unseal
from kernel.tenancy import Business, business_scope, tenant_scope
from shared_apps.accounts.models import RecoveryCode, SecondFactor, SignIn, User
from shared_apps.accounts.services.second_factor import STEP_S
from tests.accounts.wards import ward_make
from tests.support.otp import code_sent
from tests.support.people import Client, admin, anyone, api, signed_in, staff, student, user_make
from tests.support.racing import race
from tests.support.second_factor import admin_signed_in, code_of, factor_make, wrong

PASSWORD = "three-copper-kettles"


def login(business: Business, user: User, second_factor: str | None = None) -> Any:
    given = {"email": user.email, "password": PASSWORD}
    return anyone(business).post("auth/login", given | ({"second_factor": second_factor} if second_factor else {}))


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def devices(business: Business, user: User) -> int:
    with business_scope(business):
        return SignIn.objects.filter(user=user, ended_at=None).count()


def deeds(business: Business, user: User) -> list[str]:
    with business_scope(business):
        found = Entry.objects.filter(subject_id=str(user.id), action__contains="accounts.").order_by("id")
        return [each.removeprefix("accounts.") for each in found.values_list("action", flat=True)][1:]


@pytest.fixture(autouse=True)
def _a_half_minute_begins(clock: Any) -> None:
    """Each test has thirty seconds in which the app's code does not change."""
    clock.move(seconds=STEP_S - now().timestamp() % STEP_S)


@pytest.fixture
def root(platform: Business) -> User:
    """A platform admin who has a password and nothing else."""
    return user_make(platform, role="operations", password=PASSWORD)


@pytest.fixture
def teacher(academy: Business) -> User:
    return user_make(academy, role="teacher", password=PASSWORD)


def test_an_admins_first_password_opens_enrolment_and_nothing_else(platform: Business, root: User) -> None:
    answer = login(platform, root)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"enrolment", "expires_in"}
    assert body["expires_in"] == 600
    assert devices(platform, root) == 0
    door = Client(platform, token=body["enrolment"])
    for path in ("auth/me", "users", "tenants", "auth/2fa", "auth/devices", "roles"):
        assert said(door.get(path)) == (401, "accounts.token_invalid"), path
    for path in ("auth/logout", "auth/verify", "auth/2fa/disable", "auth/2fa/recovery-codes", "users", "tenants"):
        assert said(door.post(path, {"code": "000000"})) == (401, "accounts.token_invalid"), path
    refreshed = anyone(platform).post("auth/refresh", {"refresh": body["enrolment"]})
    assert said(refreshed) == (401, "accounts.token_invalid")


def test_an_admin_enrols_confirms_and_signs_in_with_both(platform: Business, root: User) -> None:
    enrolment = login(platform, root).json()["enrolment"]
    door = Client(platform, token=enrolment)
    shown = door.post("auth/2fa/enrol").json()
    assert set(shown) == {"secret", "uri"}
    assert re.fullmatch(r"[A-Z2-7]{32}", shown["secret"])
    uri = urlsplit(shown["uri"])
    assert (uri.scheme, uri.netloc, parse_qs(uri.query)["secret"]) == ("otpauth", "totp", [shown["secret"]])
    confirmed = door.post("auth/2fa/confirm", {"code": code_of(shown["secret"])})
    assert confirmed.status_code == 200
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z2-7]{5}-[a-z2-7]{5}", code) for code in codes)
    # The password alone opens nothing any more, the enrolment token is spent, and so is the code of the confirmation.
    assert said(login(platform, root)) == (401, "accounts.factor_needed")
    assert said(door.post("auth/2fa/enrol")) == (401, "accounts.token_invalid")
    assert said(login(platform, root, code_of(shown["secret"]))) == (401, "accounts.factor_wrong")
    assert devices(platform, root) == 0
    answer = login(platform, root, code_of(shown["secret"], steps=1))
    assert set(answer.json()) == {"access", "refresh", "expires_in", "sign_in", "is_new"}
    me = api(platform, answer.json()["access"])
    assert me.get("auth/me").json()["roles"] == ["operations"]
    state = me.get("auth/2fa").json()
    assert (state["is_on"], state["is_required"], state["recovery_codes_left"]) == (True, True, 10)
    assert devices(platform, root) == 1
    assert deeds(platform, root) == ["factor_confirm"]


def test_the_enrolment_token_is_short_lived_and_dies_with_the_password(
    platform: Business, academy: Business, root: User, clock: Any
) -> None:
    from shared_apps.accounts.services import password_set

    enrolment = login(platform, root).json()["enrolment"]
    assert said(Client(academy, token=enrolment).post("auth/2fa/enrol")) == (401, "accounts.token_invalid")
    with business_scope(platform):
        password_set(user=root, password="four-copper-kettles")
    assert said(Client(platform, token=enrolment).post("auth/2fa/enrol")) == (401, "accounts.token_invalid")
    with business_scope(platform):
        password_set(user=root, password=PASSWORD)
    enrolment = login(platform, root).json()["enrolment"]
    clock.move(minutes=10, seconds=1)
    assert said(Client(platform, token=enrolment).post("auth/2fa/enrol")) == (401, "accounts.token_expired")
    with business_scope(platform):
        assert not SecondFactor.objects.filter(user=root).exists()


def test_nobody_enrols_without_a_sign_in(academy: Business, platform: Business) -> None:
    for business in (academy, platform):
        for path in ("enrol", "confirm", "disable", "recovery-codes"):
            assert said(anyone(business).post(f"auth/2fa/{path}", {"code": "123456"})) == (401, "http.not_signed_in")
        assert said(anyone(business).get("auth/2fa")) == (401, "http.not_signed_in")


def test_staff_may_have_one_and_are_then_asked(academy: Business, teacher: User) -> None:
    client = Client(academy, token=login(academy, teacher).json()["access"])
    assert client.get("auth/2fa").json() == {
        "is_on": False, "is_required": False, "since": None, "recovery_codes_left": 0,
    }  # fmt: skip
    secret = client.post("auth/2fa/enrol").json()["secret"]
    # What is not confirmed asks for nothing, and a new secret takes its place.
    assert login(academy, teacher).status_code == 200
    second = client.post("auth/2fa/enrol").json()["secret"]
    assert said(client.post("auth/2fa/confirm", {"code": code_of(secret)})) == (401, "accounts.factor_wrong")
    assert client.post("auth/2fa/confirm", {"code": code_of(second)}).status_code == 200
    assert said(login(academy, teacher)) == (401, "accounts.factor_needed")
    assert said(login(academy, teacher, wrong(second))) == (401, "accounts.factor_wrong")
    assert login(academy, teacher, code_of(second, steps=1)).status_code == 200
    assert said(client.post("auth/2fa/enrol")) == (409, "accounts.factor_on")
    assert said(client.post("auth/2fa/confirm", {"code": code_of(second, steps=1)})) == (409, "accounts.factor_on")


def test_a_wrong_password_is_not_told_whether_there_is_a_factor(academy: Business, teacher: User) -> None:
    secret, _ = factor_make(academy, teacher)
    given = {"email": teacher.email, "password": "not-the-password", "second_factor": code_of(secret)}
    assert said(anyone(academy).post("auth/login", given)) == (401, "accounts.credentials_wrong")
    assert login(academy, teacher, code_of(secret)).status_code == 200  # it was not spent either


def test_codes_of_the_half_minutes_beside_count_and_no_others(academy: Business, teacher: User, clock: Any) -> None:
    secret, _ = factor_make(academy, teacher)
    clock.move(minutes=10)
    assert said(login(academy, teacher, code_of(secret, steps=-2))) == (401, "accounts.factor_wrong")
    assert said(login(academy, teacher, code_of(secret, steps=2))) == (401, "accounts.factor_wrong")
    assert login(academy, teacher, code_of(secret, steps=-1)).status_code == 200
    assert login(academy, teacher, code_of(secret)).status_code == 200
    assert login(academy, teacher, code_of(secret, steps=1)).status_code == 200
    assert devices(academy, teacher) == 3


def test_a_code_works_once_and_never_an_older_one(academy: Business, teacher: User, clock: Any) -> None:
    secret, _ = factor_make(academy, teacher)
    clock.move(minutes=10)
    code = code_of(secret)
    assert login(academy, teacher, code).status_code == 200
    assert said(login(academy, teacher, code)) == (401, "accounts.factor_wrong")
    assert said(login(academy, teacher, code_of(secret, steps=-1))) == (401, "accounts.factor_wrong")
    assert devices(academy, teacher) == 1


def test_a_recovery_code_stands_in_for_the_app_once(academy: Business, teacher: User) -> None:
    _, codes = factor_make(academy, teacher)
    typed = codes[3].upper().replace("-", " ")
    access = login(academy, teacher, typed).json()["access"]
    assert api(academy, access).get("auth/2fa").json()["recovery_codes_left"] == 9
    assert said(login(academy, teacher, codes[3])) == (401, "accounts.factor_wrong")
    assert login(academy, teacher, codes[4]).status_code == 200
    assert deeds(academy, teacher) == ["factor_confirm", "recovery_code_use", "recovery_code_use"]


def test_new_recovery_codes_take_the_place_of_all_others(academy: Business, teacher: User) -> None:
    secret, old = factor_make(academy, teacher)
    client = signed_in(academy, user=teacher)
    assert said(client.post("auth/2fa/recovery-codes", {"code": wrong(secret)})) == (401, "accounts.factor_wrong")
    assert said(client.post("auth/2fa/recovery-codes", {})) == (400, "http.invalid")
    new = client.post("auth/2fa/recovery-codes", {"code": code_of(secret)}).json()["recovery_codes"]
    assert len(set(new)) == 10
    assert not set(new) & set(old)
    assert said(login(academy, teacher, old[0])) == (401, "accounts.factor_wrong")
    assert login(academy, teacher, new[0]).status_code == 200
    with tenant_scope(academy):
        assert RecoveryCode.objects.count() == 10


def test_turning_it_off_takes_a_code(academy: Business, teacher: User) -> None:
    client = signed_in(academy, user=teacher)
    assert said(client.post("auth/2fa/disable", {"code": "123456"})) == (409, "accounts.factor_absent")
    assert said(client.post("auth/2fa/recovery-codes", {"code": "123456"})) == (409, "accounts.factor_absent")
    assert said(client.post("auth/2fa/confirm", {"code": "123456"})) == (409, "accounts.factor_absent")
    secret, codes = factor_make(academy, teacher)
    assert said(client.post("auth/2fa/disable", {"code": wrong(secret)})) == (401, "accounts.factor_wrong")
    assert said(login(academy, teacher)) == (401, "accounts.factor_needed")
    assert client.post("auth/2fa/disable", {"code": codes[0]}).status_code == 204
    assert login(academy, teacher).status_code == 200
    with tenant_scope(academy):
        assert (SecondFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert deeds(academy, teacher) == ["factor_confirm", "recovery_code_use", "factor_disable"]


def test_an_admin_who_turns_it_off_is_signed_out_and_enrols_anew(platform: Business) -> None:
    root = user_make(platform, role="support", password=PASSWORD)
    client, elsewhere = admin(user=root), admin(user=root)
    _, codes = factor_make(platform, root)
    assert client.post("auth/2fa/disable", {"code": codes[9]}).status_code == 204
    assert said(client.get("auth/me")) == said(elsewhere.get("auth/me")) == (401, "accounts.signed_out")
    assert set(login(platform, root).json()) == {"enrolment", "expires_in"}


def test_a_code_by_phone_does_not_go_around_it(academy: Business, teacher: User) -> None:
    secret, _ = factor_make(academy, teacher)
    phone = str(teacher.phone)
    anyone(academy).post("auth/send-otp", {"phone": phone})
    given = {"phone": phone, "code": code_sent(academy, phone)}
    assert said(anyone(academy).post("auth/verify-otp", given)) == (401, "accounts.factor_needed")
    assert devices(academy, teacher) == 0
    answer = anyone(academy).post("auth/verify-otp", given | {"second_factor": code_of(secret)})
    assert api(academy, answer.json()["access"]).get("auth/me").json()["kind"] == "staff"


def test_nor_does_the_choice_of_a_profile(academy: Business, teacher: User) -> None:
    ward = ward_make(academy, teacher, "Kavya")
    secret, _ = factor_make(academy, teacher)
    phone = str(teacher.phone)
    anyone(academy).post("auth/send-otp", {"phone": phone})
    selection = anyone(academy).post("auth/verify-otp", {"phone": phone, "code": code_sent(academy, phone)}).json()
    for profile in (teacher.id, ward):
        given = {"selection": selection["selection"], "profile": profile}
        assert said(anyone(academy).post("auth/verify-otp", given)) == (401, "accounts.factor_needed")
    answer = anyone(academy).post("auth/verify-otp", given | {"second_factor": code_of(secret)})
    assert api(academy, answer.json()["access"]).get("auth/me").json()["student"] == str(ward)
    assert devices(academy, teacher) == 1


def test_a_student_may_have_one_too(academy: Business) -> None:
    client = student(academy)
    secret = client.post("auth/2fa/enrol").json()["secret"]
    assert len(client.post("auth/2fa/confirm", {"code": code_of(secret)}).json()["recovery_codes"]) == 10
    assert client.get("auth/2fa").json()["is_on"] is True


def test_five_guesses_in_a_quarter_of_an_hour(academy: Business, teacher: User, clock: Any) -> None:
    secret, codes = factor_make(academy, teacher)
    client = signed_in(academy, user=teacher)
    guesses = [login(academy, teacher, wrong(secret)) for _ in range(3)]
    guesses += [client.post("auth/2fa/disable", {"code": "aaaaa-aaaaa"}) for _ in range(2)]
    assert [said(guess) for guess in guesses] == [(401, "accounts.factor_wrong")] * 5
    for late in (login(academy, teacher, code_of(secret)), client.post("auth/2fa/disable", {"code": codes[0]})):
        assert said(late) == (429, "accounts.factor_locked")
        assert 890 <= late.json()["retry_after"] <= 901
        assert late.headers["Retry-After"] == str(late.json()["retry_after"])
    assert devices(academy, teacher) == 1
    clock.move(minutes=15, seconds=1)
    assert login(academy, teacher, codes[0]).status_code == 200


def test_of_32_racing_guesses_five_are_looked_at(academy: Business, teacher: User) -> None:
    secret, _ = factor_make(academy, teacher)
    guess = wrong(secret)
    token = signed_in(academy, user=teacher).token
    outcomes = race(32, lambda _: said(api(academy, token).post("auth/2fa/disable", {"code": guess})))
    assert outcomes == {(401, "accounts.factor_wrong"): 5, (429, "accounts.factor_locked"): 27}
    with tenant_scope(academy):
        assert SecondFactor.objects.count() == 1


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_a_right_code_raced_is_good_once(academy: Business, teacher: User, kind: str) -> None:
    secret, codes = factor_make(academy, teacher)
    code = codes[0] if kind == "recovery" else code_of(secret)
    token = signed_in(academy, user=teacher).token
    outcomes = race(32, lambda _: api(academy, token).post("auth/2fa/recovery-codes", {"code": code}).status_code)
    assert outcomes[200] == 1
    assert set(outcomes) <= {200, 401, 429}
    with tenant_scope(academy):
        assert RecoveryCode.objects.count() == 10


def test_a_code_raced_at_the_door_signs_in_once(platform: Business, root: User) -> None:
    secret, _ = factor_make(platform, root)
    code = code_of(secret)
    outcomes = race(32, lambda _: login(platform, root, code).status_code)
    assert outcomes[200] == 1
    assert set(outcomes) <= {200, 401, 429}
    assert devices(platform, root) == 1


def test_a_raced_confirmation_tells_ten_codes_once(platform: Business, root: User) -> None:
    enrolment = login(platform, root).json()["enrolment"]
    secret = Client(platform, token=enrolment).post("auth/2fa/enrol").json()["secret"]
    code = code_of(secret)
    outcomes = race(
        32, lambda _: Client(platform, token=enrolment).post("auth/2fa/confirm", {"code": code}).status_code
    )
    assert outcomes[200] == 1
    assert set(outcomes) <= {200, 401, 409, 429}
    with business_scope(platform):
        assert RecoveryCode.objects.filter(factor=root.id).count() == 10


def test_secrets_are_sealed_for_one_person_and_recovery_codes_hashed(
    academy: Business, other_academy: Business, teacher: User
) -> None:
    secret, codes = factor_make(academy, teacher)
    with tenant_scope(academy):
        kept = SecondFactor.objects.get()
        hashes = set(RecoveryCode.objects.values_list("code_hash", flat=True))
        assert secret not in kept.secret
        context = f"accounts.second_factor:{teacher.id}"
        assert unseal(kept.secret, context=context) == secret
        with pytest.raises(SealBroken):
            unseal(kept.secret, context="accounts.second_factor:someone else")
    with tenant_scope(other_academy), pytest.raises(SealBroken):
        unseal(kept.secret, context=context)
    assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in hashes)
    assert not hashes & set(codes)


def test_secrets_and_codes_never_reach_the_log(
    academy: Business, teacher: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = signed_in(academy, user=teacher)
    secret = client.post("auth/2fa/enrol").json()["secret"]
    code = code_of(secret)
    recovery = client.post("auth/2fa/confirm", {"code": code}).json()["recovery_codes"]
    assert login(academy, teacher, recovery[0]).status_code == 200
    logged = caplog.text + str([vars(record) for record in caplog.records])
    assert "accounts_second_factor_confirm" in logged
    assert not [each for each in (secret, recovery[0], f"'{code}'") if each in logged]


def test_a_factor_of_one_business_is_worthless_at_another(academy: Business, other_academy: Business) -> None:
    here = user_make(academy, role="owner", password=PASSWORD)
    there = user_make(other_academy, role="owner", password=PASSWORD, phone=here.phone, email=here.email)
    secret, codes = factor_make(academy, here)
    factor_make(other_academy, there)
    for code in (code_of(secret), codes[0]):
        assert said(login(other_academy, there, code)) == (401, "accounts.factor_wrong")
    assert login(academy, here, codes[0]).status_code == 200


def test_a_suspended_tenants_staff_can_still_prove_who_they_are(academy: Business) -> None:
    from kernel.tenancy import platform_scope
    from kernel.tenancy.directory import forget
    from shared_apps.tenants.models import Tenant

    client = staff(academy)
    with platform_scope():
        Tenant.objects.filter(schema_name=academy.schema).update(state="suspended")
    forget()
    assert client.get("auth/2fa").status_code == 200


def test_who_lost_app_and_codes_begins_again_by_a_command_at_the_server(platform: Business, root: User) -> None:
    secret, _ = factor_make(platform, root)
    assert login(platform, root, code_of(secret)).status_code == 200
    out = io.StringIO()
    call_command("forget_second_factor", root.email, stdout=out)
    assert out.getvalue() == f"{root.email} sets up a new second factor at the next sign-in.\n"
    assert devices(platform, root) == 0
    assert deeds(platform, root)[-1] == "factor_forget"
    assert admin_signed_in(platform, str(root.email), PASSWORD).get("auth/me").status_code == 200
    for email, why in (("nobody@example.in", "No platform admin"), (user_make(platform).email, "no second factor")):
        with pytest.raises(CommandError, match=why):
            call_command("forget_second_factor", email)
