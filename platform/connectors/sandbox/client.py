"""A client of the control door, and a payer who completes hosted checkouts as a browser would."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx


class SandboxClient:
    """Speaks to a running sandbox's control door."""

    def __init__(self, control_url: str) -> None:
        self.http = httpx.Client(base_url=control_url, timeout=30, trust_env=False)

    def urls(self) -> dict[str, str]:
        """The base URL of each vendor."""
        urls: dict[str, str] = self.http.get("/control/health").raise_for_status().json()["urls"]
        return urls

    def account(self, vendor: str, key_id: str, key_secret: str, **more: Any) -> None:
        """Register a vendor's customer: `webhook_url`, `webhook_secret`, `account_id`, `auto_capture`."""
        self._post("/control/accounts", vendor=vendor, key_id=key_id, key_secret=key_secret, **more)

    def book(self) -> dict[str, Any]:
        """Everything the stand-ins remember, and every callback attempt."""
        book: dict[str, Any] = self.http.get("/control/book").raise_for_status().json()
        return book

    def messages(self, phone: str) -> list[dict[str, Any]]:
        """Messages received for a phone, oldest first."""
        answer = self.http.get("/control/messages", params={"phone": phone})
        received: list[dict[str, Any]] = answer.raise_for_status().json()
        return received

    def fault(self, vendor: str, operation: str, kind: str, *, times: int = 1, seconds: float = 1.0) -> None:
        """Spoil the next calls of an operation ("*": any). Kinds: `connectors.sandbox.faults.KINDS`."""
        self._post("/control/faults", vendor=vendor, operation=operation, kind=kind, times=times, seconds=seconds)

    def faults_plan(self, seed: int, share: float, **more: Any) -> None:
        """Spoil a share of all calls by a seed. `more`: `kinds`, `vendor`, `operations`."""
        self._post("/control/faults/plan", seed=seed, share=share, **more)

    def faults_clear(self) -> None:
        """No further faults."""
        self.http.delete("/control/faults").raise_for_status()

    def refuse(self, vendor: str) -> None:
        """Refuse connections, as a vendor that is down."""
        self._post(f"/control/listeners/{vendor}", open=False)

    def accept(self, vendor: str) -> None:
        """Accept connections again."""
        self._post(f"/control/listeners/{vendor}", open=True)

    def webhooks(self, vendor: str, mode: str, *, copies: int = 1) -> None:
        """How callbacks go out from now on. Modes: `connectors.sandbox.deliver.MODES`."""
        self._post("/control/webhooks", vendor=vendor, mode=mode, copies=copies)

    def webhooks_flush(self, *, copies: int = 1, shuffle: bool = False, forged: float = 0, seed: int = 0) -> int:
        """Send what is held, a share of it forged; how many callbacks went out."""
        asked = {"copies": copies, "shuffle": shuffle, "forged": forged, "seed": seed}
        return int(self._post("/control/webhooks/flush", **asked)["sent"])

    def webhooks_resend(self, *, copies: int = 1, shuffle: bool = False, forged: float = 0, seed: int = 0) -> int:
        """Send everything ever sent once more, a share of it forged; how many callbacks went out."""
        asked = {"copies": copies, "shuffle": shuffle, "forged": forged, "seed": seed}
        return int(self._post("/control/webhooks/resend", **asked)["sent"])

    def webhooks_idle(self) -> list[dict[str, Any]]:
        """Wait until every callback is acknowledged, lost or held; the log of all attempts."""
        deliveries: list[dict[str, Any]] = self._post("/control/webhooks/idle")["deliveries"]
        return deliveries

    def pay(self, vendor: str, order: str, state: str, *, amount_paise: int | None = None) -> str:
        """An attempt of a payer at an order (the vendor's id), ending in a state of the vendor's words; its id."""
        asked = {"vendor": vendor, "order": order, "state": state, "amount_paise": amount_paise}
        return str(self._post("/control/payments", **asked)["id"])

    def payment_move(self, vendor: str, payment_id: str, state: str) -> None:
        """Bring an attempt to another state, as a bank that answers days later."""
        self._post(f"/control/payments/{vendor}/{payment_id}", state=state)

    def refund_move(self, vendor: str, refund_id: str, state: str) -> None:
        """Bring a refund to another state. Cashfree: our refund id; Razorpay: its own."""
        self._post(f"/control/refunds/{vendor}/{refund_id}", state=state)

    def reset(self) -> None:
        """As freshly started."""
        self._post("/control/reset")

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post(path, json=body).raise_for_status().json()
        return answer


class Payer:
    """A person at a hosted checkout page: opens it, presses a button, goes where the page sends the browser."""

    def __init__(self) -> None:
        self.http = httpx.Client(timeout=30, trust_env=False)

    def checkout(self, page: str, outcome: str = "success") -> httpx.Response:
        """Complete the page: `success`, `failure` or `drop`. The answer of the place the browser ends at."""
        shown = self._send("GET", page)
        shown.raise_for_status()
        action, fields = form(shown.text)
        done = self._send("POST", action, base=page, data={**fields, "outcome": outcome})
        while done.is_redirect or (done.is_success and 'id="return"' in done.text):
            if done.is_redirect:
                done = self._send("GET", done.headers["location"], base=page)
            else:
                action, fields = form(done.text)
                done = self._send("POST", action, base=page, data=fields)
        return done

    def _send(self, method: str, url: str, *, base: str = "", data: dict[str, str] | None = None) -> httpx.Response:
        target = httpx.URL(base).join(url) if base else httpx.URL(url)
        host = urlsplit(str(target)).netloc
        # *.localhost is not a name everywhere: the connection goes to the loopback address, the name into Host.
        if target.host == "localhost" or target.host.endswith(".localhost"):
            target = target.copy_with(host="127.0.0.1")
        return self.http.request(method, target, data=data, headers={"host": host})


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the form's address and its hidden fields."""
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given.get("name") or ""] = given.get("value") or ""


def form(page: str) -> tuple[str, dict[str, str]]:
    """The address and the hidden fields of a page's form."""
    parser = _Form()
    parser.feed(page)
    return parser.action, parser.fields
