"""Telling a tenant what became of its own domain without its doing: a notice to its owners, and a line in its trail."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from kernel import audit
from kernel.tenancy import tenant_scope
from shared_apps.accounts import selectors as people
from shared_apps.accounts.roles import OWNER
from shared_apps.messaging import services as messaging
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants.events import DomainMoved

PAGE = "/settings/domains"


def owners_tell(event: DomainMoved) -> int:
    """Note it and leave each owner a notice; how many. In the operator's scope, between transactions."""
    business = tenants.tenant_get(UUID(event.tenant)).business()
    if not business.schema:
        return 0
    with tenant_scope(business, visited_for="console.domains"), transaction.atomic():
        changes = {"domain": [None, event.domain]}
        audit.record(
            action=f"organisation.domain_{event.what}", subject_type="domain", subject_id=event.domain, changes=changes
        )
        title, text, level = _words(event)
        owners = people.users_with_role(OWNER).values_list("id", flat=True)
        return messaging.notification_send(users=owners, title=title, text=text, level=level, link=PAGE)


def _words(event: DomainMoved) -> tuple[str, str, str]:
    """Title, text and level, in the tenant's language."""
    facts = {"domain": tenants.domain_shown(event.domain), "days": event.days}
    if event.what == "proven":
        return _("%(domain)s is yours here") % facts, _("Your people reach you by it once it leads to us."), "success"
    if event.what == "warned":
        text = _("The record that proves it is gone from the DNS. In %(days)s days it will no longer be served.")
        return _("The proof for %(domain)s is gone") % facts, text % facts, "warning"
    if event.what == "released":
        return (
            _("%(domain)s is no longer served") % facts,
            _("The platform has released it. Ask our support why."),
            "error",
        )
    text = _("Its proof was gone for too long. You can add it again.")
    return _("%(domain)s is no longer served") % facts, text, "error"
