"""The one table of what each role may do. Doors ask for permissions by name, never for roles.

A row is `"<app>.<verb>": roles that hold it`; each app has its own block. Platform roles act on the public host, tenant
roles on a tenant's, `student` is everyone who signed in for a profile. What a role sees of a list is a matter of rows
and branches and is cut by selectors.
"""

from functools import lru_cache

SUPER_ADMIN, OPERATIONS, FINANCE, SUPPORT, READ_ONLY = "super_admin", "operations", "finance", "support", "read_only"
OWNER, MANAGER, FRONT_DESK, TEACHER, ACCOUNTANT = "owner", "manager", "front_desk", "teacher", "accountant"
STUDENT = "student"

PLATFORM_ROLES = (SUPER_ADMIN, OPERATIONS, FINANCE, SUPPORT, READ_ONLY)
TENANT_ROLES = (OWNER, MANAGER, FRONT_DESK, TEACHER, ACCOUNTANT)

# Who may give and take each side's highest role, and of whom one must always remain.
HIGHEST = {"platform": SUPER_ADMIN, "tenant": OWNER}

ADMINS = PLATFORM_ROLES
STAFF = TENANT_ROLES
DESK = (OWNER, MANAGER, FRONT_DESK)
LEADS = (OWNER, MANAGER)
MONEY = (OWNER, MANAGER, ACCOUNTANT)

PERMISSIONS: dict[str, tuple[str, ...]] = {
    # accounts
    "users.view": (*ADMINS, *LEADS),
    "users.add": (SUPER_ADMIN, *LEADS),
    "users.change": (SUPER_ADMIN, *LEADS),
    "users.remove": (SUPER_ADMIN, *LEADS),
    "roles.view": (*ADMINS, *LEADS),
    # organisation
    "organisation.view": LEADS,
    "organisation.change": LEADS,
    "domains.view": LEADS,
    "domains.change": (OWNER,),
    # kernel: audit, jobs
    "audit.view": (SUPER_ADMIN, OPERATIONS, SUPPORT, READ_ONLY, OWNER),
    "jobs.view": (SUPER_ADMIN, OPERATIONS, SUPPORT, READ_ONLY, *STAFF),
    "jobs.run": (SUPER_ADMIN, OPERATIONS, *LEADS),
    "webhooks.view": (SUPER_ADMIN, OPERATIONS, SUPPORT, READ_ONLY, *MONEY),
    "webhooks.replay": (SUPER_ADMIN, OPERATIONS, OWNER),
    # tenants, console
    "tenants.view": ADMINS,
    "tenants.add": (SUPER_ADMIN, OPERATIONS),
    "tenants.change": (SUPER_ADMIN, OPERATIONS),
    "tenants.suspend": (SUPER_ADMIN, OPERATIONS, FINANCE),
    "tenants.offboard": (SUPER_ADMIN,),
    "tenants.restore": (SUPER_ADMIN,),
    "tenants.support": (SUPER_ADMIN, OPERATIONS, SUPPORT),
    # plans
    "plans.view": (*ADMINS, *LEADS),
    "plans.change": (SUPER_ADMIN, FINANCE),
    # credits
    "credits.view": (*ADMINS, *MONEY),
    "credits.purchase": (SUPER_ADMIN, FINANCE, OWNER, MANAGER),
    "credits.allocate": (SUPER_ADMIN, FINANCE),
    # payments, ledger
    "payments.view": (SUPER_ADMIN, FINANCE, SUPPORT, READ_ONLY, *MONEY, FRONT_DESK, STUDENT),
    "payments.create": (SUPER_ADMIN, FINANCE, *MONEY, FRONT_DESK, STUDENT),
    "payments.route": (SUPER_ADMIN, FINANCE, SUPPORT, READ_ONLY, *MONEY, FRONT_DESK),
    "payments.books": (SUPER_ADMIN, FINANCE, READ_ONLY, *MONEY),
    "payments.desk": (*MONEY, FRONT_DESK),
    "payments.refund": (SUPER_ADMIN, FINANCE, *MONEY),
    "payments.refund_any": (SUPER_ADMIN, FINANCE, OWNER),
    "payments.gateways": (SUPER_ADMIN, FINANCE, OWNER),
    # messaging
    "messages.view": (SUPER_ADMIN, OPERATIONS, SUPPORT, READ_ONLY, *LEADS),
    "messages.change": (SUPER_ADMIN, OPERATIONS, *LEADS),
    # people
    "people.view": (*STAFF, STUDENT),
    "people.phones": (*DESK, ACCOUNTANT),
    "people.add": DESK,
    "people.change": DESK,
    "people.remove": LEADS,
    "people.import": LEADS,
    "people.export": (*LEADS, ACCOUNTANT),
    # libraries
    "libraries.view": (*STAFF, STUDENT),
    "libraries.change": LEADS,
    # bookings
    "bookings.view": (*DESK, ACCOUNTANT, STUDENT),
    "bookings.hold": (*DESK, STUDENT),
    "bookings.change": (*DESK, STUDENT),
    "bookings.attend": (*DESK,),
    # classes
    "classes.view": (*STAFF, STUDENT),
    "classes.schedule": LEADS,
    "classes.start": (*LEADS, TEACHER),
    "classes.join": (*LEADS, TEACHER, STUDENT),
    "classes.video": (OWNER,),
    # fees
    "fees.view": (*MONEY, FRONT_DESK, STUDENT),
    "fees.change": MONEY,
    # campaigns
    "campaigns.view": LEADS,
    "campaigns.send": LEADS,
}


# What stays the owner's alone while the operator's support acts in their place: who may come in and do what, the keys of
# gateways, money that leaves, and everybody's data in one file.
NOT_FOR_SUPPORT = frozenset(
    {
        *("users.add", "users.change", "users.remove", "payments.gateways", "payments.refund"),
        *("credits.purchase", "people.export"),
    }
)


@lru_cache(maxsize=256)
def permissions_of(roles: tuple[str, ...]) -> frozenset[str]:
    """Everything these roles together may do."""
    held = set(roles)
    return frozenset(name for name, holders in PERMISSIONS.items() if held.intersection(holders))


def roles_of(*, platform: bool) -> tuple[str, ...]:
    """The roles that can be given on this side."""
    return PLATFORM_ROLES if platform else TENANT_ROLES


def highest(*, platform: bool) -> str:
    """The role that must never be without a holder on this side."""
    return HIGHEST["platform" if platform else "tenant"]
