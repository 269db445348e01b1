"""Which words can be a tenant's address, and which host each makes."""

import re

from django.conf import settings

from shared_apps.tenants.errors import SlugInvalid, SlugReserved

# The same rule stands as a CHECK on the table; here it explains itself.
_WELL_FORMED = re.compile(r"[a-z][a-z0-9-]{1,46}[a-z0-9]")

# Names that people or machines expect to be the platform's own, now or later.
RESERVED = frozenset(
    """
    abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover beta billing blog cdn
    certificate certificates console dashboard demo dev dns docs download email files ftp get git help hostmaster imap
    info internal jitsi live localhost login logout mail media meet metrics mobile mx news noreply ns ns1 ns2 oauth
    operator password pay payment payments platform pop portal postmaster preview proxy public register root s3 sandbox
    secure security shala smtp sso staging static status store support system team test tls tracking video webhook
    webhooks webmaster webmail wpad ws www
    """.split()
)


def slug_check(slug: str) -> str:
    """The slug itself when it can be an address. Raises SlugInvalid, SlugReserved."""
    if not _WELL_FORMED.fullmatch(slug) or slug.startswith("xn--") or "--" in slug:
        raise SlugInvalid(field="slug")
    if slug in RESERVED:
        raise SlugReserved(field="slug")
    return slug


def domain_of(label: str) -> str:
    """The host that a slug, or a public id, has below the platform's domain."""
    return f"{label}.{settings.BARE_DOMAIN}"
