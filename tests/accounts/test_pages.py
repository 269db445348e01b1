"""Signing in and out in a browser: one session a sign-in, of one host, never carried over, and forms that are ours."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import override_settings

from kernel.tenancy import Business, business_scope, tenant_scope
from shared_apps.accounts import sessions
from shared_apps.accounts.errors import SignedOut
from shared_apps.accounts.models import SignIn
from shared_apps.accounts.services import session_open
from shared_apps.accounts.sockets import authenticate
from tests.accounts.wards import ward_make
from tests.conftest import TestClock
from tests.support.otp import code_sent, links_sent
from tests.support.people import Client, admin, anyone, staff, user_make
from tests.support.second_factor import code_of, wrong

PASSWORD = "a quiet river at dusk"


def enter(client: Client, form: dict[str, str], *, path: str = "/sign-in/staff", **headers: str) -> HttpResponse:
    return client.page("POST", path, form, headers=headers)


def test_a_password_opens_a_session_of_this_host_alone_and_leads_back(
    academy: Business, other_academy: Business
) -> None:
    user = user_make(academy, role="owner", password=PASSWORD)
    given = {"email": str(user.email), "password": PASSWORD}
    answer = enter(anyone(academy), given | {"next": "/students?state=active"})
    assert (answer.status_code, answer["Location"]) == (302, "/students?state=active")
    cookie = answer.cookies["session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    mine = Client(academy, session=cookie.value)
    assert mine.page("GET", "/students").status_code == 200
    assert mine.page("GET", "/sign-in/staff").status_code == 302
    # Elsewhere it stands for nobody, and is taken away.
    abroad = Client(other_academy, session=cookie.value)
    assert abroad.page("GET", "/students")["Location"] == "/sign-in?next=%2Fstudents&lapsed=1"
    assert abroad.page("GET", "/sign-in").cookies["session"].value == ""
    # No page of another's is led to, whatever the form says.
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"):
        assert enter(anyone(academy), given | {"next": elsewhere})["Location"] == "/"


def test_over_https_the_cookie_says_that_it_is_of_this_host() -> None:
    with override_settings(SCHEME="https"):
        client = admin()
        answer = client.page("GET", "/")
        assert answer.status_code == 200
        assert sessions.name() == "__Host-session"
        sessions.forget(answer)
        assert answer.cookies["__Host-session"]["secure"] is True
        assert answer.cookies["__Host-session"]["path"] == "/"


def test_signing_in_ends_what_the_browser_came_with_and_out_ends_all(academy: Business) -> None:
    first = staff(academy, "manager")
    user = user_make(academy, role="owner", password=PASSWORD)
    # A session forced upon a browser ends when its person signs in, for pages and API alike.
    answer = enter(first, {"email": str(user.email), "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.cookies["session"].value != first.session
    assert first.page("GET", "/students")["Location"] == "/sign-in?next=%2Fstudents&lapsed=1"
    assert first.get("auth/me").status_code == 401
    mine = Client(academy, session=answer.cookies["session"].value)
    with tenant_scope(academy):
        assert authenticate({"cookies": {"session": mine.session}}).user_id == user.id
    gone = mine.page("POST", "/sign-out")
    assert (gone.status_code, gone["Location"], gone.cookies["session"].value) == (302, "/sign-in", "")
    assert mine.page("GET", "/students").status_code == 302
    with tenant_scope(academy), pytest.raises(SignedOut):
        authenticate({"cookies": {"session": mine.session}})


def test_a_wrong_password_shows_the_form_again_and_keeps_nothing_typed_secret(academy: Business) -> None:
    user = user_make(academy, role="owner", password=PASSWORD)
    with tenant_scope(academy):
        before = SignIn.objects.count()
    answer = enter(anyone(academy), {"email": str(user.email), "password": "not this one at all"})
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "E-mail or password is wrong" in said
    assert "not this one at all" not in said
    assert "session" not in answer.cookies
    with tenant_scope(academy):
        assert SignIn.objects.count() == before


def test_an_admin_gives_a_code_too_and_one_without_sets_it_up(platform: Business) -> None:
    user = user_make(platform, role="operations", password=PASSWORD)
    given = {"email": str(user.email), "password": PASSWORD}
    page = enter(anyone(platform), given, path="/sign-in").content.decode()
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]  # type: ignore[index]
    token = re.search(r'name="enrolment" value="([^"]+)"', page)[1]  # type: ignore[index]
    slip = anyone(platform).page("POST", "/sign-in/enrol", {"enrolment": token, "code": wrong(secret)})
    assert (slip.status_code, secret in slip.content.decode()) == (422, True)
    done = anyone(platform).page("POST", "/sign-in/enrol", {"enrolment": token, "code": code_of(secret)})
    assert done.status_code == 200
    assert len(re.findall(r"<li>[a-z2-7]{5}-[a-z2-7]{5}</li>", done.content.decode())) == 10
    assert Client(platform, session=done.cookies["session"].value).page("GET", "/tenants").status_code == 200
    # From now on the password alone asks for the code, and htmx is given just the rest of the form.
    asked = enter(anyone(platform), given, path="/sign-in", **{"HX-Request": "true"})
    assert asked.status_code == 200
    assert 'name="second_factor"' in asked.content.decode()
    assert "<html" not in asked.content.decode()
    assert enter(anyone(platform), given | {"second_factor": wrong(secret)}, path="/sign-in").status_code == 422
    entered = enter(
        anyone(platform),
        given | {"second_factor": code_of(secret, steps=1), "next": "/tenants"},
        path="/sign-in",
        **{"HX-Request": "true"},
    )
    assert (entered.status_code, entered["HX-Redirect"]) == (200, "/tenants")
    assert entered.cookies["session"].value


def test_a_code_to_the_phone_leads_to_the_choice_of_whom_to_act_for(academy: Business) -> None:
    parent = user_make(academy)
    children = [ward_make(academy, parent, name) for name in ("Asha", "Ravi")]
    phone = str(parent.phone)
    sent = anyone(academy).page("POST", "/sign-in", {"phone": phone[3:], "next": "/dues"})
    assert sent.status_code == 200
    assert f"+91 {phone[3:8]} {phone[8:]}" in sent.content.decode()
    assert anyone(academy).page("POST", "/sign-in/code", {"phone": phone, "code": "12"}).status_code == 422
    code = code_sent(academy, phone)
    choice = anyone(academy).page("POST", "/sign-in/code", {"phone": phone, "code": code, "next": "/dues"})
    assert choice.status_code == 200
    selection = re.search(r'name="selection" value="([^"]+)"', choice.content.decode())[1]  # type: ignore[index]
    picked = anyone(academy).page(
        "POST", "/sign-in/profile", {"selection": selection, "profile": str(children[1]), "next": "/dues"}
    )
    assert (picked.status_code, picked["Location"]) == (302, "/dues")
    with tenant_scope(academy):
        assert SignIn.objects.get(user=parent).student == children[1]
    # The choice is made once.
    again = {"selection": selection, "profile": str(children[0])}
    assert anyone(academy).page("POST", "/sign-in/profile", again).status_code == 401


def test_a_form_without_our_token_is_refused_and_changes_nothing(academy: Business) -> None:
    client = staff(academy)
    assert client.tokens
    browser = Browser(enforce_csrf_checks=True, headers={"Host": client.host, "Accept": "text/html"})
    browser.cookies["session"] = client.session
    refused = browser.post("/sign-out")
    assert refused.status_code == 403
    assert "This form is no longer good" in refused.content.decode()
    page = browser.get("/").content.decode()
    token = re.search(r'"X-CSRFToken": "(\w+)"', page)[1]  # type: ignore[index]
    foreign = browser.post("/sign-out", headers={"X-CSRFToken": token, "Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert browser.get("/students").status_code == 200
    assert browser.post("/sign-out", headers={"X-CSRFToken": token}).status_code == 302
    # The API takes no cookie: it needs no such token, and a session opens none of it.
    assert browser.get("/api/v1/auth/me").status_code == 401


def test_a_session_in_use_lives_on_and_an_idle_one_ends(academy: Business, clock: TestClock) -> None:
    for client, hours in ((staff(academy), 7 * 24), (admin(), 12)):
        assert client.tokens
        with business_scope(client.business):
            text = session_open(sign_in=client.tokens.sign_in)
        mine = Client(client.business, session=text)
        clock.move(minutes=59)
        assert "session" not in mine.page("GET", "/").cookies
        clock.move(minutes=61)
        renewed = mine.page("GET", "/").cookies["session"].value
        clock.move(minutes=hours * 60 - 1)
        assert Client(client.business, session=renewed).page("GET", "/").status_code == 200
        assert mine.page("GET", "/").status_code == 302
        clock.move(hours=hours, minutes=1)
        assert Client(client.business, session=renewed).page("GET", "/")["Location"] == "/sign-in?next=%2F&lapsed=1"
        clock.reset()


def test_htmx_is_sent_to_sign_in_as_a_whole_page_and_back_to_where_it_was(academy: Business) -> None:
    client = anyone(academy)
    address = f"http://{client.host}/students?q=a"
    answer = client.page("GET", "/students", headers={"HX-Request": "true", "HX-Current-URL": address})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/sign-in?next=%2Fstudents%3Fq%3Da")
    stranger = {"HX-Request": "true", "HX-Current-URL": "http://evil.example/students"}
    assert client.page("GET", "/students", headers=stranger)["HX-Redirect"] == "/sign-in?next=%2F"


def test_a_mailed_link_sets_the_password_once(academy: Business) -> None:
    user = user_make(academy, role="teacher", password=PASSWORD)
    asked = anyone(academy).page("POST", "/password/forgotten", {"email": str(user.email)})
    stranger = anyone(academy).page("POST", "/password/forgotten", {"email": "nobody@school.in"})
    assert asked.status_code == stranger.status_code == 200
    (token,) = links_sent(academy, str(user.email))
    page = anyone(academy).page("GET", f"/password?token={token}")
    assert page["Referrer-Policy"] == "strict-origin"
    assert token in page.content.decode()
    assert anyone(academy).page("POST", "/password", {"token": token, "password": "password1234"}).status_code == 422
    chosen = {"token": token, "password": "another river at dawn"}
    assert anyone(academy).page("POST", "/password", chosen).status_code == 200
    assert anyone(academy).page("POST", "/password", chosen).status_code == 410
    assert enter(anyone(academy), {"email": str(user.email), "password": chosen["password"]}).status_code == 302
