"""Support's way into a tenant: one of the operator's people in its owner's place, asked for with a reason, for a time.

What was asked for stands in the tenant's own schema, where its owner sees it. The link opens it once and soon; the
sign-in behind it ends at the hour named when it was asked for, whatever is done meanwhile.
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from kernel import audit, clock, jobs
from kernel.http.actor import Actor, Support

from ..errors import LinkVoid, OwnerAbsent, TokenExpired, TokenInvalid
from ..models import SignIn, SupportVisit
from ..roles import OWNER
from ..selectors import users_with_role
from ..tokens import SupportToken
from .ending import rows_end
from .sign_in import Device

LASTS = timedelta(minutes=30)
LINK_LASTS = SupportToken.lifetime


@transaction.atomic
def support_ask(*, visit: UUID, admin: UUID, name: str, reason: str) -> SupportVisit:
    """Note that the operator's `admin` is to come in as this tenant's owner, under the id `visit` of the operator's
    own note of it. In the tenant's scope. Raises OwnerAbsent while no owner has come in.
    """
    owner = users_with_role(OWNER).filter(role_assignments__branch=None).order_by("id").first()
    if owner is None:
        raise OwnerAbsent
    now = clock.now()
    row = SupportVisit.objects.create(
        id=visit,
        user=owner,
        admin=admin,
        admin_name=name,
        reason=reason.strip(),
        asked_at=now,
        link_ends_at=now + LINK_LASTS,
        ends_at=now + LASTS,
    )
    _audit("support.ask", row)
    return row


def support_link(visit: SupportVisit) -> str:
    """The secret of the link that opens a visit not yet opened. In the tenant's scope."""
    token = SupportToken()
    token.set_exp(from_time=visit.asked_at, lifetime=LINK_LASTS)
    token["sub"], token["jti"] = str(visit.user_id), str(visit.id)
    return str(token)


def support_of(token: str) -> SupportVisit:
    """The visit a link's secret would open now. Raises LinkVoid."""
    try:
        visit = SupportToken.parse(token).uuid("jti")
    except (TokenInvalid, TokenExpired) as error:
        raise LinkVoid from error
    row = SupportVisit.objects.select_related("user").filter(_good(visit)).first()
    if row is None:
        raise LinkVoid
    return row


@transaction.atomic
def support_open(*, token: str, device: Device) -> UUID:
    """Spend a link: the sign-in it stands for, which ends by itself. Of racers with one link one comes in.

    Raises LinkVoid, also when the owner has lost the role since.
    """
    row = support_of(token)
    if not SupportVisit.objects.filter(_good(row.id)).update(opened_at=clock.now()):
        raise LinkVoid
    if not users_with_role(OWNER).filter(id=row.user_id).exists():
        raise LinkVoid
    now = clock.now()
    row.sign_in = SignIn.objects.create(
        user_id=row.user_id,
        kind=SignIn.Kind.STAFF,
        # As the owner's list of devices is to name it, where they can end it.
        device=_("Support of the platform: %(name)s") % {"name": row.admin_name},
        ip=device.ip,
        created_at=now,
        seen_at=now,
        expires_at=row.ends_at,
        ends_at=row.ends_at,
    )
    row.save(update_fields=["sign_in"])
    jobs.put("accounts.support_close", due=row.ends_at, visit=str(row.id))
    _audit("support.open", row)
    return row.sign_in.id


@transaction.atomic
def support_end(*, visit: UUID, because: str) -> bool:
    """End a visit before its hour, or note that it came. False when it has ended, or is no visit here."""
    row = SupportVisit.objects.select_for_update(of=("self",)).filter(id=visit, ended_at=None).first()
    if row is None:
        return False
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    if row.sign_in_id is not None:
        rows_end(SignIn.objects.filter(id=row.sign_in_id), because=because)
    _audit("support.end", row, because=because)
    return True


def _good(visit: UUID) -> Q:
    """A visit whose link is good now."""
    return Q(id=visit, opened_at=None, ended_at=None, link_ends_at__gt=clock.now())


def _audit(action: str, row: SupportVisit, *, because: str = "") -> None:
    """Under the name of the operator's person, whoever ends it."""
    changes = {"name": [None, row.admin_name], "reason": [None, row.reason], "until": [None, row.ends_at.isoformat()]}
    if because:
        changes["because"] = [None, because]
    by = Actor(kind="admin", support=Support(row.admin, row.admin_name, row.reason, row.ends_at))
    audit.record(action=action, subject_type="support", subject_id=str(row.id), changes=changes, actor=by)
