"""Which names can be a tenant's own domain, in the one form in which they are kept."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

import idna
from django.conf import settings
from publicsuffixlist import PublicSuffixList

from shared_apps.tenants.errors import DomainInvalid, DomainOurs

# Where the text stands that proves a domain, and what it says before the token.
PROOF_LABEL, PROOF_WORD = "_shala", "shala-verify="

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
# Names that are nobody's on the internet (RFC 6761, 6762, 7686, 8375, 9476, and what routers at home use).
_NOWHERE = frozenset({"localhost", "local", "test", "invalid", "example", "onion", "arpa", "internal", "alt"}) | {
    *("home", "lan", "corp", "localdomain", "intranet", "private"),
}


def domain_check(text: str) -> str:
    """The name in lower case and in ASCII (IDNA 2008), without scheme, path or last dot.

    Raises DomainInvalid for an address in numbers, a name that cannot exist or that nobody can own, DomainOurs.
    """
    name = _hostname(text)
    try:
        name = idna.encode(name, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise DomainInvalid(field="domain") from error
    if is_ours(name):
        raise DomainOurs(field="domain")
    labels = name.split(".")
    well_formed = len(name) <= 240 and len(labels) > 1 and all(_LABEL.fullmatch(one) for one in labels)
    if not well_formed or _NUMBER.fullmatch(labels[-1]) or labels[-1] in _NOWHERE:
        raise DomainInvalid(field="domain")
    if _suffixes().privatesuffix(name) is None:
        raise DomainInvalid(field="domain")
    return name


def is_ours(name: str) -> bool:
    """Whether a name is the platform's, or below it."""
    return name == settings.BARE_DOMAIN or name.endswith(f".{settings.BARE_DOMAIN}")


def is_apex(name: str) -> bool:
    """Whether it is a whole registered domain, where the DNS allows no CNAME."""
    return _suffixes().privatesuffix(name) == name


def shown(name: str) -> str:
    """The name as its owner reads it: in its own script."""
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def proof_name(domain: str) -> str:
    return f"{PROOF_LABEL}.{domain}"


def proof_text(token: str) -> str:
    return f"{PROOF_WORD}{token}"


def _hostname(text: str) -> str:
    """What people paste from the address bar, down to the name."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        name, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise DomainInvalid(field="domain") from error
    if port is not None or parts.username is not None or parts.scheme not in {"", "http", "https"}:
        raise DomainInvalid(field="domain")
    return name.removesuffix(".")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
