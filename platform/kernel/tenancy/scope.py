"""The scope: which business the present work belongs to, and the only ways to enter one.

The scope is a context variable, so it follows a request or task through `await` and into `sync_to_async`, and a new
thread starts without one. The database backend compares it with what is applied to its connection at every cursor.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

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


_NOBODY = UUID(int=0)
_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def platform_business() -> Business:
    """The operator as a business: the public schema under the platform's role."""
    return Business(
        schema=PUBLIC_SCHEMA,
        role=system_role("platform"),
        public_id="platform",
        id=_NOBODY,
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


class Entrance:
    """The way into a scope and out again, for one `with`; gives the business.

    With `within` not from inside another schema's scope, unless that one has the role `visitor`. Every request passes
    here. So it is one block, where blocks in blocks would cost more than all they set, and it calls what Django's own
    blocks for zones and languages call.
    """

    __slots__ = ("_left", "_scope", "_visitor", "_within")

    def __init__(self, scope: Scope, *, within: str = "", visitor: str = "") -> None:
        self._scope, self._within, self._visitor = scope, within, visitor

    def __enter__(self) -> Business:
        scope, business, outer = self._scope, self._scope.business, _scope.get()
        if self._within and outer is not None and outer.business.schema != self._within and outer.role != self._visitor:
            raise ScopeNesting(f"{business} opened inside {outer.business}")
        if outer != scope and in_transaction():
            raise ScopeNesting(f"{business} as {scope.role} opened inside an open transaction")
        zone, language = ZoneInfo(business.zone), translation.get_language()
        _speak(language, business.language)
        self._left = clock.zone(), language, _scope.set(scope)
        _be_in(zone)
        return business

    def __exit__(self, *_: object) -> None:
        zone, language, token = self._left
        _scope.reset(token)
        _be_in(zone)
        _speak(self._scope.business.language, language)


def _be_in(zone: ZoneInfo) -> None:
    """Let dates be read and shown in this zone."""
    clock.zone_set(zone)
    timezone.activate(zone)  # noqa: TID251 - the scope itself


def _speak(now: str | None, wanted: str | None) -> None:
    """Change the language where that changes anything: it seldom does, and others change it for a block only."""
    if wanted is None:
        translation.deactivate_all()
    elif wanted != now:
        translation.activate(wanted)  # noqa: TID251 - the scope itself


def tenant_scope(business: Business, *, visited_for: str | None = None) -> Entrance:
    """Work as one tenant: its schema, its database role, its time zone and language.

    Nests only within itself; the operator may visit from its own scope for a listed purpose (`VISITS`), between
    transactions. Raises ScopeNesting inside another business or an open transaction.
    """
    if business.is_platform:
        raise ScopeNesting("the platform is no tenant")
    scope = Scope(business, (business.schema, EXTENSIONS_SCHEMA), business.role)
    if visited_for is None:
        return Entrance(scope, within=business.schema)
    if visited_for not in settings.VISITS:
        raise ScopeNesting(f"{visited_for!r} is not a listed visit")
    return Entrance(scope, within=business.schema, visitor=system_role("platform"))


def platform_scope(*, on_behalf_of: Business | None = None, purpose: str | None = None) -> Entrance:
    """Work as the operator, on the public schema.

    `on_behalf_of` crosses from a tenant's work to the operator's for one listed `purpose`, between transactions only,
    under a role that can do just what the listed purposes need.
    """
    if on_behalf_of is None:
        return Entrance(_public("platform"), within=PUBLIC_SCHEMA)
    if purpose not in settings.CROSSINGS:
        raise ScopeNesting(f"{purpose!r} is not a listed crossing")
    return Entrance(_public("crossing"), within=on_behalf_of.schema)


def business_scope(business: Business) -> Entrance:
    """The scope of whichever business this is, the operator included."""
    return platform_scope() if business.is_platform else tenant_scope(business)


def system_scope(name: str) -> Entrance:
    """Work of the kernel itself on the public schema under a narrow role: directory, worker or inbox.

    Allowed inside any scope between transactions: it carries no business's work.
    """
    return Entrance(_public(name))


def schema_scope(schema: str) -> Entrance:
    """The DDL login's view of one schema, as itself: for migrations and the tests that compare schemas."""
    business = Business(
        schema=schema, role="", public_id=schema, id=_NOBODY, slug=schema, name=schema, kind="", state="active"
    )
    return Entrance(Scope(business, (schema, EXTENSIONS_SCHEMA), None))


def _public(role: str) -> Scope:
    return Scope(platform_business(), (PUBLIC_SCHEMA, EXTENSIONS_SCHEMA), system_role(role))
