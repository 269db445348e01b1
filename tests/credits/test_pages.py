"""A tenant's pages of credits: what is left and what moved, an order paid at the operator's gateway, filled once settled."""

import re
from html import unescape
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.sandbox.client import Payer
from kernel import jobs
from kernel.tenancy import platform_scope
from shared_apps.credits.models import Order
from shared_apps.credits.selectors import orders_of
from tests.payments.conftest import deliver
from tests.support.people import staff


def test_bought_paid_and_credited(academy, stocked, filled, counter, purse) -> None:
    filled(academy, 40)
    stocked(2_000)
    owner = staff(academy)
    page = owner.page("GET", "/credits").content.decode()
    assert ("Credits are low" in page, "+40" in page, "Given by the operator" in page) == (True, True, True)
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    wanted = {"units": "1000", "key": key[1]}
    assert owner.page("POST", "/credits", wanted | {"units": "0"}).status_code == 422
    assert owner.page("POST", "/credits", wanted | {"units": "900000"}).status_code == 422
    with platform_scope():
        assert not Order.objects.filter(schema=academy.schema, units=900_000, state="filled").exists()
    way = owner.page("POST", "/credits", wanted)["Location"]
    assert owner.page("POST", "/credits", wanted)["Location"] == way  # one form is one order
    out = owner.page("GET", way)
    action = re.search(r'action="(http[^"]+)"', out.content.decode())
    assert action is not None
    assert f"form-action 'self' {'/'.join(action[1].split('/')[:3])}" in out["Content-Security-Policy"]
    address = way.removesuffix("/pay")
    assert "Waiting for your payment" in owner.page("GET", address).content.decode()
    assert purse(academy) == (40, 0, 0)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', out.content.decode())
    page = urlencode([(name, unescape(value)) for name, value in fields if name != "csrfmiddlewaretoken"])
    Payer().checkout(f"{unescape(action[1])}?{page}")
    assert {deliver(counter.business, one) for one in counter.heard()} == {200}
    jobs.drain()
    assert purse(academy) == (1_040, 0, 0)
    assert "The credits are in your wallet" in owner.page("GET", address).content.decode()
    assert owner.page("GET", way)["Location"] == address
    assert staff(academy, "teacher").page("GET", "/credits").status_code == 403
    assert staff(academy, "accountant").page("POST", "/credits", wanted).status_code == 403


def test_an_order_of_another_business_is_not_there(academy, other_academy, stocked, counter) -> None:
    stocked(2_000)
    owner, stranger = staff(academy), staff(other_academy)
    way = owner.page("POST", "/credits", {"units": "1000", "key": "one"})["Location"]
    for path in (way, way.removesuffix("/pay")):
        assert stranger.page("GET", path).status_code == 404
    with platform_scope():
        assert not orders_of(schema=other_academy.schema).exists()
    jobs.drain()
    owner.page("GET", "/credits")
    with CaptureQueriesContext(connection) as seen:
        assert owner.page("GET", "/credits").status_code == 200
    assert len(seen) <= 14, [query["sql"] for query in seen]
