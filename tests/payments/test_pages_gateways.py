"""The pages of gateways: keys go in and are never shown, the gateway's own words are."""

from kernel.tenancy import Business, tenant_scope
from shared_apps.payments import services
from shared_apps.payments.models import GatewayAccount
from tests.payments.conftest import Till
from tests.support.people import staff

NEW = {
    "gateway": "razorpay",
    "environment": "sandbox",
    "key_id": "rzp_test_A1b2C3d4E5f6G7",
    "key_secret": "secret-key-1",
    "webhook_secret": "secret-hook-1",
}
CHANGE = {"label": "Main", "percent": "1.9", "fixed_paise": "200"}


def test_connected_masked_rotated_and_turned_off(academy: Business) -> None:
    owner = staff(academy)
    assert "No gateway yet" in owner.page("GET", "/settings/gateways").content.decode()
    for wrong in ({"webhook_secret": ""}, {"key_id": "rzp_live_A1b2C3d4E5f6G7"}, {"gateway": "stripe"}):
        assert owner.page("POST", "/settings/gateways/new", NEW | wrong).status_code == 422
        with tenant_scope(academy):
            assert not GatewayAccount.objects.exists()
    assert owner.page("POST", "/settings/gateways/new", NEW).status_code == 302
    with tenant_scope(academy):
        account = GatewayAccount.objects.get()
    page = owner.page("GET", "/settings/gateways").content.decode()
    assert "rzp_test••••F6G7".lower() in page.lower()
    assert "rzp_test_A1b2C3d4E5f6G7" not in page
    assert f"/api/v1/payments/webhook/{account.gateway}" in page
    address = f"/settings/gateways/{account.id}"
    shown = [owner.page("GET", address).content.decode(), page]
    assert not any("secret-" in one for one in shown)
    assert owner.page("POST", address, CHANGE | {"percent": "101"}).status_code == 422
    assert owner.page("POST", address, CHANGE | {"key_secret": "secret-key-2"}).status_code == 302
    with tenant_scope(academy):
        account.refresh_from_db()
        assert services.credentials_of(account).key_secret == "secret-key-2"
        assert account.label == "Main"
    assert "1.9 %" in owner.page("GET", "/settings/gateways").content.decode()
    assert owner.page("POST", f"{address}/state").status_code == 302
    with tenant_scope(academy):
        account.refresh_from_db()
        assert account.state == "off"


def test_a_test_shows_the_gateways_own_words(academy: Business, till: Till) -> None:
    till(academy)
    owner = staff(academy)
    with tenant_scope(academy):
        rows = {one.gateway: one for one in GatewayAccount.objects.filter(state="active")}
    good = owner.page("POST", f"/settings/gateways/{rows['razorpay'].id}/test", headers={"HX-Request": "true"})
    assert "The connection works" in good.content.decode()
    with tenant_scope(academy):
        services.account_change(account=rows["razorpay"].id, key_secret="not the gateway's")
    bad = owner.page("POST", f"/settings/gateways/{rows['razorpay'].id}/test").content.decode()
    assert "The connection does not work" in bad
    assert "does not believe these keys" in bad
    assert "Authentication failed" in bad


def test_an_account_of_another_business_is_not_there(academy: Business, other_academy: Business) -> None:
    staff(academy).page("POST", "/settings/gateways/new", NEW)
    with tenant_scope(academy):
        account = GatewayAccount.objects.get().id
    stranger = staff(other_academy)
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/test"), ("POST", "/state")):
        assert stranger.page(method, f"/settings/gateways/{account}{path}", CHANGE).status_code == 404
    assert staff(academy, "manager").page("GET", "/settings/gateways").status_code == 403
