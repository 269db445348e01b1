"""Takes out of log lines what must never be in them: phones, one-time codes, tokens, secrets, card numbers."""

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|otp|authori[sz]ation|api_?key|auth_?key|cookie|signature|pepper|credential"
    r"|^pin$|^cvv$|card_?(number|no)|^code$|recovery_?code|^phone|_phone$|^mobile|_mobile$|^e?mail$|_e?mail$|^pan$"
    r"|private_key|^vpa$|^upi|(payer|guardian|parent|owner|student|customer|user|full|first|last|display)_?name$",
    re.IGNORECASE,
)
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(\.[\w-]*)?")
_BEARER = re.compile(r"\b(bearer|basic|token)(\s+|%20|\+)[\w.~+/=-]{8,}", re.IGNORECASE)
# What follows a telling name: in quotes up to the quote that ends them, else up to a mark; the quotes of JSON inside a
# text are escaped, and headers are told as pairs with a comma between.
_PAIR = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|secret|token|otp|api_?key|authkey|signature|cvv|pin|code)[\w-]*"
    r"|(?:payer|guardian|parent|owner|student|customer|user|full|first|last|display)_?name)"
    r"((?:\\*[\"'])?\s*[:=]\s*b?|\\*[\"']\s*,\s*b?)"
    r"(\\*[\"'](?:[^\"'\\]|\\+[^\"'\\])*\\*[\"']|[^\s\"',;&}\\]+)"
)
_CODE_IN_PROSE = re.compile(
    r"(?i)\b((?:otp|one[- ]time (?:code|password)|verification code|code)\b[^\d\n]{0,20})(\d{4,8})\b"
)
# A one-time code is a text of six digits wherever Python shows it as one; amounts are numbers.
_CODE_QUOTED = re.compile(r"(?<!\w)(['\"])\d{6}\1")
# An authenticator's secret is 32 letters and digits of base32; its address for the app holds it too.
_BASE32 = re.compile(r"\botpauth://\S+|\b(?=[A-Z]*[2-7])[A-Z2-7]{26,}\b")
# A recovery code of the second factor; without a digit it could be two words.
_RECOVERY = re.compile(r"(?<![\w-])(?=[a-z-]*[2-7])[a-z2-7]{5}-[a-z2-7]{5}(?![\w-])")
_URL_SECRET = re.compile(r"(?i)(://[^/\s:@]+:)[^@\s/]+(@)")
_EMAIL = re.compile(r"\b[\w.+-]+(?:@|%40)[\w-]+(\.[\w-]+)+\b")
# Indian mobiles with or without country code and grouping; not inside a longer run of letters or digits (an id).
_PHONE = re.compile(
    r"(?<![\w-])(?:(?:\+|%2B)?91(?:[\s+-]|%20)?|0)?[6-9]\d{4}(?:[\s+-]|%20)?\d{5}(?![\w-])", re.IGNORECASE
)
_FOREIGN_PHONE = re.compile(r"(?<![\w])(?:\+|%2B)\d[\d\s-]{7,16}\d(?!\w)", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w-])\d(?:(?:[ +-]|%20)?\d){12,18}(?![\w-])")
_KEY = re.compile(r"\b(?:rzp_(?:live|test)_\w+|cfsk_\w+|sk_(?:live|test)_\w+|AKIA[0-9A-Z]{16})\b")
# What PostgreSQL says of the row it refused: whole rows, and the values of a key.
_ROW = re.compile(r"(?i)(Failing row contains |Key \([^)\n]*\)=)\([^\n]*\)")
# Words, ids, actors and moments, as most values of a line are: none of the above finds anything in them.
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HARMLESS = re.compile(
    rf"(?!.*(?:rzp|sk)_)[a-z_.]*|[A-Z]{{1,7}}|[a-z][a-z0-9]{{0,15}}|[0-9a-f]{{32}}|(?:(?:admin|staff|student|support):)?{_UUID}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    re.ASCII,
)
_DEPTH = 6


def scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: every value of the event, however deep, without personal data and secrets."""
    for name in list(event):
        event[name] = value(event[name], name=str(name))
    return event


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether a field of this name holds what no log may show."""
    return _SECRET_NAME.search(name) is not None


def value(thing: Any, *, name: str = "", depth: int = 0) -> Any:
    """One value, cleaned; by its name when that says it is secret, else by what its text looks like."""
    if name and is_secret(name) and not _is_problem_code(name, thing):
        return HIDDEN if thing not in (None, "") else thing
    if type(thing) is str:  # as most are
        return text(thing)
    if isinstance(thing, Mapping | list | tuple | set | frozenset):
        return _inside(thing, depth) if depth < _DEPTH else HIDDEN
    if isinstance(thing, int) and len(str(abs(thing))) >= 10:
        cleaned = text(str(thing))
        return thing if cleaned == str(thing) else cleaned
    if thing is None or isinstance(thing, int | float):
        return thing
    return text(thing.decode(errors="replace") if isinstance(thing, bytes) else str(thing))


def _inside(thing: Any, depth: int) -> Any:
    if isinstance(thing, Mapping):
        return {text(str(key)): value(inner, name=str(key), depth=depth + 1) for key, inner in thing.items()}
    return [value(inner, depth=depth + 1) for inner in thing]


def text(line: str) -> str:
    """Free text without what looks like a secret, a phone, an address or a card number."""
    return line if _HARMLESS.fullmatch(line) else _cleaned(line)


def _cleaned(line: str) -> str:
    line = _ROW.sub(rf"\1({HIDDEN})", line)
    line = _JWT.sub(HIDDEN, line)
    line = _KEY.sub(HIDDEN, line)
    line = _BEARER.sub(lambda m: f"{m[1]}{m[2]}{HIDDEN}", line)
    line = _URL_SECRET.sub(rf"\1{HIDDEN}\2", line)
    line = _BASE32.sub(HIDDEN, line)
    line = _PAIR.sub(_hidden_value, line)
    line = _RECOVERY.sub(HIDDEN, line)
    line = _CODE_QUOTED.sub(rf"\1{HIDDEN}\1", line)
    line = _CODE_IN_PROSE.sub(rf"\1{HIDDEN}", line)
    line = _CARD.sub(lambda m: HIDDEN if _is_card(m[0]) else m[0], line)
    line = _EMAIL.sub(HIDDEN, line)
    line = _PHONE.sub(HIDDEN, line)
    return _FOREIGN_PHONE.sub(HIDDEN, line)


_DOTTED = re.compile(r"[a-z_]+\.[a-z_]+")
_QUOTED = re.compile(r"(\\*[\"'])(.*?)(\\*[\"'])", re.DOTALL)


def _hidden_value(pair: re.Match[str]) -> str:
    """The pair with its value hidden, quotes kept; a refusal's code such as `bookings.seat_taken` stays."""
    quoted = _QUOTED.fullmatch(pair[3])
    opens, held, closes = quoted.groups() if quoted else ("", pair[3], "")
    return pair[0] if not held or _DOTTED.fullmatch(held) else pair[1] + pair[2] + opens + HIDDEN + closes


def _is_problem_code(name: str, thing: Any) -> bool:
    """`code` names a one-time code and also a refusal such as `bookings.seat_taken`; the latter is wanted."""
    return name == "code" and isinstance(thing, str) and _DOTTED.fullmatch(thing) is not None


def _is_card(run: str) -> bool:
    """Whether 13 to 19 digits hold Luhn's check, as card numbers do."""
    digits = [int(c) for c in run if c.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
