"""The pages of messages: found by what is known of them, explained in words, sent again once; texts and their cost."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Message, Template
from shared_apps.messaging.words import filled, reason_words
from tests.support.people import phone_make, staff


def test_found_explained_and_sent_again_once(academy: Business) -> None:
    phone = phone_make()
    with tenant_scope(academy):
        services.templates_seed()
        Template.objects.filter(channel="sms").update(
            state="approved", vendor_template="v", dlt_template="1207161234567890123"
        )
        rows = [
            services.message_queue(template="welcome", to=to, key=f"k:{at}", values={"name": "Asha"})
            for at, to in enumerate((phone, phone_make(), phone_make()))
        ]
        Message.objects.filter(id=rows[0].id).update(state="failed", code="credits.short", reason="short")
        code = services.message_queue(template="otp", to=phone, key="code", values={"code": "482913"})
        Message.objects.filter(id=code.id).update(state="failed", code="vendor.report_620", sealed="")
    owner = staff(academy)

    def found(query: str) -> int:
        page = owner.page("GET", f"/messages?{query}").content.decode()
        return page.count('class="row-link block clip num"')

    assert [found(q) for q in ("", "state=failed", f"q={phone[-8:]}", "channel=email", "kind=marketing")] == [
        4,
        2,
        2,
        0,
        0,
    ]
    assert "No credits were left" in owner.page("GET", "/messages?state=failed").content.decode()
    page = owner.page("GET", f"/messages/{rows[0].id}").content.decode()
    assert ("Send it again" in page, "Dear Asha, welcome to" in page) == (True, True)
    assert owner.page("POST", f"/messages/{rows[0].id}/again").status_code == 302
    assert owner.page("POST", f"/messages/{rows[0].id}/again").status_code == 302
    with tenant_scope(academy):
        again = Message.objects.filter(key__startswith="again:")
        assert [(one.to, one.state, one.text) for one in again] == [(phone, "pending", rows[0].text)]
    # Never a code, and never what may have gone.
    secret = owner.page("GET", f"/messages/{code.id}").content.decode()
    assert ("482913" in secret, "Send it again" in secret, "header not found" in secret) == (False, False, True)
    for one in (code, rows[1]):
        assert owner.page("POST", f"/messages/{one.id}/again").status_code == 409
    with tenant_scope(academy):
        assert Message.objects.count() == 5
    owner.page("GET", "/messages")
    with CaptureQueriesContext(connection) as seen:
        assert owner.page("GET", "/messages").status_code == 200
    assert len(seen) <= 5, [query["sql"] for query in seen]
    figures = owner.page("GET", "/messages/statistics?days=7").content.decode()
    assert "Welcome" in figures


def test_texts_are_shown_with_their_cost_and_only_mails_are_changed(academy: Business, settings: Any) -> None:
    settings.SMS_TEMPLATES = ""
    with tenant_scope(academy):
        services.templates_seed()
        rows = {(one.name, one.channel, one.language): one for one in Template.objects.all()}
    owner = staff(academy)
    listed = owner.page("GET", "/messages/templates").content.decode()
    assert "12 SMS texts are not registered yet" in listed
    sms, mail = rows["payment", "sms", "hi"], rows["payment", "email", "en"]
    page = owner.page("GET", f"/messages/templates/{sms.id}").content.decode()
    assert "The ids of the registry (DLT) are missing" in page
    with tenant_scope(academy):
        _, counted = filled(sms, academy.name)
    assert counted is not None
    assert (counted.encoding, f"{counted.parts} credits" in page) == ("ucs2", True)
    words = {"subject": "Thank you", "text": "We have ₹{amount}: {receipt}.\r\n{academy}"}
    assert owner.page("POST", f"/messages/templates/{mail.id}", words).status_code == 302
    strange = owner.page("POST", f"/messages/templates/{mail.id}", words | {"text": "{moon}"})
    assert (strange.status_code, "cannot be sent" in strange.content.decode()) == (422, True)
    assert owner.page("POST", f"/messages/templates/{sms.id}", words).status_code == 422
    with tenant_scope(academy):
        mail.refresh_from_db()
        assert (mail.subject, mail.text) == ("Thank you", "We have ₹{amount}: {receipt}.\n{academy}")
    assert staff(academy, "teacher").page("GET", "/messages").status_code == 403


def test_a_reason_is_words_whatever_its_code() -> None:
    assert reason_words("", "") == ""
    assert "No credits" in str(reason_words("credits.short", ""))
    assert str(reason_words("vendor.report_622", "")).endswith("(header blacklisted)")
    assert str(reason_words("vendor.report_699", "")).endswith("(699)")
    assert reason_words("vendor.report_9", "NDNC number") == "NDNC number"
    assert str(reason_words("vendor.report_9", "")).endswith(": 9.")
