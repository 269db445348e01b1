"""Every way the operator's desk says no."""

from kernel.errors import DomainError


class SupportClosed(DomainError):
    """Only a tenant whose people may work is entered by support: `state`."""

    code = "console.support_closed"
    status = 409
    title = "Nobody may work there now"
    action = "Support comes in only while the tenant is open to its own people."


class SupportUnknown(DomainError):
    """There is no such visit of support, or it was asked for by someone else."""

    code = "console.support_unknown"
    status = 404
    title = "There is no such visit"
    action = "Ask for one from the tenant's page."


class BundleBroken(DomainError):
    """A bundle does not hold what it says: `part` and `why`."""

    code = "console.bundle_broken"
    status = 409
    title = "The bundle is not whole"
    action = "Take another bundle; nothing was changed."


class BundleUnfinished(DomainError):
    """Only a bundle that is done is brought back or handed out: `state`."""

    code = "console.bundle_unfinished"
    status = 409
    title = "The bundle is not ready"
    action = "Wait until it is done, or take another."


class BundleErased(DomainError):
    """The bundle's parts are gone: its tenant was erased for good."""

    code = "console.bundle_erased"
    status = 410
    title = "The bundle was erased"
    action = "Nothing of it is left but what it was; look at the tenant's page."


class BundleOld(DomainError):
    """A bundle of older migrations stands, and could not be brought to those in code: the detail says why."""

    code = "console.bundle_old"
    status = 409
    title = "The restored schema could not be migrated"
    action = "Look at the fleet's run; it is tried again by itself."


class RestoreForbidden(DomainError):
    """A tenant is replaced only while nobody works in it: `state`."""

    code = "console.restore_forbidden"
    status = 409
    title = "The tenant's people are at work"
    action = "Suspend it first."


class RestoreUnderWay(DomainError):
    """Two restores of one tenant would take turns at its schema."""

    code = "console.restore_under_way"
    status = 409
    title = "A restore of this tenant is under way"
    action = "Wait until it has ended, or carry on with it if it was given up."


class RestoreNotStopped(DomainError):
    """Only a restore that was given up is carried on with: `state`."""

    code = "console.restore_not_stopped"
    status = 409
    title = "This restore was not given up"
    action = "Look at how it stands; what was refused is asked for anew."


class RestoreExchanged(DomainError):
    """What was loaded is the tenant's by now: it cannot be dropped any more."""

    code = "console.restore_exchanged"
    status = 409
    title = "This restore has taken its place"
    action = "Carry on with it if it stopped; what it replaced is in the bundle it took first."


class PublicRowsMoved(DomainError):
    """Money has moved since the bundle, and is never taken back: `rows` says where."""

    code = "console.public_rows_moved"
    status = 409
    title = "Credits, orders or the plan have moved on since the bundle"
    action = "Look at what has; say that it is to be kept as it is now, and restore the rest."


class TenantMoved(DomainError):
    """Something was written between the bundle that keeps the present state and the exchange."""

    code = "console.tenant_moved"
    status = 409
    title = "Something was written meanwhile"
    action = "It is tried again by itself."


class CitusAbsent(DomainError):
    """The database is one server, without machines a schema could move between."""

    code = "console.citus_absent"
    status = 409
    title = "This database is one machine: it has no Citus"
    action = "Spread it with Citus first, or restore the tenant's bundle on another installation."


class NodeUnknown(DomainError):
    """No machine of the cluster that takes schemas is called so."""

    code = "console.node_unknown"
    status = 422
    title = "There is no such machine"
    action = "Name one of the cluster's as host:port."


class NotErasable(DomainError):
    """Only what has been offboarded is erased: `state`."""

    code = "console.not_erasable"
    status = 409
    title = "The tenant still stands"
    action = "Offboard it first; it is erased once its schema is gone."


class OffboardingAbsent(DomainError):
    """The tenant is not being closed, or no longer."""

    code = "console.offboarding_absent"
    status = 409
    title = "This tenant is not being closed"
    action = "Look at its state and what led there."
