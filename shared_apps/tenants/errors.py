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


class DomainInvalid(DomainError):
    code = "tenants.domain_invalid"
    status = 422
    title = "That is not a domain people can reach"
    action = "Type a name you own, such as classes.example.in, without https:// and without a path."


class DomainOurs(DomainError):
    code = "tenants.domain_ours"
    status = 422
    title = "That domain is the platform's own"
    action = "Type a name you own; your address here works already."


class DomainTaken(DomainError):
    code = "tenants.domain_taken"
    status = 409
    title = "Another business here has proven that this domain is theirs"
    action = "Remove it there first. If it is yours and you do not know them, ask our support."


class DomainClosed(DomainError):
    code = "tenants.domain_closed"
    status = 409
    title = "Another business here gave this domain up less than a year ago"
    action = "It stays closed so that nobody inherits its links. If you bought it, ask our support."


class DomainsMany(DomainError):
    code = "tenants.domains_many"
    status = 409
    title = "You have as many domains as one business can have"
    action = "Remove one first."


class NameHeld(DomainError):
    code = "tenants.name_held"
    status = 409
    title = "A tenant answers at that name"
    action = "Release it on that tenant's page first, if it is not theirs."


class NameNotKept(DomainError):
    code = "tenants.name_not_kept"
    status = 409
    title = "Nobody keeps that name"
    action = "It can be taken by whoever asks for it."
