"""The standard texts keep to the registry's rules at their worst, and what a business may change of its texts."""

import pytest

from connectors.sms import segments
from connectors.sms.dlt import SHARE_LIMIT, Tag
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.messaging import services, standard
from shared_apps.messaging.errors import TemplateInvalid, TemplateRegistered
from shared_apps.messaging.models import Template
from shared_apps.messaging.services.writing import template_find, text_of, write

SIX = ("otp", "welcome", "payment", "booking", "reminder", "class")
SMS = [(name, language) for name in SIX for language in ("en", "hi")]


@pytest.mark.parametrize(("name", "language"), SMS)
def test_a_standard_text_keeps_the_rules_at_its_worst(academy: Business, name: str, language: str) -> None:
    template = standard.template(name, "sms", language)
    assert template is not None
    assert template.language == language
    worst = {
        one["name"]: "9" * 12 if one["tag"] == Tag.NUMERIC else "W" * (one["cut"] or 20) for one in template.variables
    }
    with tenant_scope(academy):
        written = write(template, worst)
        assert text_of(template).matches(written.text)
    filled = sum(len(value) for value in worst.values())
    assert filled * 100 <= SHARE_LIMIT * len(written.text)
    counted = segments.count(written.text)
    assert counted.encoding == ("gsm7" if language == "en" else "ucs2")
    assert counted.parts <= (2 if language == "en" else 3)


@pytest.mark.parametrize("name", SIX)
def test_an_everyday_english_text_is_one_segment(academy: Business, name: str) -> None:
    template = standard.template(name, "sms", "en")
    everyday = {
        "code": "482913", "name": "Asha Rao", "amount": "1,500.00", "receipt": "R-2026-00042", "seat": "B04",
        "day": "21 Nov 2026", "shift": "Morning", "title": "Maths X", "time": "10:30", "academy": "Asha Academy",
    }  # fmt: skip
    with tenant_scope(academy):
        assert segments.count(write(template, everyday).text).parts == 1


def test_seeding_twice_changes_nothing(academy: Business) -> None:
    with tenant_scope(academy):
        count = services.templates_seed()
        Template.objects.filter(name="welcome", channel="email").update(text="Hello {name}")
        assert services.templates_seed() == count
        assert Template.objects.count() == count
        found = {(row.name, row.channel, row.language) for row in Template.objects.all()}
        assert {(name, channel, lang) for name in SIX for channel in ("sms", "email") for lang in ("en", "hi")} <= found
        assert template_find("welcome", "email", "en").text == "Hello {name}"


def test_a_text_without_its_ids_is_a_draft_and_not_sent(academy: Business, settings) -> None:
    settings.SMS_TEMPLATES = "otp.en=65f0c0ffee/1207160000000000001,welcome.en=65f0c0ffef"
    with tenant_scope(academy):
        services.templates_seed()
        approved = Template.objects.filter(channel="sms", state="approved")
        assert [(row.name, row.language, row.vendor_template, row.dlt_template) for row in approved] == [
            ("otp", "en", "65f0c0ffee", "1207160000000000001")
        ]
        assert template_find("welcome", "sms", "en") is None
        assert template_find("otp", "sms", "hi").language == "en"


def test_another_language_falls_back_to_english(academy: Business) -> None:
    with tenant_scope(academy):
        assert template_find("otp", "sms", "hi").language == "hi"
        assert template_find("otp", "sms", "ta").language == "en"
        assert template_find("nothing", "sms", "en") is None


def test_an_e_mail_text_can_be_changed_and_keeps_its_values(academy: Business) -> None:
    with tenant_scope(academy):
        services.templates_seed()
        row = Template.objects.get(name="welcome", channel="email", language="en")
        services.template_change(template_id=row.id, text="Hello {name} of {academy}")
        with pytest.raises(TemplateInvalid):
            services.template_change(template_id=row.id, text="Hello {password}")
        services.template_change(template_id=row.id, text="Hello all")
        services.template_change(template_id=row.id, text="Hello {name}")  # what the standard text has may come back
        row.refresh_from_db()
        assert row.text == "Hello {name}"


def test_a_registered_text_cannot_be_changed(academy: Business) -> None:
    with tenant_scope(academy):
        services.templates_seed()
        row = Template.objects.get(name="otp", channel="sms", language="en")
        with pytest.raises(TemplateRegistered):
            services.template_change(template_id=row.id, text="Buy now")
        row.refresh_from_db()
        assert row.text == standard.template("otp", "sms", "en").text


def test_the_operator_writes_without_rows(platform: Business) -> None:
    with platform_scope():
        assert template_find("invite", "email", "en") is not None
