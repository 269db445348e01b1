"""What both gateways' documents have in common: amounts, instants, ids and signatures, read without trust."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from connectors.payments.errors import MalformedCallback, OutcomeUnknown, Rejected, SignatureInvalid
from connectors.payments.port import is_loopback
from connectors.payments.transport import parse
from kernel.money import paise_of, rupees

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DELIVERY = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
# Far above any amount either gateway takes; a Decimal such as 1e999999 must not become an int.
_MOST_RUPEES = Decimal(10**9)


def identifier(value: str) -> str:
    """An id fit for a path. Raises Rejected: an id comes from outside and one SDK puts it into the URL as it is."""
    if not _ID.fullmatch(value):
        raise Rejected(400, "id_invalid", "that is not an id of a gateway")
    return value


def text(value: object) -> str | None:
    """An id or a word from a document, as str: gateways send the same id now as number, now as string."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def section(document: object, *path: str) -> dict[str, Any]:
    """An object inside a document; empty where there is none (an empty PHP map is a list)."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def objects(document: object) -> list[dict[str, Any]]:
    """The objects of a list. Raises OutcomeUnknown where a list was promised and none came."""
    if not isinstance(document, list):
        raise OutcomeUnknown("the answer holds no list")
    return [one for one in document if isinstance(one, dict)]


def paise_from_rupees(value: object) -> int | None:
    """A JSON number of rupees as paise; None for what is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        amount = Decimal(value)
        return paise_of(amount) if abs(amount) < _MOST_RUPEES else None
    except (ArithmeticError, ValueError):
        return None


def rupees_of(paise: int) -> float:
    """Paise as the number cashfree-pg puts on the wire. Exact: two decimals below 10^13 survive a double."""
    return float(rupees(paise))


def paise_from_int(value: object) -> int | None:
    """A JSON integer of paise; None for what is no amount."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def instant(value: object) -> datetime | None:
    """An instant from ISO 8601 or unix seconds; None for what is none."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else None
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def page(base_url: str, path: str, **query: str) -> dict[str, str]:
    """`{"page": address}` of the sandbox's hosted checkout; nothing for a real gateway, which brings its own script."""
    url = urlsplit(base_url)
    if not is_loopback(url.hostname):
        return {}
    return {"page": urlunsplit((url.scheme, url.netloc, path, urlencode(query), ""))}


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by lower-case name."""
    return {name.lower(): value for name, value in headers.items()}


def check_signature(given: str, secrets: Iterable[str], expected: Callable[[bytes], str]) -> None:
    """Compare in constant time against each secret. Raises SignatureInvalid; blank secrets verify nothing."""
    # Compared as bytes: compare_digest refuses str outside ASCII, and a header may hold anything.
    signature = given.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(signature, expected(key.encode()).encode()) for key in secrets if key]
    if not signature or not any(matches):
        raise SignatureInvalid("the signature does not match")


def callback(body: bytes) -> dict[str, Any]:
    """The JSON object of a verified callback. Raises MalformedCallback."""
    try:
        document = parse(body)
    except ValueError as error:
        raise MalformedCallback("not JSON") from error
    if not isinstance(document, dict):
        raise MalformedCallback("not a JSON object")
    return document


def delivery_id(named: str, body: bytes) -> str:
    """What two deliveries of one event share and no one else can claim beforehand: the gateway's id and the bytes."""
    name = named if _DELIVERY.fullmatch(named) else "-"
    return f"{name}~{hashlib.sha256(body).hexdigest()[:32]}"
