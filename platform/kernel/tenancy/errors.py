"""What goes wrong when work has no business, or the wrong one. These are bugs, not refusals: none has a status."""


class TenancyError(Exception):
    """Work touched a database in a way that could cross from one business to another."""


class ScopeMissing(TenancyError):
    """A query ran outside any scope. Nothing falls back to the operator's schema."""


class ScopeNesting(TenancyError):
    """A scope of one business was opened inside another's, or inside a transaction that cannot follow it."""


class AddressLeaks(TenancyError):
    """What one connection to the database sets, another one sees. No process works with such an address."""


class ScopeChanged(TenancyError):
    """A cursor made in one scope was used in another."""


class SchemaHeld(TenancyError):
    """A schema was to be dropped that somebody still holds. Nothing was dropped."""


class BackfillUnknown(TenancyError):
    """No backfill of that name is declared."""


class BackfillUnfinished(TenancyError):
    """What a migration takes away is still needed by a backfill that is not through everywhere."""


class FleetBusy(TenancyError):
    """Another process migrates the fleet, or works through it."""


class BackfillFailed(TenancyError):
    """A backfill failed in one schema or more; each position says how."""
