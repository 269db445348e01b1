"""Tenancy: one PostgreSQL schema and one database role per tenant, entered by scope and never by default."""

from kernel.tenancy.business import PUBLIC_SCHEMA, Business
from kernel.tenancy.directory import business_by_host, business_by_schema
from kernel.tenancy.errors import ScopeChanged, ScopeMissing, ScopeNesting, TenancyError
from kernel.tenancy.scope import (
    business_scope,
    current,
    current_or_none,
    platform_business,
    platform_scope,
    system_scope,
    tenant_scope,
)
from kernel.tenancy.states import ALIVE_STATES, UNMADE_STATES

__all__ = [
    "ALIVE_STATES",
    "PUBLIC_SCHEMA",
    "UNMADE_STATES",
    "Business",
    "ScopeChanged",
    "ScopeMissing",
    "ScopeNesting",
    "TenancyError",
    "business_by_host",
    "business_by_schema",
    "business_scope",
    "current",
    "current_or_none",
    "platform_business",
    "platform_scope",
    "system_scope",
    "tenant_scope",
]
