"""What deeds, quotas, channels and vendors are called in the console."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

DEEDS: dict[str, Any] = {
    "tenants.request": _("Asked for"),
    "tenants.provision": _("Set-up began"),
    "tenants.open": _("Opened"),
    "tenants.decline": _("Turned down"),
    "tenants.edit": _("Changed"),
    "tenants.suspend": _("Suspended"),
    "tenants.reactivate": _("Reactivated"),
    "tenants.offboard": _("Closing began"),
    "tenants.stay": _("Closing was stopped"),
    "tenants.close": _("Doors shut for good"),
    "tenants.delete": _("Deleted"),
    "tenants.support": _("Support asked to come in"),
    "tenants.support_end": _("Support was sent away"),
    "tenants.export": _("Exported"),
    "tenants.download": _("Links to a bundle given"),
    "tenants.restore": _("Brought back from a bundle"),
    "tenants.restore_again": _("Restore carried on"),
    "tenants.restore_abandon": _("Restore given up for good"),
    "tenants.adopt": _("Bundle taken from a folder"),
    "tenants.stand": _("Stands from a bundle"),
    "tenants.move": _("Moved to another machine"),
    "tenants.erase": _("Erased for good"),
    "tenants.domain_verify": _("Own domain proven"),
    "tenants.domain_warn": _("Proof of its own domain is gone"),
    "tenants.domain_release": _("Own domain released"),
    "tenants.name_free": _("Name given up made anybody's"),
    "credits.purchase": _("Credits bought"),
    "credits.allocate": _("Credits given"),
    "credits.vendor": _("Vendor changed"),
    "credits.price": _("Price changed"),
    "plans.add": _("Plan added"),
    "plans.change": _("Plan changed"),
    "plans.move": _("Moved to another plan"),
    "webhooks.read": _("Callback read"),
    "webhooks.replay": _("Callback worked on again"),
    "jobs.run": _("Scheduled job run by hand"),
    "jobs.retry": _("Failed job tried again"),
    "audit.export": _("Audit exported"),
    "accounts.user_create": _("Person added"),
    "accounts.user_change": _("Person changed"),
    "accounts.user_deactivate": _("Person shut out"),
    "accounts.roles_set": _("Roles changed"),
    "accounts.password_set": _("Password chosen"),
    "accounts.factor_confirm": _("Second factor turned on"),
    "accounts.factor_disable": _("Second factor turned off"),
    "accounts.factor_forget": _("Second factor taken away"),
    "accounts.recovery_codes_renew": _("New recovery codes made"),
    "accounts.recovery_code_use": _("Recovery code used"),
    "payments.refund": _("Refund asked for"),
}
# What stands beside a deed, by the app it was done in.
ICONS = {
    "tenants": "building-2",
    "credits": "coins",
    "plans": "layers",
    "webhooks": "webhook",
    "jobs": "list-checks",
    "accounts": "user",
    "payments": "indian-rupee",
    "audit": "download",
}
ORDERS = (
    ("", _("Newest first")),
    ("students", _("Most students first")),
    ("data", _("Most data first")),
    ("active", _("Last active first")),
    ("idle", _("Longest idle first")),
)
STAGES: dict[str, Any] = {
    "one": _("One tenant first"),
    "one in a hundred": _("One in a hundred"),
    "all": _("All of them"),
}
QUOTAS: dict[str, Any] = {
    "students": _("Students"),
    "libraries": _("Libraries"),
    "staff": _("Staff"),
    "storage_mb": _("Storage in MB"),
    "api_per_minute": _("API calls a minute"),
}
FEATURES: dict[str, Any] = {
    "messages": _("Messages"),
    "live_classes": _("Live classes"),
    "campaigns": _("Campaigns"),
    "custom_domain": _("Own domain"),
    "api_keys": _("API keys"),
}
ROLES: dict[str, Any] = {
    "super_admin": _("Super admin"),
    "operations": _("Operations"),
    "finance": _("Finance"),
    "support": _("Support"),
    "read_only": _("Read only"),
}
DUTIES: dict[str, Any] = {
    "super_admin": _("Everything, and who works here"),
    "operations": _("Tenants, jobs, callbacks, support"),
    "finance": _("Plans, credits, payments, refunds"),
    "support": _("Looks, and signs in for tenants"),
    "read_only": _("Looks, and changes nothing"),
}
CHANNELS: dict[str, Any] = {"sms": _("SMS"), "email": _("E-mail"), "whatsapp": _("WhatsApp")}
CADENCES: dict[str, Any] = {
    "jobs.trim": _("Old jobs are cleared away"),
    "inbox.trim": _("Old callbacks are cleared away"),
    "idempotency.purge": _("Spent keys are forgotten"),
    "accounts.forget": _("Old codes and sign-ins are forgotten"),
    "messaging.sweep": _("Messages left behind are sent"),
    "payments.poll": _("Open payments are looked at"),
    "console.offboardings": _("Tenants that leave are taken down"),
    "credits.low_sweep": _("Low wallets are told"),
    "classes.expire": _("Classes left open are ended"),
    "bookings.expire": _("Holds on seats end"),
    "console.usage": _("Tenants' size is measured"),
    "tenants.domains_look": _("Tenants' own domains are looked at"),
    "tenants.registry_look": _("Schemas are compared with their registry"),
}
# What catalogue and registry of schemas can disagree on.
FAULTS: dict[str, Any] = {
    "no row": _("Not in the registry"),
    "no schema": _("Registered, and not there"),
    "not dropped": _("Dropped, and still there"),
    "no role": _("Nobody can work in it"),
    "no tenant": _("Taken by no tenant"),
    "not taken": _("A tenant's, and not taken"),
}
PRIORITIES = (_("Urgent"), _("High"), _("Normal"), _("In bulk"))


# A bundle's states by the names states have on pages.
_BUNDLE_STATES = {"waiting": "queued", "erased": "deleted"}


def bundle_state(state: str) -> str:
    """A bundle's state as it is named on pages."""
    return _BUNDLE_STATES.get(state, state)


def lasted(time: timedelta) -> str:
    """How long something took: `4.2 s`, `12 min`, `3 h`, `2 d`."""
    seconds = time.total_seconds()
    for unit, word, above in ((86_400, "d", 86_400), (3_600, "h", 7_200), (60, "min", 120)):
        if seconds >= above:
            return f"{seconds // unit:.0f} {word}"
    return f"{seconds:.1f} s"


def deed(action: str) -> str:
    """What an entry of the audit says was done."""
    return str(DEEDS.get(action, action))


def channel(code: str) -> str:
    return str(CHANNELS.get(code, code))
