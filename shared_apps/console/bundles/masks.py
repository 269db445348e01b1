"""What of a tenant is somebody's personal data, column by column, and what stands in its place in a sandbox.

A mask is made of the value and a salt of the clone: the same person is the same stranger in every table, and nobody who
knows the value finds it by trying. No number begins with 0 in India, so a masked phone reaches nobody; nor does any
address under `.invalid` (RFC 2606). Tables of sessions, secrets, one-time codes, logs, messages, files and dealings with
gateways are not taken along at all. Every text of a tenant's schema is in one of the three tables here.
"""

from kernel.tenancy.copies import Loading

_HASH = "md5(%(salt)s::text || {0})"
PERSON = f"'Person ' || upper(substr({_HASH}, 1, 8))"
PHONE = f"'+910' || lpad((('x' || substr({_HASH}, 1, 15))::bit(60)::bigint %% 1000000000000)::text, 12, '0')"
EMAIL = f"'p' || substr({_HASH}, 1, 16) || '@masked.invalid'"
CODE = f"'M' || upper(substr({_HASH}, 1, 12))"
TEXT = "'masked'"
NOTHING = "''"
OBJECT = "'{{}}'::jsonb"
LIST = "'{{}}'"
ADDRESS = "'192.0.2.1'::inet"  # TEST-NET-1, RFC 5737

LEFT_OUT = frozenset(
    {
        *("accounts_loginattempts", "accounts_otpchallenge", "accounts_otpcount", "accounts_recoverycode"),
        *("accounts_secondfactor", "accounts_signin", "accounts_supportvisit", "audit_entry", "files_file"),
        *("classes_chatmessage", "classes_videoaccount", "idempotency_call", "messaging_batch", "messaging_message"),
        *("messaging_notification", "payments_attempt", "payments_circuit", "payments_gatewayaccount"),
        *("payments_gatewaypayment", "payments_payment", "payments_refund", "people_refusedrow"),
        *("people_savedview", "progress_progress"),
    }
)

MASKED: dict[str, dict[str, str]] = {
    "accounts_user": {"name": PERSON, "phone": PHONE, "email": EMAIL, "password": NOTHING},
    "bookings_booking": {"reason": TEXT, "came_ip": ADDRESS, "came_device": TEXT},
    "campaigns_campaign": {"values": OBJECT},
    "classes_liveclass": {"note": TEXT, "room": CODE},
    "classes_presence": {"name": PERSON},
    "fees_due": {"reason": TEXT},
    "libraries_seat": {"blocked_because": TEXT},
    "organisation_profile": {"gstin": NOTHING, "phone": PHONE, "email": EMAIL, "address": TEXT},
    "people_student": {
        "code": CODE,
        "name": PERSON,
        "phone": PHONE,
        "email": EMAIL,
        "tags": LIST,
        "guardian_name": PERSON,
        "guardian_phone": PHONE,
    },
    "people_studentimport": {"file_name": TEXT, "reason": TEXT},
}

PLAIN: dict[str, frozenset[str]] = {
    "accounts_roleassignment": frozenset({"role"}),
    "accounts_user": frozenset({"state"}),
    "bookings_booking": frozenset({"state"}),
    "campaigns_campaign": frozenset({"name", "template", "language", "grade", "board", "state"}),
    "classes_liveclass": frozenset({"title", "subject", "grade", "board", "state", "ended_because", "provider"}),
    "classes_presence": frozenset({"part"}),
    "classes_slot": frozenset({"subject", "grade", "board", "room", "state"}),
    "django_migrations": frozenset({"app", "name"}),
    "fees_bundle": frozenset({"key"}),
    "fees_due": frozenset({"title", "state", "receipt"}),
    "ledger_account": frozenset({"code", "unit"}),
    "ledger_transfer": frozenset({"debit", "credit", "phase", "kind", "key", "reference"}),
    "libraries_hall": frozenset({"name"}),
    "libraries_seat": frozenset({"label", "seat_class", "state"}),
    "libraries_shift": frozenset({"name"}),
    "messaging_template": frozenset(
        {"name", "channel", "language", "category", "subject", "text", "variables", "header", "state"}
        | {"vendor_template", "dlt_template"}
    ),
    "organisation_profile": frozenset({"legal_name", "setup_skipped"}),
    "payments_feeschedule": frozenset({"gateway", "method"}),
    "payments_receiptseries": frozenset({"prefix"}),
    "people_access": frozenset({"relation"}),
    "people_branch": frozenset({"name", "code", "kind", "city", "address", "state", "code_pattern"}),
    "people_codeseries": frozenset({"prefix"}),
    "people_student": frozenset({"state", "grade", "board", "guardian_relation"}),
    "people_studentimport": frozenset({"columns", "state"}),
    "quotas_quota": frozenset({"name", "lifted_by"}),
}


def mask(loading: Loading, *, salt: str) -> None:
    """Replace what is personal in a schema that is being filled. What is empty stays empty."""
    for table, columns in MASKED.items():
        loading.change(table, {column: _masked(column, how) for column, how in columns.items()}, {"salt": salt})


def _masked(column: str, how: str) -> str:
    quoted = f'"{column}"'
    value = how.format(f"{quoted}::text")
    return f"CASE WHEN {quoted} IS NULL OR {quoted}::text IN ('', '{{}}') THEN {quoted} ELSE {value} END"
