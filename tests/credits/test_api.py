"""Credits by HTTP: the operator's desk and a tenant's own view."""

import csv
from uuid import UUID

import pytest

from kernel.audit.models import Entry
from kernel.ids import uuid7
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.credits import services
from shared_apps.credits.models import Order, Price, Purchase, Vendor


def audited(action):
    with platform_scope():
        entry = Entry.objects.filter(action=action).order_by("-id").first()
    return entry.subject_id, entry.changes


def test_the_operator_buys_and_allocates_to_the_unit(academy, admin, purse, stock):
    desk = admin("finance")
    before = stock()
    bought = desk.post("admin/credits/purchase", {"vendor": "msg91", "units": 10_000}, key="buy-1" + academy.schema)
    assert bought.status_code == 201
    body = bought.json()
    assert {name: body[name] for name in ("vendor", "channel", "units", "unit_cost", "amount_paise")} == {
        "vendor": "msg91", "channel": "sms", "units": 10_000, "unit_cost": 1500, "amount_paise": 150_000,
    }  # fmt: skip
    subject, changes = audited("credits.purchase")
    assert (subject, changes["units"]) == (body["id"], [None, 10_000])
    given = {"tenant": str(academy.id), "units": 1000}
    key = "give-1" + academy.schema
    first = desk.post("admin/credits/allocate", given, key=key)
    again = desk.post("admin/credits/allocate", given, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["units"] == 1000
    assert purse(academy) == (1000, 0, 0)
    assert audited("credits.allocate") == (str(academy.id), {"channel": [None, "sms"], "units": [None, 1000]})
    books = next(one for one in desk.get("admin/credits/wallet").json()["channels"] if one["channel"] == "sms")
    assert books["purchased"] == before.purchased + 10_000
    assert books["master"] == before.master + 9000
    assert books["purchased"] == books["master"] + books["wallets"] + books["held"] + books["consumed"]
    listed = desk.get(f"admin/credits/tenant-wallets?tenant={academy.id}").json()["results"]
    assert [(one["name"], one["channel"], one["available"], one["held"], one["consumed"]) for one in listed] == [
        (academy.name, "sms", 1000, 0, 0)
    ]
    purchases = desk.get("admin/credits/purchase?limit=1").json()["results"]
    assert [one["id"] for one in purchases] == [body["id"]]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"vendor": "msg91", "units": 0}, 400, "http.invalid"),
        ({"vendor": "msg91", "units": 10**9}, 400, "http.invalid"),
        ({"vendor": "nobody", "units": 5}, 422, "credits.vendor_unknown"),
        ({"vendor": "msg91", "units": 5, "unit_cost": 1}, 400, "http.unknown_field"),
    ],
)
def test_a_purchase_that_cannot_be_booked_is_refused_and_books_nothing(admin, stock, body, status, code):
    desk = admin()
    before = stock()
    with platform_scope():
        purchases = Purchase.objects.count()
    answer = desk.post("admin/credits/purchase", body, key=str(uuid7()))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with platform_scope():
        assert Purchase.objects.count() == purchases
    assert stock() == before


def test_more_than_the_stock_is_not_allocated_and_the_answer_says_what_there_is(academy, admin, stock, purse):
    left = stock().master
    answer = admin().post("admin/credits/allocate", {"tenant": str(academy.id), "units": left + 1}, key=str(uuid7()))
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "credits.stock_short")
    assert (body["needed"], body["available"]) == (left + 1, left)
    unknown = admin().post("admin/credits/allocate", {"tenant": str(uuid7()), "units": 1}, key=str(uuid7()))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "credits.tenant_unknown")
    assert purse(academy) == (0, 0, 0)


@pytest.mark.parametrize(
    ("role", "buys"), [("read_only", 403), ("support", 403), ("operations", 403), ("finance", 201)]
)
def test_only_finance_and_super_admins_buy(admin, role, buys):
    desk = admin(role)
    assert desk.get("admin/credits/wallet").status_code == 200
    answer = desk.post("admin/credits/purchase", {"vendor": "msg91", "units": 1}, key=str(uuid7()))
    assert answer.status_code == buys


def test_vendors_are_added_and_changed(admin):
    desk = admin()
    facts = {"code": "gupshup", "name": "Gupshup", "channel": "whatsapp", "unit_cost": 3000, "priority": 2}
    added = desk.post("admin/credits/vendors", facts)
    assert added.status_code == 201
    vendor = added.json()
    assert {name: vendor[name] for name in facts} == facts
    address = f"admin/credits/vendors/{vendor['id']}"
    changed = desk.patch(address, {"unit_cost": 2900}, headers={"If-Match": added["ETag"]})
    assert (changed.status_code, changed.json()["unit_cost"]) == (200, 2900)
    assert audited("credits.vendor") == (vendor["id"], {"unit_cost": [3000, 2900]})
    assert desk.patch(address, {"unit_cost": 1}, headers={"If-Match": added["ETag"]}).status_code == 412
    assert desk.get(address).json()["unit_cost"] == 2900
    assert desk.get(f"admin/credits/vendors/{uuid7()}").status_code == 404
    assert desk.patch(f"admin/credits/vendors/{uuid7()}", {}).status_code == 404
    listed = desk.get("admin/credits/vendors?channel=whatsapp").json()["results"]
    assert [one["code"] for one in listed] == ["gupshup"]
    with platform_scope():
        Vendor.objects.filter(code="gupshup").delete()


def test_prices_are_for_all_a_plan_or_a_tenant(academy, admin):
    desk = admin()
    made = [
        desk.post("admin/credits/prices", facts)
        for facts in (
            {"unit_price": 2400, "plan": "enterprise"},
            {"unit_price": 2300, "tenant": str(academy.id)},
        )
    ]
    assert [one.status_code for one in made] == [201, 201]
    assert [(one.json()["plan"], one.json()["tenant"]) for one in made] == [("enterprise", None), ("", str(academy.id))]
    both = desk.post("admin/credits/prices", {"unit_price": 1, "plan": "free", "tenant": str(academy.id)})
    assert (both.status_code, both.json()["code"]) == (400, "http.invalid")
    none = desk.post("admin/credits/prices", {"unit_price": 1, "plan": "platinum"})
    assert (none.status_code, none.json()["code"]) == (422, "plans.unknown")
    prices = desk.get("admin/credits/prices?channel=sms").json()["results"]
    assert sorted(one["unit_price"] for one in prices) == [2300, 2400, 2500]
    with platform_scope():
        Price.objects.exclude(plan="", schema="").delete()


def test_margins_say_what_selling_brought(academy, admin, stocked):
    stocked(1000)
    with platform_scope():
        order = services.order_place(business=academy, channel="sms", units=400, key="m")
        services.order_settled(payment="m", reference=str(order.id), amount_paise=10_000)
    mine = [one for one in admin().get("admin/credits/margins").json()["margins"] if one["name"] == academy.name]
    assert mine == [{"name": academy.name, "channel": "sms", "units": 400, "revenue_paise": 10_000, "cost_paise": 6000}]


def test_a_tenant_sees_its_own_wallet_and_movements_only(academy, other_academy, staff, filled):
    filled(academy, 100)
    filled(other_academy, 777)
    with tenant_scope(academy):
        hold = services.hold(channel="sms", units=10, key="a", reference="batch 1")
        services.consume(hold=hold, units=8, vendor="msg91", reference=f"r-{hold}")
        services.release(hold=hold)
    owner = staff(academy)
    assert owner.get("credits/wallet").json()["wallets"] == [
        {
            "channel": "sms", "available": 92, "held": 0, "consumed": 8, "low_at": 50, "is_low": False,
            "unit_price": 2500,
        }
    ]  # fmt: skip
    listed = owner.get("credits/ledger").json()["results"]
    assert [(one["kind"], one["units"], one["channel"], one["hold"]) for one in listed] == [
        ("release", 2, "sms", str(hold)),
        ("consume", 8, "sms", str(hold)),
        ("hold", 10, "sms", None),
        ("allocation", 100, "sms", None),
    ]
    only = owner.get("credits/ledger?kind=consume&channel=sms").json()["results"]
    assert [one["reference"] for one in only] == [f"msg91:r-{hold}"]
    table = b"".join(owner.get("credits/ledger?format=csv")).decode()
    assert table.count("\n") == 5
    assert not {"777", "-777"} & {cell for row in csv.reader(table.splitlines()) for cell in row}


def test_a_tenant_orders_once_per_key(academy, staff, stocked, counter):
    stocked(1000)
    owner = staff(academy, "manager")
    first = owner.post("credits/purchase", {"units": 500}, key="one")
    again = owner.post("credits/purchase", {"units": 500}, key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert {name: first.json()[name] for name in ("units", "unit_price", "amount_paise", "state")} == {
        "units": 500, "unit_price": 2500, "amount_paise": 12_500, "state": "placed",
    }  # fmt: skip
    assert [one["id"] for one in owner.get("credits/purchase").json()["results"]] == [first.json()["id"]]
    with tenant_scope(academy):
        [entry] = Entry.objects.filter(action="credits.order")
    assert (entry.subject_id, entry.changes["units"]) == (first.json()["id"], [None, 500])
    with platform_scope():
        assert Order.objects.get(schema=academy.schema).id == UUID(first.json()["id"])


@pytest.mark.parametrize(("units", "status", "code"), [
    (3, 422, "credits.order_too_small"),
    (10_000_000, 409, "credits.stock_short"),
    (0, 400, "http.invalid"),
])  # fmt: skip
def test_an_order_that_cannot_be_is_refused_and_not_kept(academy, staff, units, status, code):
    answer = staff(academy).post("credits/purchase", {"units": units}, key="x")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with platform_scope():
        assert not Order.objects.filter(schema=academy.schema).exists()


@pytest.mark.parametrize(("role", "sees"), [("teacher", 403), ("front_desk", 403), ("accountant", 200)])
def test_who_may_see_and_order(academy, staff, role, sees):
    person = staff(academy, role)
    assert person.get("credits/wallet").status_code == sees
    assert person.get("credits/ledger").status_code == sees
    assert person.post("credits/purchase", {"units": 500}, key="x").status_code == 403


def test_the_operators_desk_is_not_on_a_tenants_host_nor_the_tenants_on_the_operators(academy, staff, admin):
    for address in ("wallet", "vendors", "purchase", "tenant-wallets", "prices", "margins"):
        assert staff(academy).get(f"admin/credits/{address}").status_code == 404
    assert admin().get("credits/wallet").status_code == 404
