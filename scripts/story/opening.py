"""Steps 1 and 2: the operator opens two businesses and stocks, allocates and sells message credits."""

import secrets
import time
from datetime import datetime
from typing import Any

from scripts.stack.report import Step
from scripts.story.cast import Play, Tenant
from scripts.story.client import Host, until

GATEWAYS = ("cashfree", "razorpay")
STEPS_OF_PROVISIONING = 9
BOUGHT, ALLOCATED, SOLD = 10_000, 1_000, 500


def provision(play: Play, page: Step) -> None:
    address, password = f"operator-{play.mark}@shala.example", f"{secrets.token_urlsafe(14)}-Aa1"
    play.stack.manage("createadmin", f"--email={address}", "--name=Operator", env={"ADMIN_PASSWORD": password})
    play.admin = play.operator(address, password)
    page.check("who signed in", "super_admin", play.admin.get("auth/me")["roles"][0])
    play.asha = _provisioned(play, page, name="Asha Academy", kind="academy", plan="professional")
    play.gyan = _provisioned(play, page, name="Gyan Library", kind="library", plan="starter")
    for tenant in (play.asha, play.gyan):
        me = play.host(tenant.public_id).as_(tenant.owner.token).get("auth/me")
        page.check(f"{tenant.slug}: the owner at the permanent host", ["owner"], me["roles"])
    play.sandbox.account(
        "msg91",
        play.stack.env["MSG91_AUTHKEY"],
        secrets.token_hex(8),
        webhook_url=f"{play.stack.urls['origin']}/api/v1/messages/webhook/msg91"
        f"?token={play.stack.env['MSG91_WEBHOOK_TOKEN']}",
    )


def _provisioned(play: Play, page: Step, *, name: str, kind: str, plan: str) -> Tenant:
    word = name.split(maxsplit=1)[0].lower()
    begun = time.monotonic()
    made = play.opened(name=name, slug=f"{word}-{play.mark}", kind=kind, plan=plan)
    # The last of them opens the business, and is noted as done a moment later.
    steps = until(f"{word}'s steps to be noted", lambda: _noted(play, made["id"]))
    page.figure(**{f"{word}_s": round(time.monotonic() - begun, 2), f"{word}_steps_s": _seconds(steps)})
    page.check(f"{word}: steps done", ["done"] * STEPS_OF_PROVISIONING, [step["state"] for step in steps])
    play.report.urls[kind] = f"http://{made['slug']}.localhost:{play.stack.port}"
    return play.tenant(made)


def _noted(play: Play, tenant: str) -> list[dict[str, Any]] | None:
    """The steps of provisioning, once each of them has ended."""
    steps: list[dict[str, Any]] = play.admin.get(f"tenants/{tenant}/provisioning")["results"]
    return steps if all(step["finished_at"] for step in steps) else None


def _seconds(steps: list[dict[str, Any]]) -> dict[str, float]:
    """How long each step of provisioning took."""
    times = [(s["name"], *(datetime.fromisoformat(s[at]) for at in ("started_at", "finished_at"))) for s in steps]
    return {name: round((finished - started).total_seconds(), 3) for name, started, finished in times}


def credits_move(play: Play, page: Step) -> None:
    before = _stock(play.admin)
    play.admin.post(
        "admin/credits/purchase", {"vendor": "msg91", "channel": "sms", "units": BOUGHT}, key=f"buy-{play.mark}"
    )
    for _ in range(2):  # a repeat with the same key is the same allocation
        play.admin.post("admin/credits/allocate", {"tenant": play.asha.id, "units": ALLOCATED}, key=f"give-{play.mark}")
    page.check("asha's wallet", ALLOCATED, play.asha.owner.get("credits/wallet")["wallets"][0]["available"])
    gateways_open(play.sandbox, play.admin, f"http://localhost:{play.stack.port}", "op")
    bought = play.gyan.owner.post("credits/purchase", {"channel": "sms", "units": SOLD}, key=f"sold-{play.mark}")
    page.check("price of 500 at ₹0.25", 12_500, bought["payment"]["amount_paise"])
    play.payer.checkout(bought["payment"]["checkout"]["page"])
    until("gyan's units", lambda: _available(play.gyan.owner) == SOLD)
    page.check("gyan's wallet", SOLD, _available(play.gyan.owner))
    after = _stock(play.admin)
    page.check("bought from the vendor", BOUGHT, after["purchased"] - before["purchased"])
    page.check("left in the master wallet", BOUGHT - ALLOCATED - SOLD, after["master"] - before["master"])


def gateways_open(sandbox: Any, host: Host, origin: str, word: str) -> None:
    """Open an account at both stand-ins and tell the business about it."""
    for gateway in GATEWAYS:
        key_id = f"{'rzp_test_' if gateway == 'razorpay' else 'TEST'}{word}{secrets.token_hex(4)}"
        key_secret, webhook_secret = secrets.token_hex(16), secrets.token_hex(16)
        url = f"{origin}/api/v1/payments/webhook/{gateway}"
        sandbox.account(gateway, key_id, key_secret, webhook_url=url, webhook_secret=webhook_secret)
        account = {"gateway": gateway, "environment": "sandbox", "key_id": key_id, "key_secret": key_secret}
        if gateway == "razorpay":
            account["webhook_secret"] = webhook_secret
        host.post("payments/gateways", account)


def _available(owner: Host) -> int:
    wallets = owner.get("credits/wallet")["wallets"]
    return int(wallets[0]["available"]) if wallets else 0


def _stock(admin: Host) -> dict[str, int]:
    found: dict[str, int] = next(s for s in admin.get("admin/credits/wallet")["channels"] if s["channel"] == "sms")
    return found
