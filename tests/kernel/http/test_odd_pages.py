"""Nothing typed into a page's address or its forms, however odd, brings about a fault of ours."""

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
