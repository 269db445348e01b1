"""How tenants refuse."""

from kernel.errors import DomainError


class SlugInvalid(DomainError):
    code = "tenants.slug_invalid"
    status = 422
    title = "That name cannot be an address"
    action = "Use 3 to 48 small letters, digits and hyphens, beginning with a letter and ending without a hyphen."


class SlugReserved(DomainError):
    code = "tenants.slug_reserved"
    status = 422
    title = "That address is kept for the platform"
    action = "Choose another."


class SlugTaken(DomainError):
    code = "tenants.slug_taken"
    status = 409
    title = "That address is taken"
    action = "Choose another; an address given up stays closed for a year."


class StateForbids(DomainError):
    code = "tenants.state_forbids"
    status = 409
    title = "The tenant's present state does not allow that"
    action = "Look at its state and what led there."


class ZoneUnknown(DomainError):
    code = "tenants.zone_unknown"
    status = 422
    title = "There is no such time zone"
    action = "Use an IANA name such as Asia/Kolkata."
