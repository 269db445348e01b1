"""Notices on pages: counted by the bell, read one by one or all, one's own, and never leading off this host."""

from typing import Any

from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Notification
from tests.support.people import Client, staff, student


def told(business: Business, client: Client, **more: Any) -> Notification:
    assert client.user
    with tenant_scope(business):
        services.notification_send(users=[client.user.id], title="Money has come", **more)
        return Notification.objects.filter(user=client.user.id).latest("id")


def unread(business: Business) -> int:
    with tenant_scope(business):
        return Notification.objects.filter(read_at=None).count()


def test_notices_are_counted_opened_and_read(academy: Business) -> None:
    for client in (staff(academy), student(academy)):
        assert "No notice yet" in client.page("GET", "/notices").content.decode()
        first = told(academy, client, link="/students?q=a", text="<b>escaped</b>")
        told(academy, client)
        assert "Notices, 2 not read" in client.page("GET", "/").content.decode()
        listed = client.page("GET", "/notices").content.decode()
        assert "&lt;b&gt;escaped" in listed
        opened = client.page("POST", f"/notices/{first.id}")
        assert (opened.status_code, opened["Location"]) == (302, "/students?q=a")
        assert "Notices, 1 not read" in client.page("GET", "/notices/bell").content.decode()
        assert client.page("POST", "/notices")["Location"] == "/notices"
        assert unread(academy) == 0


def test_a_notice_is_ones_own_and_leads_nowhere_else(academy: Business) -> None:
    mine, other = staff(academy), staff(academy)
    theirs = told(academy, other)
    assert mine.page("POST", f"/notices/{theirs.id}").status_code == 404
    assert unread(academy) == 1
    for link in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""):
        notice = told(academy, mine, link=link)
        assert mine.page("POST", f"/notices/{notice.id}")["Location"] == "/notices"
