"""Which rows of `public` are a tenant's: they go into its bundle, and by this table they are kept or erased.

`WHERE` is a condition on `schema`, `tenant` (its id) and nothing else. Every table of `public` is named here, in one of
the two tables; children stand before their parents, so that rows can be deleted in this order.
"""

from dataclasses import dataclass

_PAYMENTS = (
    "(SELECT p.id FROM public.payments_payment p JOIN public.credits_order o ON o.id::text = p.subject"
    " WHERE p.purpose = 'credits.purchase' AND o.schema = %(schema)s)"
)
_ACCOUNT = "(starts_with({0}, 'wallet:' || %(schema)s || ':') OR starts_with({0}, 'consumed:' || %(schema)s || ':'))"
_BOOKS = "what was sold to it and paid: books are kept eight years (Companies Act 2013 s. 128, CGST Act 2017 s. 36)"


@dataclass(frozen=True, slots=True)
class Rows:
    """`where` finds a tenant's rows. `kept`, when it says something, is why they outlive the tenant. `money`: a restore
    never takes them back, so it says how they have moved on since.
    """

    where: str
    kept: str = ""
    money: bool = False


OWNED: dict[str, Rows] = {
    "payments_refund": Rows(f"payment_id IN {_PAYMENTS}", _BOOKS, money=True),
    "payments_gatewaypayment": Rows(f"payment_id IN {_PAYMENTS}", _BOOKS, money=True),
    "payments_attempt": Rows(f"payment_id IN {_PAYMENTS}", _BOOKS, money=True),
    "payments_payment": Rows(f"id IN {_PAYMENTS}", _BOOKS, money=True),
    "credits_order": Rows("schema = %(schema)s", _BOOKS, money=True),
    "ledger_transfer": Rows(f"{_ACCOUNT.format('debit')} OR {_ACCOUNT.format('credit')}", _BOOKS, money=True),
    "ledger_account": Rows(_ACCOUNT.format("code"), _BOOKS, money=True),
    # What was agreed, not what was sold: it ends with the offboarding.
    "plans_subscription": Rows("schema = %(schema)s", money=True),
    "credits_wallet": Rows("schema = %(schema)s"),
    "credits_price": Rows("schema = %(schema)s"),
    "vendor_reference": Rows("schema = %(schema)s"),
    "inbox": Rows("business = %(schema)s"),
    "jobs_job": Rows("business = %(schema)s"),
    "console_provisioningstep": Rows("tenant_id = %(tenant)s"),
    "tenants_usage": Rows("tenant_id = %(tenant)s"),
    "tenants_customdomain": Rows("tenant_id = %(tenant)s"),
    "tenants_host": Rows("tenant_id = %(tenant)s", "addresses stay closed, so that no stranger inherits their links"),
    "tenants_tenant": Rows(
        "id = %(tenant)s", "the tombstone: its name, public id and kind, without the owner's contact"
    ),
}

_KEPT = "how the installation is made and kept"
_DEEDS = "the operator's record of its own deeds"
_OPERATORS = "the operator's own business"
_LIBRARY = "of the framework, without rows of any business"
_TRADE = "what the operator buys and offers"
NOT_A_TENANTS: dict[str, str] = {
    "accounts_loginattempts": _OPERATORS,
    "accounts_otpchallenge": _OPERATORS,
    "accounts_otpcount": _OPERATORS,
    "accounts_recoverycode": _OPERATORS,
    "accounts_roleassignment": _OPERATORS,
    "accounts_secondfactor": _OPERATORS,
    "accounts_signin": _OPERATORS,
    "accounts_supportvisit": _OPERATORS,
    "accounts_user": _OPERATORS,
    "audit_entry": _OPERATORS,
    "auth_group": _LIBRARY,
    "auth_group_permissions": _LIBRARY,
    "auth_permission": _LIBRARY,
    "console_bundleexport": _DEEDS,
    "console_bundlerestore": _DEEDS,
    "console_erasure": _DEEDS,
    "console_offboarding": _DEEDS,
    "console_offboardingstep": _DEEDS,
    "credits_purchase": _TRADE,
    "credits_vendor": _TRADE,
    "django_content_type": _LIBRARY,
    "django_migrations": _LIBRARY,
    "files_file": _OPERATORS,
    "idempotency_call": _OPERATORS,
    "jobs_cadence": _KEPT,
    "messaging_batch": _OPERATORS,
    "messaging_message": _OPERATORS,
    "messaging_notification": _OPERATORS,
    "messaging_template": _OPERATORS,
    "organisation_profile": _OPERATORS,
    "payments_circuit": _OPERATORS,
    "payments_feeschedule": _OPERATORS,
    "payments_gatewayaccount": _OPERATORS,
    "payments_receiptseries": _OPERATORS,
    "plans_plan": _TRADE,
    "progress_progress": _OPERATORS,
    "quotas_quota": _OPERATORS,
    "tenancy_backfillposition": _KEPT,
    "tenancy_fleetentry": _KEPT,
    "tenancy_fleetrun": _KEPT,
    "tenancy_readyschema": _KEPT,
    "tenancy_registryfault": _KEPT,
    "tenancy_snapshot": _KEPT,
}
