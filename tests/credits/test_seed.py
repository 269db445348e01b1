"""What an installation starts with."""

from django.core.management import call_command

from kernel.tenancy import platform_scope
from shared_apps.credits.models import Price, Vendor
from shared_apps.plans.models import Plan


def test_seeding_twice_makes_the_plans_the_vendor_and_the_price_once(capsys):
    call_command("seed_platform")
    capsys.readouterr()
    call_command("seed_platform")
    assert capsys.readouterr().out == "0 plans made\n"
    with platform_scope():
        assert set(Plan.objects.values_list("code", flat=True)) >= {"free", "starter", "professional", "enterprise"}
        assert list(Vendor.objects.filter(code="msg91").values_list("channel", "unit_cost")) == [("sms", 1500)]
        assert list(Price.objects.filter(plan="", schema="").values_list("channel", "unit_price")) == [("sms", 2500)]
