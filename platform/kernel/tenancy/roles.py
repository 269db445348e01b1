"""Names of the database roles. Roles belong to the whole server, so each carries a prefix of its installation.

<prefix>_ddl        owns every schema and table; logs in to migrate and to make schemas
<prefix>_app        logs in to serve; owns nothing, may read nothing, can only take one of the roles below
<prefix>_platform   the operator's work on the public schema
<prefix>_crossing   the few things a tenant's request may do on the public schema between transactions
<prefix>_directory, _worker, _inbox   the kernel's own narrow tasks
<prefix>_tenant     what every tenant may call in public; held through membership
<prefix>_t_<n>      one tenant
"""

from django.conf import settings

SYSTEM_ROLES = ("platform", "crossing", "directory", "worker", "inbox")


def system_role(name: str) -> str:
    """The database role of one of the kernel's own tasks."""
    if name not in SYSTEM_ROLES:
        raise ValueError(f"no system role {name!r}")
    return f"{settings.ROLE_PREFIX}_{name}"


def tenant_role(schema: str) -> str:
    return f"{settings.ROLE_PREFIX}_{schema}"


def tenants_group() -> str:
    return f"{settings.ROLE_PREFIX}_tenant"
