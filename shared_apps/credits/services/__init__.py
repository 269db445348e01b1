"""Writes of credits: holds by whoever sends, stock and allocation by the operator, orders by tenants who buy."""

from shared_apps.credits.services.holds import consume, hold, release
from shared_apps.credits.services.orders import order_pay, order_place, order_quote, order_settled
from shared_apps.credits.services.stock import (
    allocate,
    defaults_ensure,
    price_set,
    vendor_purchase,
    vendor_save,
    wallet_open,
    wallets_close,
    wallets_tell,
)

__all__ = [
    "allocate",
    "consume",
    "defaults_ensure",
    "hold",
    "order_pay",
    "order_place",
    "order_quote",
    "order_settled",
    "price_set",
    "release",
    "vendor_purchase",
    "vendor_save",
    "wallet_open",
    "wallets_close",
    "wallets_tell",
]
