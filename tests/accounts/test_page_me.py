"""One's own page: devices ended one by one and all at once, the profile switched, and nobody else's touched."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import SignIn, User
from shared_apps.accounts.pages_me import device_words
from tests.support.factories.people import branch_make, student_make
from tests.support.people import Client, phone_make, signed_in, staff

ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Mobile Safari/537.36"
)


@pytest.fixture
def mother(academy: Business) -> Callable[[], tuple[Client, list[Any]]]:
    """A number that stands for two students, signed in for the first."""
    branch, phone = branch_make(academy), phone_make()
    children = [student_make(academy, branch, name=name, phone=phone) for name in ("Ananya Iyer", "Arjun Iyer")]
    with tenant_scope(academy):
        user = User.objects.get(phone=phone)
    return lambda: (signed_in(academy, "student", user=user, student=children[0].id), children)


def live(business: Business, client: Client) -> set[UUID]:
    assert client.user
    with tenant_scope(business):
        return set(SignIn.objects.filter(user=client.user, ended_at=None).values_list("id", flat=True))


def test_devices_are_ended_one_by_one_and_all_at_once(academy: Business) -> None:
    here, other = staff(academy), staff(academy)
    there = signed_in(academy, user=here.user)
    assert here.tokens
    assert there.tokens
    assert other.tokens
    page = here.page("GET", "/me").content.decode()
    assert page.count("This device") == 1
    assert page.count("test client") >= 2
    # Another's device is nobody's here, and stays.
    assert here.page("POST", f"/me/devices/{other.tokens.sign_in}").status_code == 404
    assert live(academy, other) == {other.tokens.sign_in}
    assert here.page("POST", f"/me/devices/{there.tokens.sign_in}").status_code == 302
    assert live(academy, here) == {here.tokens.sign_in}
    assert there.page("GET", "/me").status_code == 302
    third = signed_in(academy, user=here.user)
    gone = here.page("POST", "/sign-out/everywhere")
    assert (gone.status_code, gone["Location"], gone["Clear-Site-Data"]) == (302, "/sign-in", '"storage"')
    assert live(academy, here) == set()
    assert third.page("GET", "/me").status_code == 302


def test_a_guardian_acts_for_one_child_after_the_other(academy: Business, mother: Any) -> None:
    client, (ananya, arjun) = mother()
    home = client.page("GET", "/").content.decode()
    assert "Ananya Iyer" in home
    assert "Arjun Iyer" in home
    assert client.page("POST", "/me/profile", {"profile": str(arjun.id)}).status_code == 302
    with tenant_scope(academy):
        assert SignIn.objects.get(id=client.tokens.sign_in).student == arjun.id
    stranger = student_make(academy, branch_make(academy), name="Rohit Deshmukh")
    for profile, status in ((stranger.id, 404), (uuid7(), 404), ("nonsense", 404)):
        assert client.page("POST", "/me/profile", {"profile": str(profile)}).status_code in (status, 401, 422)
    with tenant_scope(academy):
        assert SignIn.objects.get(id=client.tokens.sign_in).student == arjun.id
    assert staff(academy).page("POST", "/me/profile", {"profile": str(ananya.id)}).status_code == 403


def test_numbers_are_masked_and_devices_have_names(mother: Any) -> None:
    client, _ = mother()
    assert client.user
    page = client.page("GET", "/me").content.decode()
    assert str(client.user.phone) not in page
    assert str(client.user.phone)[-4:] in page
    assert device_words(ANDROID) == "Chrome, Android"
    assert (
        device_words("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1")
        == "Safari, iPhone"
    )
    assert device_words("curl/8") == "curl/8"


def test_the_worker_is_a_students_alone(academy: Business, mother: Any) -> None:
    client, (_ananya, arjun) = mother()
    mine = client.page("GET", "/sw.js")
    assert mine["Content-Type"].startswith("text/javascript")
    assert "default-src 'self'" in mine["Content-Security-Policy"]
    first = mine.content.decode().split("\n", 1)[0]
    assert '"pages": ["/today", "/pass"]' in first
    client.page("POST", "/me/profile", {"profile": str(arjun.id)})
    # Another child's days are kept apart; nobody's and staff's worker takes itself away.
    assert client.page("GET", "/sw.js").content.decode().split("\n", 1)[0] != first
    for other in (staff(academy), Client(academy)):
        assert '"whose": ""' in other.page("GET", "/sw.js").content.decode()
    manifest: Any = Client(academy).page("GET", "/manifest.webmanifest")
    assert manifest.json()["name"] == academy.name
    assert Client(academy).page("GET", "/icon-192.png").content[:8] == b"\x89PNG\r\n\x1a\n"
    assert Client(academy).page("GET", "/icon-193.png").status_code == 404
