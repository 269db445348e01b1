"""Database rights beyond the plain rule that a business's role has its own schema's rows.

Read by `kernel.tenancy.grants`, the only place that grants.
"""

# What a tenant's request may do on the public schema between transactions, under the crossing role.
CROSSINGS = frozenset(
    {
        *("credits.buy", "plans.change", "platform.pay", "platform.ticket", "platform.announcements"),
        "tenants.present",  # its own name, colour, logo, language and time zone
        "tenants.domains",  # claim a name of its own, ask to have it looked at, give it up
    }
)

# What the operator may look into a tenant's schema for, between transactions, as that tenant.
VISITS = frozenset({"console.stats", "console.support", "console.replay", "console.domains", "plans.change"})

# SECURITY DEFINER functions in public that a tenant may call inside its own transaction.
TENANT_FUNCTIONS: list[str] = ["caller_schema", "credits_hold", "credits_consume", "credits_release"]
TENANT_FUNCTIONS += ["job_put", "job_finish", "job_runs", "job_state"]
TENANT_FUNCTIONS += ["otp_spend", "otp_spend_capped"]
TENANT_FUNCTIONS += ["inbox_read", "inbox_finish", "inbox_page", "inbox_replay"]

# Exceptions for a business's role on tables of its own schema: what may be done instead of everything.
TABLE_GRANTS: dict[str, str] = {
    # Written by ledger_post and the credits functions alone.
    "ledger_account": "SELECT",
    "ledger_transfer": "SELECT",
    "vendor_reference": "SELECT",
    # Append-only.
    "audit_entry": "SELECT, INSERT",
    # Written by the login that migrates.
    "tenancy_fleetrun": "SELECT",
    "tenancy_fleetentry": "SELECT",
    "tenancy_backfillposition": "SELECT",
}

# The narrow roles' rights on public tables.
SYSTEM_GRANTS: dict[str, dict[str, str]] = {
    "directory": {
        "tenants_tenant": "SELECT",
        "tenants_host": "SELECT",
        "tenancy_readyschema": "SELECT (name, fingerprint)",
        "tenancy_snapshot": "SELECT (fingerprint, names)",
    },
    "worker": {"jobs_job": "SELECT, INSERT, UPDATE, DELETE", "jobs_cadence": "SELECT, INSERT, UPDATE"},
    "inbox": {},
    "crossing": {
        "credits_wallet": "SELECT",
        "credits_price": "SELECT",
        "credits_order": "SELECT, INSERT",
        "ledger_account": "SELECT",
        "ledger_transfer": "SELECT",
        # Asking the payer of an order of credits for money; what comes is booked by the operator alone.
        "payments_gatewayaccount": "SELECT",
        "payments_feeschedule": "SELECT",
        "payments_circuit": "SELECT, INSERT, UPDATE",
        "payments_payment": "SELECT, INSERT, UPDATE",
        "payments_attempt": "SELECT, INSERT, UPDATE",
        "payments_gatewaypayment": "SELECT",
        "plans_plan": "SELECT",
        "plans_subscription": "SELECT, UPDATE",
        # A claim is the tenant's word; the host that comes of it is made by the operator, and can only be closed here.
        "tenants_customdomain": "SELECT, INSERT, UPDATE",
        "tenants_host": "SELECT, UPDATE (released_at)",
        "tenants_tenant": "SELECT (schema_name, name, zone, language, brand, logo, version),"
        " UPDATE (plan, name, zone, language, brand, logo, version, updated_at)",
    },
}
SYSTEM_FUNCTIONS: dict[str, list[str]] = {
    "worker": ["job_claim"],
    "inbox": ["inbox_receive"],
    "crossing": ["caller_schema", "job_put"],
}
