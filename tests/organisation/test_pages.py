"""Settings of a business: names, papers, colour, logo; the set-up read from what is there; the search of staff."""

import struct
import zlib
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Django
from django.test.utils import CaptureQueriesContext, override_settings

from kernel.audit.models import Entry
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.directory import business_by_schema
from shared_apps.accounts import sessions
from shared_apps.accounts.models import User
from shared_apps.accounts.selectors import actor_by_session
from shared_apps.organisation import selectors
from shared_apps.organisation.setup import checklist
from shared_apps.tenants.models import Tenant
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, admin, signed_in, staff, user_make

FORM = {"name": "Lakshya Academy", "language": "hi", "zone": "Asia/Kolkata"}
GSTIN = "27AAPFU0939F1ZV"


def picture(colour: bytes = b"\xff\x00\x00") -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00" + colour)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def upload(who: Client, body: bytes, **fields: str) -> Any:
    django = Django()
    django.cookies[sessions.name()] = who.session
    sent = {"logo": SimpleUploadedFile("logo.png", body, content_type="image/png")} if body else {}
    headers = {"Host": who.host, "Accept": "text/html", "X-Forwarded-For": who.ip}
    return django.post("/settings/brand/logo", {**sent, **fields}, headers=headers)


def test_names_and_papers_are_kept_and_wrong_ones_are_not(academy: Business) -> None:
    owner = staff(academy)
    given = FORM | {"legal_name": "Lakshya  Education LLP", "gstin": GSTIN.lower(), "phone": "98765 43210"}
    assert owner.page("POST", "/settings", given).status_code == 302
    with tenant_scope(academy):
        row = selectors.profile()
        assert (row.legal_name, row.gstin, row.phone) == ("Lakshya Education LLP", GSTIN, "+919876543210")
        assert {entry.action for entry in Entry.objects.filter(subject_type="organisation")} == {
            "organisation.profile_save",
            "organisation.presentation_save",
        }
    after = business_by_schema(academy.schema)
    assert (after.name, after.language) == ("Lakshya Academy", "hi")
    assert '<html lang="hi"' in owner.page("GET", "/settings").content.decode()
    with tenant_scope(academy):
        before = (Entry.objects.count(), row.updated_at)
    for wrong in (
        {"gstin": "27AAPFU0939F1ZW"},
        {"phone": "12"},
        {"zone": "Mars/Olympus"},
        {"name": ""},
        {"email": "x"},
    ):
        refused = owner.page("POST", "/settings", given | {"legal_name": "Another"} | wrong)
        assert (refused.status_code, "aria-invalid" in refused.content.decode()) == (422, True), wrong
    with tenant_scope(academy):
        assert (Entry.objects.count(), selectors.profile().updated_at) == before


def test_a_colour_is_on_every_page_and_for_no_other_business(academy: Business, other_academy: Business) -> None:
    owner = staff(academy)
    assert "brand.css" not in owner.page("GET", "/").content.decode()
    assert owner.page("POST", "/settings/brand", {"colour": "#B1271F"}).status_code == 302
    assert "/brand.css?v=b1271f" in owner.page("GET", "/").content.decode()
    assert "brand.css" not in staff(other_academy).page("GET", "/").content.decode()
    sheet = owner.page("GET", "/brand.css?v=b1271f")
    assert (sheet.status_code, sheet["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in sheet["Cache-Control"]
    assert owner.page("GET", "/brand.css?v=red;}*{").status_code == 404
    assert owner.page("POST", "/settings/brand", {"colour": "reddish"}).status_code == 422
    with platform_scope():
        assert Tenant.objects.get(schema_name=academy.schema).brand == "b1271f"
    assert owner.page("POST", "/settings/brand", {"colour": "#000000", "plain": "1"}).status_code == 302
    assert business_by_schema(academy.schema).brand == ""


@pytest.mark.usefixtures("bucket")
def test_a_logo_is_shown_replaced_and_taken_away(academy: Business) -> None:
    owner = staff(academy)
    assert upload(owner, picture()).status_code == 302
    first = business_by_schema(academy.schema).logo
    assert f"/logo?v={first}" in owner.page("GET", "/").content.decode()
    shown = owner.page("GET", f"/logo?v={first}")
    assert (shown.content, shown["Content-Type"]) == (picture(), "image/png")
    for wrong in (b"<svg onload=alert(1)>", picture() + b"\x00" * 600_000):
        assert upload(owner, wrong).status_code == 422
        assert business_by_schema(academy.schema).logo == first
    assert upload(owner, picture(b"\x00\xff\x00")).status_code == 302
    assert owner.page("GET", f"/logo?v={first}").status_code == 404
    assert upload(owner, b"", remove="1").status_code == 302
    assert business_by_schema(academy.schema).logo == ""


def test_the_set_up_is_read_from_what_is_there(academy: Business) -> None:
    owner = staff(academy)

    def stands() -> dict[str, str]:
        with override_settings(ROOT_URLCONF=settings.TENANT_URLCONF), tenant_scope(business_by_schema(academy.schema)):
            listed = checklist(actor_by_session(owner.session))
            assert listed is not None
            return {step.key: step.state for step in listed.steps}

    first = stands()
    assert set(first.values()) == {"open"}
    assert "seats" not in first  # an academy seats nobody
    assert {"logo", "branch", "timetable", "students", "fees", "gateway", "staff", "class"} <= set(first)
    branch = branch_make(academy, kind="academy")
    student_make(academy, branch)
    user_make(academy, role="teacher")
    owner.page("POST", "/settings/brand", {"colour": "#b1271f"})
    assert owner.page("POST", "/setup/gateway").status_code == 302
    now = stands()
    done = {key for key, state in now.items() if state == "done"}
    assert (done, now["gateway"]) == ({"logo", "branch", "students", "staff"}, "skipped")
    page = owner.page("GET", "/setup").content.decode()
    assert "Take up again" in page
    assert "5 / 8" in page
    owner.page("POST", "/setup/gateway", {"again": "1"})
    assert stands()["gateway"] == "open"
    assert owner.page("POST", "/setup/nonsense").status_code == 404
    assert staff(academy, "teacher").page("GET", "/setup").status_code == 403


def test_the_search_finds_what_one_may_see_and_goes_straight_to_what_is_named(academy: Business) -> None:
    branch, far = branch_make(academy, name="Kothrud"), branch_make(academy, name="Far")
    asha = student_make(academy, branch, name="Asha Rao")
    student_make(academy, far, name="Asha Far")
    user_make(academy, role="teacher", name="Ashok Pathak")
    owner, teacher = staff(academy), staff(academy, "teacher")
    page = owner.page("GET", "/search?q=asho").content.decode()
    assert "Ashok Pathak" in page
    assert owner.page("GET", f"/search?q={asha.phone[-10:]}")["Location"] == f"/students/{asha.id}"
    assert owner.page("GET", f"/search?q={asha.code}")["Location"] == f"/students/{asha.id}"
    address = f"http://{owner.host}/students?state=active"
    assert owner.page("GET", f"/search?q={address}")["Location"] == "/students?state=active"
    assert owner.page("GET", "/search?q=http://elsewhere.example/students").status_code == 200
    # A number that is hidden from someone finds nobody for them.
    hidden = teacher.page("GET", f"/search?q={asha.phone[-10:]}")
    assert (hidden.status_code, "Asha Rao" in hidden.content.decode()) == (200, False)
    assert "Ashok" not in teacher.page("GET", "/search?q=ashok", headers={"HX-Request": "true"}).content.decode()
    here = staff(academy, "front_desk", branch=branch.id).page("GET", "/search?q=asha").content.decode()
    assert ("Asha Rao" in here, "Asha Far" in here) == (True, False)
    # Pages and deeds by right, in the reader's language.
    assert "/settings/gateways/new" in owner.page("GET", "/search?q=gateway").content.decode()
    assert "/settings/gateways" not in teacher.page("GET", "/search?q=gateway").content.decode()
    with tenant_scope(academy):
        person = User.objects.get(id=user_of(academy, asha))
    pupil = signed_in(academy, "student", user=person, student=asha.id)
    found = pupil.page("GET", "/search?q=asha", headers={"HX-Request": "true"}).content.decode()
    assert "Asha" not in found.replace("“asha”", "")
    with CaptureQueriesContext(connection) as seen:
        assert owner.page("GET", "/search?q=asha", headers={"HX-Request": "true"}).status_code == 200
    assert len(seen) <= 6, [query["sql"] for query in seen]


def test_seats_and_tenants_are_found_by_what_stands_on_them(library: Business) -> None:
    reading = reading_make(library)
    seat = reading.seats[0]
    assert f"seat={seat.id}" in staff(library).page("GET", f"/search?q={seat.label.lower()}")["Location"]
    operator = admin()
    assert operator.page("GET", f"/search?q={library.slug}")["Location"] == f"/tenants/{library.id}"
    assert f"/tenants/{library.id}" in operator.page("GET", f"/search?q={library.slug[:-1]}").content.decode()


def test_settings_are_for_who_leads(academy: Business) -> None:
    desk = staff(academy, "front_desk")
    for path in (
        "/settings",
        "/settings/brand",
        "/settings/staff",
        "/settings/gateways",
        "/settings/branches",
        "/setup",
    ):
        assert desk.page("GET", path).status_code == 403, path
    manager = staff(academy, "manager")
    assert manager.page("GET", "/settings/gateways").status_code == 403
    assert manager.page("POST", "/settings", FORM).status_code == 302
    assert "/settings/gateways" not in manager.page("GET", "/settings").content.decode()
