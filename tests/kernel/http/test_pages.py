"""The base of pages: a refusal is a page too, and a page keeps nothing and loads nothing from elsewhere."""

import re

from kernel.tenancy import Business
from tests.support.people import anyone, staff


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
