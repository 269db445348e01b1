"""The books of credits count units alone, whatever money moves through accounts of the same word."""

from kernel.ids import uuid7
from kernel.tenancy import platform_scope
from shared_apps.credits.selectors import stock
from shared_apps.ledger.services import post
from tests.support.people import admin


def test_a_gateways_fee_in_paise_is_no_credit() -> None:
    with platform_scope():
        before = stock()
        post(
            debit="vendor:razorpay",
            credit="expense:gateway_fee",
            amount=1_062,
            unit="paise",
            key=f"fee:{uuid7()}",
            kind="fee",
            reference="pay_1",
        )
        assert stock() == before
    assert admin("finance").get("admin/credits/wallet").status_code == 200
