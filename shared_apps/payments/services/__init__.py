"""Writes of payments: asking for money, booking what came, giving it back, and the accounts it runs through."""

from shared_apps.payments.services.desk import desk_payment_create
from shared_apps.payments.services.gateways import (
    Charges,
    account_change,
    account_save,
    account_test,
    charges_set,
    client_of,
    credentials_of,
)
from shared_apps.payments.services.naming import home, reference_of
from shared_apps.payments.services.opening import payment_create, payment_open
from shared_apps.payments.services.polling import payments_poll
from shared_apps.payments.services.refunds import (
    REFUND_LIMIT_PAISE,
    refund_apply,
    refund_check_limit,
    refund_refresh,
    refund_request,
    refund_send,
    surplus_return,
)
from shared_apps.payments.services.settling import payment_apply, payment_refresh

__all__ = [
    "REFUND_LIMIT_PAISE",
    "Charges",
    "account_change",
    "account_save",
    "account_test",
    "charges_set",
    "client_of",
    "credentials_of",
    "desk_payment_create",
    "home",
    "payment_apply",
    "payment_create",
    "payment_open",
    "payment_refresh",
    "payments_poll",
    "reference_of",
    "refund_apply",
    "refund_check_limit",
    "refund_refresh",
    "refund_request",
    "refund_send",
    "surplus_return",
]
