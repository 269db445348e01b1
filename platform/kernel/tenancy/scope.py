"""The scope: which business the present work belongs to, and the only ways to enter one.

The scope is a context variable, so it follows a request or task through `await` and into `sync_to_async`, and a new
thread starts without one. The database backend compares it with what is applied to its connection at every cursor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation

from kernel import clock
from kernel.tenancy.business import EXTENSIONS_SCHEMA, PUBLIC_SCHEMA, Business
from kernel.tenancy.errors import ScopeMissing, ScopeNesting
from kernel.tenancy.roles import system_role


@dataclass(frozen=True, slots=True)
class Scope:
    """A business together with the database state that serves it."""

    business: Business
    path: tuple[str, ...]
    role: str | None


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def platform_business() -> Business:
    """The operator as a business: the public schema under the platform's role."""
    return Business(
        schema=PUBLIC_SCHEMA,
        role=system_role("platform"),
        public_id="platform",
        id=UUID(int=0),
        slug="",
        name=settings.PLATFORM_NAME,
        kind="platform",
        state="active",
    )


def current_scope() -> Scope | None:
    return _scope.get()


def current() -> Business:
    """The business the present work belongs to. Raises ScopeMissing outside a scope."""
    scope = _scope.get()
    if scope is None:
        raise ScopeMissing("no business: enter tenant_scope() or platform_scope() first")
    return scope.business


def current_or_none() -> Business | None:
    scope = _scope.get()
    return scope.business if scope else None


def in_transaction() -> bool:
    """Whether a transaction is open on this thread's connection."""
    return connection.in_atomic_block


@contextmanager
def _enter(scope: Scope) -> Iterator[Business]:
    outer = _scope.get()
    if outer is not None and outer.business.schema != scope.business.schema:
        raise ScopeNesting(f"{scope.business} opened inside {outer.business}")
    with _applied(scope):
        yield scope.business


@contextmanager
def _applied(scope: Scope) -> Iterator[None]:
    outer = _scope.get()
    if outer != scope and in_transaction():
        raise ScopeNesting(f"{scope.business} as {scope.role} opened inside an open transaction")
    token = _scope.set(scope)
    try:
        with clock.in_zone(scope.business.zone) as zone:
            with timezone.override(zone), translation.override(scope.business.language):
                yield
    finally:
        _scope.reset(token)


@contextmanager
def tenant_scope(business: Business, *, visited_for: str | None = None) -> Iterator[Business]:
    """Work as one tenant: its schema, its database role, its time zone and language.

    Nests only within itself; the operator may visit from its own scope for a listed purpose (`VISITS`), between
    transactions. Raises ScopeNesting inside another business or an open transaction.
    """
    if business.is_platform:
        raise ScopeNesting("the platform is no tenant")
    scope = Scope(business, (business.schema, EXTENSIONS_SCHEMA), business.role)
    outer = _scope.get()
    if visited_for is not None and outer is not None and outer.role == system_role("platform"):
        if visited_for not in settings.VISITS:
            raise ScopeNesting(f"{visited_for!r} is not a listed visit")
        with _applied(scope):
            yield business
        return
    with _enter(scope):
        yield business


@contextmanager
def platform_scope(*, on_behalf_of: Business | None = None, purpose: str | None = None) -> Iterator[Business]:
    """Work as the operator, on the public schema.

    `on_behalf_of` crosses from a tenant's work to the operator's for one listed `purpose`, between transactions only,
    under a role that can do just what the listed purposes need.
    """
    platform = platform_business()
    if on_behalf_of is None:
        with _enter(Scope(platform, (PUBLIC_SCHEMA, EXTENSIONS_SCHEMA), platform.role)):
            yield platform
        return
    if purpose not in settings.CROSSINGS:
        raise ScopeNesting(f"{purpose!r} is not a listed crossing")
    outer = _scope.get()
    if outer is not None and outer.business.schema != on_behalf_of.schema:
        raise ScopeNesting(f"crossing for {on_behalf_of} inside {outer.business}")
    if in_transaction():
        raise ScopeNesting("a crossing cannot stand inside a transaction")
    with _applied(Scope(platform, (PUBLIC_SCHEMA, EXTENSIONS_SCHEMA), system_role("crossing"))):
        yield platform


@contextmanager
def business_scope(business: Business) -> Iterator[Business]:
    """The scope of whichever business this is, the operator included."""
    with platform_scope() if business.is_platform else tenant_scope(business):
        yield business


@contextmanager
def system_scope(name: str) -> Iterator[Business]:
    """Work of the kernel itself on the public schema under a narrow role: directory, worker or inbox.

    Allowed inside any scope between transactions: it carries no business's work.
    """
    with _applied(Scope(platform_business(), (PUBLIC_SCHEMA, EXTENSIONS_SCHEMA), system_role(name))):
        yield platform_business()


@contextmanager
def schema_scope(schema: str) -> Iterator[None]:
    """The DDL login's view of one schema, as itself: for migrations and the tests that compare schemas."""
    business = Business(
        schema=schema, role="", public_id=schema, id=UUID(int=0), slug=schema, name=schema, kind="", state="active"
    )
    with _applied(Scope(business, (schema, EXTENSIONS_SCHEMA), None)):
        yield
