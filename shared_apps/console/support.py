"""Support's visits to tenants, from the operator's side: asked for with a reason, shown, ended.

Each is noted in the operator's audit before the tenant's schema knows of it: nobody comes in without a trace here. What
then happens is the tenant's to read, in its own audit; its owners get a notice at once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.http.actor import Actor
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.accounts import selectors as people
from shared_apps.accounts import services as accounts
from shared_apps.accounts.roles import OWNER
from shared_apps.console.errors import SupportClosed, SupportUnknown
from shared_apps.messaging import services as messaging
from shared_apps.tenants import selectors as tenants

if TYPE_CHECKING:
    from shared_apps.accounts.models import SupportVisit


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as the console shows it; `link` is empty once it was used, or its two minutes are over."""

    id: UUID
    admin: UUID
    name: str
    reason: str
    owner: str
    asked_at: datetime
    link_ends_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    ended_at: datetime | None
    link: str = ""

    @property
    def is_live(self) -> bool:
        """Whether its person is in now."""
        return self.opened_at is not None and self.ended_at is None and self.ends_at > clock.now()


def support_begin(*, tenant: UUID, reason: str, by: Actor) -> Visit:
    """Ask to come in as a tenant's owner for half an hour. In the operator's scope, between transactions.

    Raises NotFound, SupportClosed, and accounts' OwnerAbsent, of which the audit keeps that it was asked for.
    """
    row = tenants.tenant_get(tenant)
    business = row.business()
    if not business.is_alive:
        raise SupportClosed(state=row.state)
    person = people.user_by_id(by.user_id) if by.user_id else None
    name = person.name or str(person.email) if person else by.name
    visit = uuid7()
    _noted("tenants.support", tenant, visit=visit, reason=reason)
    with tenant_scope(business, visited_for="console.support"), transaction.atomic():
        asked = accounts.support_ask(visit=visit, admin=by.user_id or visit, name=name, reason=reason)
        owners = people.users_with_role(OWNER).values_list("id", flat=True)
        title = _("Support of the platform asks to sign in as you")
        text = _("%(name)s: %(reason)s. It is written down in your audit, and ends by itself.")
        messaging.notification_send(
            users=owners, title=title, text=text % {"name": name, "reason": reason}, level="warning"
        )
        return _shown(asked)


def support_visit(*, tenant: UUID, visit: UUID, by: Actor) -> Visit:
    """One visit, with the link for whoever asked for it. Raises NotFound, SupportUnknown."""
    row = tenants.tenant_get(tenant)
    if row.schema_name is None:
        raise SupportUnknown
    with tenant_scope(row.business(), visited_for="console.support"):
        found = people.support_visits().select_related("user", "sign_in").filter(id=visit).first()
        if found is None:
            raise SupportUnknown
        is_good = found.opened_at is None and found.ended_at is None and found.link_ends_at > clock.now()
        secret = accounts.support_link(found) if is_good and found.admin == by.user_id else ""
        return _shown(found, link=f"{_address(row.public_id)}/support?token={secret}" if secret else "")


def support_stop(*, tenant: UUID, visit: UUID) -> None:
    """End a visit from the operator's side, whoever's it is. Raises NotFound, SupportUnknown."""
    row = tenants.tenant_get(tenant)
    if row.schema_name is None:
        raise SupportUnknown
    with tenant_scope(row.business(), visited_for="console.support"):
        ended = accounts.support_end(visit=visit, because="operator")
    if ended:
        _noted("tenants.support_end", tenant, visit=visit)


def visits_of(rows: "list[SupportVisit]") -> list[Visit]:
    """Visits as the console shows them."""
    return [_shown(row) for row in rows]


def _shown(row: "SupportVisit", *, link: str = "") -> Visit:
    # The owner may have signed that device out.
    ended = row.ended_at or (row.sign_in.ended_at if row.sign_in else None)
    facts = (row.id, row.admin, row.admin_name, row.reason, row.user.name)
    return Visit(*facts, row.asked_at, row.link_ends_at, row.ends_at, row.opened_at, ended, link)


def _address(public_id: str) -> str:
    """The tenant's permanent host: a name for people may be given up meanwhile."""
    return f"{settings.SCHEME}://{public_id}.{settings.DOMAIN}"


def _noted(action: str, tenant: UUID, *, visit: UUID, reason: str = "") -> None:
    changes = {"visit": [None, str(visit)], **({"reason": [None, reason]} if reason else {})}
    audit.record(action=action, subject_type="tenant", subject_id=str(tenant), changes=changes)
