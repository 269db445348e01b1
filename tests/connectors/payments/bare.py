"""The SDKs as they are, to show that what the adapters guard against is really there."""

import cashfree_pg.api_client
import pytest
from cashfree_pg.api_client import ApiClient, Cashfree
from cashfree_pg.configuration import Configuration
from cashfree_pg.models.create_order_request import CreateOrderRequest
from cashfree_pg.models.customer_details import CustomerDetails


class BareCashfree:
    """cashfree-pg with nothing changed but the host, which it keeps as a literal inside each method."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        class Elsewhere(Configuration):
            def __init__(self, host: str | None = None, **given: object) -> None:
                super().__init__(host=f"{url}/pg", **given)

        monkeypatch.setattr(cashfree_pg.api_client, "Configuration", Elsewhere)
        monkeypatch.setattr(ApiClient, "_default", None)

    def shop(self, name: str) -> Cashfree:
        """One business's client."""
        return Cashfree(Cashfree.SANDBOX, XClientId=f"TEST_{name}", XClientSecret=f"secret-cashfree-{name}")

    def order(self, name: str, amount: float = 1500.0) -> object:
        """An order asked for by one business."""
        asked = CreateOrderRequest(
            order_id=f"{name}-1",
            order_amount=amount,
            order_currency="INR",
            customer_details=CustomerDetails(customer_id=f"{name}_1", customer_phone="9876543210"),
        )
        return self.shop(name).PGCreateOrder(asked)
