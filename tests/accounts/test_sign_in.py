"""Signing in by password, what the tokens open, and every way a sign-in ends."""

import time
from typing import Any
from uuid import UUID

import jwt
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.realtime.publish import channel
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.directory import forget
from shared_apps.accounts.models import SignIn, User
from shared_apps.accounts.services import user_deactivate
from shared_apps.accounts.tokens import _backend
from shared_apps.tenants.models import Tenant
from tests.accounts.wards import ward_make
from tests.support.people import Client, anyone, api, signed_in, user_make
from tests.support.racing import race, racing

PASSWORD = "three-copper-kettles"


def login(business: Business, user: User, password: str = PASSWORD) -> Any:
    return anyone(business).post("auth/login", {"email": user.email, "password": password, "device": "desk"})


def sign_ins(business: Business) -> list[tuple[Any, ...]]:
    with tenant_scope(business):
        return list(SignIn.objects.order_by("id").values_list("id", "refresh", "ended_at", "ended_because"))


def test_staff_sign_in_by_password_and_are_who_they_are(academy: Business) -> None:
    user = user_make(academy, role="manager", password=PASSWORD, name="Ravi Nair")
    answer = anyone(academy).post(
        "auth/login", {"email": str(user.email).upper(), "password": PASSWORD, "device": "front desk"}
    )
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access", "refresh", "expires_in", "sign_in", "is_new"}
    assert (body["expires_in"], body["is_new"]) == (900, False)
    me = api(academy, body["access"]).get("auth/me").json()
    assert {k: me[k] for k in ("name", "email", "kind", "roles", "branches", "student", "sign_in", "profiles")} == {
        "name": "Ravi Nair",
        "email": user.email,
        "kind": "staff",
        "roles": ["manager"],
        "branches": None,
        "student": None,
        "sign_in": body["sign_in"],
        "profiles": [],
    }


def test_tokens_say_whose_they_are_and_how_long_they_live(academy: Business) -> None:
    client = signed_in(academy)
    assert client.tokens
    access, refresh = (
        jwt.decode(text, options={"verify_signature": False}) for text in (client.tokens.access, client.tokens.refresh)
    )
    assert access["aud"] == refresh["aud"] == academy.public_id
    assert access["sid"] == refresh["sid"] == str(client.tokens.sign_in)
    assert access["kind"] == "staff"
    assert access["exp"] - access["iat"] == 15 * 60
    assert refresh["exp"] - refresh["iat"] == 7 * 24 * 3600
    assert (access["token_type"], refresh["token_type"]) == ("access", "refresh")


def test_a_parent_with_a_password_comes_in_for_a_ward(academy: Business) -> None:
    parent = user_make(academy, password=PASSWORD)
    given = {"email": parent.email, "password": PASSWORD}

    def student_of(answer: Any) -> Any:
        me = api(academy, answer.json()["access"]).get("auth/me").json()
        return me["kind"], me["student"]

    assert student_of(anyone(academy).post("auth/login", given)) == ("student", None)
    kavya = ward_make(academy, parent, "Kavya")
    assert student_of(anyone(academy).post("auth/login", given)) == ("student", str(kavya))
    rohan = ward_make(academy, parent, "Rohan")
    assert student_of(anyone(academy).post("auth/login", given)) == ("student", None)
    assert student_of(anyone(academy).post("auth/login", given | {"profile": rohan})) == ("student", str(rohan))
    before = sign_ins(academy)
    foreign = anyone(academy).post("auth/login", given | {"profile": UUID(int=5)})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "accounts.profile_unknown")
    assert sign_ins(academy) == before


@pytest.mark.parametrize("case", ["unknown", "wrong", "no_password", "deactivated", "invited"])
def test_whoever_may_not_sign_in_gets_one_answer(academy: Business, case: str) -> None:
    user = user_make(academy, role="teacher", password=None if case == "no_password" else PASSWORD)
    with tenant_scope(academy):
        if case == "deactivated":
            user_deactivate(user=user)
        if case == "invited":
            User.objects.update(state="invited")
        if case == "unknown":
            User.objects.update(email="someone-else@example.in")
    answer = login(academy, user, "not-the-password" if case == "wrong" else PASSWORD)
    problem = answer.json()
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert (problem["code"], problem["detail"]) == ("accounts.credentials_wrong", "E-mail or password is wrong")
    assert sign_ins(academy) == []


def test_five_guesses_lock_an_address_known_or_not_for_five_minutes(academy: Business, clock: Any) -> None:
    user = user_make(academy, role="teacher", password=PASSWORD)
    for email in (str(user.email), "stranger@example.in"):
        given = {"email": email, "password": "not-the-password"}
        codes = [anyone(academy).post("auth/login", given).json()["code"] for _ in range(6)]
        assert codes == ["accounts.credentials_wrong"] * 5 + ["accounts.login_locked"]
    locked = login(academy, user)
    assert locked.status_code == 429
    assert locked.json()["code"] == "accounts.login_locked"
    assert 290 <= locked.json()["retry_after"] <= 301
    assert locked.headers["Retry-After"] == str(locked.json()["retry_after"])
    clock.move(minutes=5, seconds=1)
    assert login(academy, user).status_code == 200


def test_racing_guesses_share_one_count(academy: Business) -> None:
    user = user_make(academy, role="teacher", password=PASSWORD)
    outcomes = race(32, lambda _: login(academy, user, "not-the-password").json()["code"])
    assert outcomes == {"accounts.credentials_wrong": 5, "accounts.login_locked": 27}


def test_an_access_token_is_checked_by_one_query(academy: Business) -> None:
    client = signed_in(academy, "staff", "manager")
    with CaptureQueriesContext(connection) as seen:
        assert client.post("auth/verify").status_code == 200
    assert len([q for q in seen.captured_queries if "accounts_" in q["sql"]]) == 1


def test_an_access_token_dies_with_its_quarter_hour(academy: Business, clock: Any) -> None:
    client = signed_in(academy)
    clock.move(minutes=14, seconds=58)
    assert client.get("auth/me").status_code == 200
    clock.move(seconds=3)
    answer = client.get("auth/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts.token_expired")


def test_logout_ends_both_tokens_at_once(academy: Business) -> None:
    client = signed_in(academy)
    other = signed_in(academy, user=client.user)
    assert client.tokens
    assert client.post("auth/logout").status_code == 204
    for answer in (client.get("auth/me"), anyone(academy).post("auth/refresh", {"refresh": client.tokens.refresh})):
        assert (answer.status_code, answer.json()["code"]) == (401, "accounts.signed_out")
    assert other.get("auth/me").status_code == 200


def test_refresh_rotates_and_an_old_token_ends_the_sign_in(academy: Business) -> None:
    client = signed_in(academy)
    assert client.tokens
    first = client.tokens.refresh
    pair = anyone(academy).post("auth/refresh", {"refresh": first}).json()
    assert pair["sign_in"] == str(client.tokens.sign_in)
    assert api(academy, pair["access"]).get("auth/me").status_code == 200
    again = anyone(academy).post("auth/refresh", {"refresh": first})
    assert (again.status_code, again.json()["code"]) == (401, "accounts.signed_out")
    for answer in (
        api(academy, pair["access"]).get("auth/me"),
        client.get("auth/me"),
        anyone(academy).post("auth/refresh", {"refresh": pair["refresh"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "accounts.signed_out")
    assert [row[3] for row in sign_ins(academy)] == ["reuse"]


def test_a_refresh_token_raced_counts_once_and_ends_the_sign_in(academy: Business) -> None:
    with racing(32) as round_of:
        for _ in range(20):
            client = signed_in(academy)
            assert client.tokens
            given = {"refresh": client.tokens.refresh}
            outcomes = round_of(lambda _, given=given: anyone(academy).post("auth/refresh", given).status_code)
            assert outcomes == {200: 1, 401: 31}
            assert client.get("auth/me").status_code == 401
    assert {row[3] for row in sign_ins(academy)} == {"reuse"}


def test_a_refresh_token_lives_seven_days(academy: Business, clock: Any) -> None:
    client = signed_in(academy)
    assert client.tokens
    clock.move(days=7, seconds=1)
    answer = anyone(academy).post("auth/refresh", {"refresh": client.tokens.refresh})
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts.token_expired")
    assert [row[2] for row in sign_ins(academy)] == [None]


def forged(client: Client, **how: Any) -> str:
    """The client's access token with claims, key or algorithm exchanged."""
    claims = jwt.decode(client.token, options={"verify_signature": False}) | how.get("claims", {})
    for missing in how.get("without", ()):
        del claims[missing]
    with tenant_scope(client.business):
        own_key = _backend(client.business.public_id, settings.SECRET_KEY).signing_key
    return jwt.encode(claims, how.get("key", own_key), algorithm=how.get("algorithm", "HS256"))


@pytest.mark.parametrize(
    "how",
    [
        {"algorithm": "none", "key": None},
        {"algorithm": "HS512"},
        {"key": "another-key-of-thirty-two-bytes!"},
        {"claims": {"aud": "platform"}},
        {"claims": {"token_type": "refresh"}},
        {"claims": {"sid": "not-an-id"}},
        {"without": ["sid"]},
        {"without": ["exp"]},
        {"without": ["aud"]},
    ],
    ids=lambda how: "-".join(map(str, how)),
)
def test_a_forged_token_opens_nothing(academy: Business, how: dict[str, Any]) -> None:
    client = signed_in(academy)
    assert api(academy, forged(client)).get("auth/me").status_code == 200
    answer = api(academy, forged(client, **how)).get("auth/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts.token_invalid")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer नमस्ते", "Bearer a.b.c", "bearer \xff"])
def test_what_is_no_token_opens_nothing(academy: Business, header: str) -> None:
    sent = header.encode().decode("latin-1")
    answer = anyone(academy).get("auth/me", headers={"Authorization": sent})
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts.token_invalid")


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Token abc", ""])
def test_another_scheme_is_no_sign_in(academy: Business, header: str) -> None:
    answer = anyone(academy).get("auth/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "http.not_signed_in")


def test_tokens_of_one_business_are_worthless_everywhere_else(
    academy: Business, other_academy: Business, platform: Business
) -> None:
    home = signed_in(academy)
    assert home.tokens
    root = signed_in(platform, "admin", "super_admin")
    assert root.tokens
    # The same ids stand in the other schema, so that only the token tells the businesses apart.
    twin = signed_in(other_academy)
    with tenant_scope(other_academy):
        SignIn.objects.filter(id=twin.tokens.sign_in if twin.tokens else None).update(id=home.tokens.sign_in)
    before = sign_ins(other_academy)
    for business, client in (
        (other_academy, home),
        (platform, home),
        (academy, root),
        (other_academy, root),
    ):
        assert client.tokens
        for answer in (
            api(business, client).get("auth/me"),
            api(business, client).post("auth/logout"),
            api(business, client).get("users"),
            anyone(business).post("auth/refresh", {"refresh": client.tokens.refresh}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "accounts.token_invalid")
    assert sign_ins(other_academy) == before
    assert home.get("auth/me").status_code == root.get("auth/me").status_code == 200


def test_a_token_of_one_kind_does_not_pass_for_another(academy: Business) -> None:
    client = signed_in(academy)
    assert client.tokens
    wrong_way = api(academy, client.tokens.refresh).get("auth/me")
    assert (wrong_way.status_code, wrong_way.json()["code"]) == (401, "accounts.token_invalid")
    other_way = anyone(academy).post("auth/refresh", {"refresh": client.tokens.access})
    assert (other_way.status_code, other_way.json()["code"]) == (401, "accounts.token_invalid")
    assert client.get("auth/me").status_code == 200


def test_devices_are_listed_and_revoked_by_their_owner_alone(academy: Business) -> None:
    phone = signed_in(academy)
    desk = signed_in(academy, user=phone.user)
    stranger = signed_in(academy)
    assert phone.tokens
    assert desk.tokens
    assert stranger.tokens
    listed = phone.get("auth/devices").json()["results"]
    assert [row["id"] for row in listed] == [str(desk.tokens.sign_in), str(phone.tokens.sign_in)]
    assert {row["device"] for row in listed} == {"test client"}
    foreign = phone.delete(f"auth/devices/{stranger.tokens.sign_in}")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "http.not_found")
    assert stranger.get("auth/me").status_code == 200
    assert phone.delete(f"auth/devices/{desk.tokens.sign_in}").status_code == 204
    assert phone.delete(f"auth/devices/{desk.tokens.sign_in}").status_code == 404
    assert desk.get("auth/me").json()["code"] == "accounts.signed_out"
    assert [row["id"] for row in phone.get("auth/devices").json()["results"]] == [str(phone.tokens.sign_in)]


def test_one_changes_ones_own_name_and_nothing_else(academy: Business) -> None:
    client = signed_in(academy)
    assert client.patch("auth/me", {"name": " आशा राव "}).json()["name"] == "आशा राव"
    refused = client.patch("auth/me", {"email": "new@example.in"})
    assert (refused.status_code, refused.json()["code"]) == (400, "http.unknown_field")
    assert client.get("auth/me").json()["name"] == "आशा राव"


def test_no_token_no_answer(academy: Business) -> None:
    for method, path in (
        ("GET", "auth/me"),
        ("POST", "auth/verify"),
        ("POST", "auth/logout"),
        ("GET", "auth/devices"),
        ("DELETE", f"auth/devices/{UUID(int=1)}"),
        ("GET", "users"),
        ("GET", "roles"),
    ):
        answer = anyone(academy).call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "http.not_signed_in"), path


def test_verify_tells_whom_the_token_stands_for(platform: Business) -> None:
    client = signed_in(platform, "admin", "finance")
    assert client.user
    body = client.post("auth/verify").json()
    assert (body["user"], body["kind"], body["roles"]) == (str(client.user.id), "admin", ["finance"])
    assert "credits.allocate" in body["permissions"]
    assert "tenants.add" not in body["permissions"]


def test_known_and_unknown_addresses_take_alike_long(academy: Business, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    user = user_make(academy, role="teacher", password=PASSWORD)

    def work(email: str) -> float:
        began = time.process_time()
        assert anyone(academy).post("auth/login", {"email": email, "password": "wrong-one"}).status_code == 401
        return time.process_time() - began

    # Counted as work, not waited for, so that a busy machine tells them apart no more than an idle one.
    tries = [(work(str(user.email)), work("nobody@example.in")) for _ in range(4)]
    known, unknown = (min(took) for took in zip(*tries, strict=True))
    assert 0.5 < known / unknown < 2


def test_a_suspended_tenants_staff_may_sign_in_and_see_little(academy: Business) -> None:
    user = user_make(academy, role="owner", password=PASSWORD)
    with platform_scope():
        Tenant.objects.filter(schema_name=academy.schema).update(state="suspended")
    forget()
    answer = login(academy, user)
    assert answer.status_code == 200
    client = api(academy, answer.json()["access"])
    assert client.get("auth/me").status_code == 200
    for refused in (client.get("users"), anyone(academy).post("auth/send-otp", {"phone": user.phone})):
        assert (refused.status_code, refused.json()["code"]) == (403, "tenancy.suspended")


def test_sockets_of_a_sign_in_are_told_that_it_ended(academy: Business) -> None:
    client = signed_in(academy)
    assert client.tokens
    listener = redis.Redis.from_url(settings.REDIS_URL).pubsub(ignore_subscribe_messages=True)
    listener.subscribe(channel())
    listener.get_message(timeout=5)
    client.post("auth/logout")
    heard = next(filter(None, (listener.get_message(timeout=1) for _ in range(20))))
    assert heard["data"] == f"sign-in {academy.schema} {client.tokens.sign_in}\n".encode()
    listener.close()
