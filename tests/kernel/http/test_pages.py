"""The base of pages: nothing typed into an address or a form brings about a fault of ours; refusals are pages too."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import get_resolver

from kernel.http.pages import PUBLIC, PageView
from kernel.ids import uuid7
from kernel.tenancy import Business
from tests.support.people import Client, admin, anyone, staff
from tests.support.views import urlconf_of

ODD = ("\x00", "x" * 3_000, "-1", "99999999999999999999", "'\"<script>%s{{7*7}}", "२०")
WORDS = ("q", "state", "kind", "page", "slug", "next", "token", "name", "email", "password", "phone", "code", "profile")
WORDS += ("selection", "enrolment", "language", "theme", "plan", "reason", "confirm", "owner_email", "second_factor")


def pages_of(business: Business) -> list[tuple[type[PageView], str]]:
    """Every page of a host, with an address of it."""
    values = {"uuid": str(uuid7()), "slug": "none", "str": "none", "int": "1"}
    found = []
    for pattern in get_resolver(urlconf_of(business)).url_patterns:
        view: Any = getattr(getattr(pattern, "callback", None), "cls", object)
        if issubclass(view, PageView):
            path = re.sub(r"<(\w+):\w+>", lambda place: values[place[1]], str(pattern.pattern))
            found.append((view, f"/{path}"))
    return found


@pytest.mark.parametrize("where", ["academy", "platform"])
def test_nothing_odd_is_a_fault(request: pytest.FixtureRequest, where: str) -> None:
    business: Business = request.getfixturevalue(where)
    tried = 0
    for view, path in pages_of(business):
        # Each page has a caller of its own: one of them signs out.
        who: Client = admin() if business.is_platform else staff(business)
        for odd in ODD:
            given = dict.fromkeys(WORDS, odd)
            # Strangers are stopped before what they typed is read, but where a page is for them: once shows it.
            is_read = odd == ODD[0] or PUBLIC in view.permission.values()
            for client in (who, anyone(business)) if is_read else (who,):
                for method in view.permission:
                    asked = path if method == "POST" else f"{path}?{urlencode(given)}"
                    answer: Any = client.page(method, asked, given if method == "POST" else None)
                    assert answer.status_code < 500, (method, path, odd)
                    said = b"".join(answer.streaming_content) if answer.streaming else answer.content
                    assert b"<script>%s" not in said
                    tried += 1
    assert tried > 150


def test_a_refusal_is_a_page_to_people_and_a_document_to_programs(academy: Business) -> None:
    person, program = anyone(academy), anyone(academy)
    page = person.page("GET", "/nowhere", headers={"Accept-Language": "hi"}, cookies={"language": "hi"})
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "नहीं मिला" in page.content.decode()
    assert page["X-Request-ID"] in page.content.decode()
    assert program.get("/api/nowhere")["Content-Type"] == "application/problem+json"
    assert person.page("GET", "/api/nowhere")["Content-Type"] == "application/problem+json"
    wrong = person.page("PUT", "/sign-in")
    assert (wrong.status_code, wrong["Content-Type"]) == (405, "text/html; charset=utf-8")
    unknown = person.page("GET", "/", headers={"Host": "nobody.localhost"})
    assert (unknown.status_code, "There is nothing at this address" in unknown.content.decode()) == (404, True)


def test_a_page_keeps_nothing_and_loads_only_from_here(academy: Business) -> None:
    answer = staff(academy).page("GET", "/")
    page = answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]+src=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith(("/", "#")), address
    asset = re.search(r'href="(/static/ui/ui\.css\?v=[0-9a-f]+)"', page)[1]  # type: ignore[index]
    served = anyone(academy).page("GET", asset)
    assert (served.status_code, served["Content-Type"]) == (200, 'text/css; charset="utf-8"')
    assert "max-age=31536000" in served["Cache-Control"]
