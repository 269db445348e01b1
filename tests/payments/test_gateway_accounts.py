"""Gateway accounts by HTTP: secrets go in and never come out, blank ones are refused, one account is in use."""

import json

import pytest

from kernel.audit.models import Entry
from kernel.sealing import SealBroken
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.payments import services
from shared_apps.payments.models import FeeSchedule, GatewayAccount
from tests.payments.conftest import Till
from tests.support.people import admin, staff, student

GOOD = {
    "gateway": "razorpay",
    "environment": "sandbox",
    "key_id": "rzp_test_1",
    "key_secret": "secret-key-1",
    "webhook_secret": "secret-hook-1",
}


def test_added_shown_masked_and_charged(academy) -> None:
    owner = staff(academy)
    answer = owner.post("payments/gateways", GOOD)
    assert answer.status_code == 201
    shown = answer.json()
    assert {name: shown[name] for name in ("gateway", "environment", "key_id", "state", "label")} == {
        "gateway": "razorpay",
        "environment": "sandbox",
        "key_id": "rzp_test_1",
        "state": "active",
        "label": "Razorpay",
    }
    assert (float(shown["fee_percent"]), shown["fee_fixed_paise"], float(shown["gst_percent"])) == (2.0, 0, 18.0)
    everything = json.dumps([shown, owner.get("payments/gateways").json(), owner.get("audit-logs").json()])
    assert "secret-" not in everything
    with tenant_scope(academy):
        row = GatewayAccount.objects.get()
        assert "secret-" not in row.key_secret + "".join(row.webhook_secrets)
        assert services.credentials_of(row).key_secret == "secret-key-1"
        assert "secret-" not in str([entry.changes for entry in Entry.objects.all()])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"webhook_secret": ""}, 400),
        ({"webhook_secret": "   "}, 400),
        ({"webhook_secret": None}, 400),
        ({"key_secret": ""}, 400),
        ({"key_id": "rzp_live_1"}, 422),
        ({"gateway": "stripe"}, 400),
        ({"environment": "moon"}, 400),
        ({"secret": "x"}, 400),
    ],
)
def test_what_is_no_account_is_refused_and_not_kept(academy, change, status) -> None:
    answer = staff(academy).post("payments/gateways", {**GOOD, **change})
    assert answer.status_code == status
    with tenant_scope(academy):
        assert not GatewayAccount.objects.exists()
        assert not FeeSchedule.objects.exists()


def test_razorpay_needs_a_webhook_secret_and_cashfree_none(academy) -> None:
    owner = staff(academy)
    without = {name: value for name, value in GOOD.items() if name != "webhook_secret"}
    assert owner.post("payments/gateways", without).json()["code"] == "payments.account_invalid"
    cashfree = {**without, "gateway": "cashfree", "key_id": "TEST1"}
    assert owner.post("payments/gateways", cashfree).status_code == 201


def test_only_who_may(academy) -> None:
    for person in (staff(academy, "manager"), staff(academy, "accountant"), student(academy)):
        assert person.get("payments/gateways").status_code == 403
        assert person.post("payments/gateways", GOOD).status_code == 403
    assert admin("support").get("payments/gateways").status_code == 403
    assert admin("finance").get("payments/gateways").status_code == 200


def test_a_new_account_takes_over_and_the_old_can_come_back(academy) -> None:
    owner = staff(academy)
    first = owner.post("payments/gateways", GOOD).json()
    assert owner.post("payments/gateways", GOOD).json()["code"] == "payments.account_taken"
    second = owner.post("payments/gateways", {**GOOD, "key_id": "rzp_test_2"}).json()
    states = {one["key_id"]: one["state"] for one in owner.get("payments/gateways").json()["results"]}
    assert states == {"rzp_test_1": "off", "rzp_test_2": "active"}
    assert owner.patch(f"payments/gateways/{first['id']}", {"state": "active"}).status_code == 200
    states = {one["key_id"]: one["state"] for one in owner.get("payments/gateways").json()["results"]}
    assert states == {"rzp_test_1": "active", "rzp_test_2": "off"}
    assert second["state"] == "active"


def test_changed_under_its_version(academy) -> None:
    owner = staff(academy)
    added = owner.post("payments/gateways", GOOD)
    address = f"payments/gateways/{added.json()['id']}"
    change = {"label": "Main", "webhook_secret": "secret-hook-2", "charges": {"percent": "1.9", "fixed_paise": 100}}
    changed = owner.patch(address, change, headers={"If-Match": added["ETag"]})
    assert (changed.status_code, changed.json()["label"], float(changed.json()["fee_percent"])) == (200, "Main", 1.9)
    assert owner.patch(address, {"label": "x"}, headers={"If-Match": added["ETag"]}).status_code == 412
    with tenant_scope(academy):
        secrets = services.credentials_of(GatewayAccount.objects.get()).webhook_secrets
        assert secrets == ("secret-hook-2", "secret-hook-1")
    assert owner.patch(address, {"webhook_secret": " "}).status_code == 400


def test_a_sealed_secret_does_not_open_elsewhere(academy, other_academy) -> None:
    staff(academy).post("payments/gateways", GOOD)
    with tenant_scope(academy):
        row = GatewayAccount.objects.get()
    with tenant_scope(other_academy), pytest.raises(SealBroken):
        services.credentials_of(row)
    with platform_scope(), pytest.raises(SealBroken):
        services.credentials_of(row)


def test_an_account_can_be_tried(asha: Till) -> None:
    owner = staff(asha.business)
    ids = {one["gateway"]: one["id"] for one in owner.get("payments/gateways").json()["results"]}
    address = f"payments/gateways/{ids['cashfree']}"
    assert owner.post(f"{address}/test").json() == {"works": True, "reason": "", "words": ""}
    owner.patch(address, {"key_secret": "wrong"})
    refused = owner.post(f"{address}/test").json()
    assert refused == {"works": False, "reason": "NotAuthorised", "words": "authentication Failed"}
    asha.sandbox.refuse("razorpay")
    try:
        answer = owner.post(f"payments/gateways/{ids['razorpay']}/test").json()
    finally:
        asha.sandbox.accept("razorpay")
    assert answer == {"works": False, "reason": "NeverReached", "words": ""}
