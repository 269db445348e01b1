"""India's registry of commercial messages (DLT, TCCCPR 2018): registered texts, their variables, and what it refuses.

An operator drops a message that breaks these rules and bills it all the same, so they are held before sending. Sources:
TRAI Direction of 18 Nov 2025 (tags of variables), BSNL's 30-character limit, operators' published scrubbing codes.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from kernel.phone import PhoneInvalid, phone

VALUE_LIMIT = 30  # characters in one variable
TEXT_LIMIT = 2000  # characters in a registered text
SHARE_LIMIT = 40  # per cent of a message that variables may fill
INDIA = ZoneInfo("Asia/Kolkata")

SCRUBBED = {
    "600": "ENTITY_NOT_FOUND",
    "601": "ENTITY_NOT_REGISTERED",
    "602": "ENTITY_INACTIVE",
    "603": "ENTITY_BLACKLISTED",
    "604": "INVALID_ENTITY_ID",
    "605": "ENTITY_ID_NOT_ALLOWED_FOR_TM",
    "610": "TELEMARKETER_NOT_REGISTERED",
    "611": "TELEMARKETER_INACTIVE",
    "612": "TELEMARKETER_BLACKLISTED",
    "613": "TELEMARKETER_NOT_ALLOWED_FOR_ENTITY",
    "614": "PE_TM_HASH_NOT_RECEIVED",
    "615": "PE_TM_HASH_NOT_REGISTERED",
    "616": "PE_TM_HASH_INACTIVE",
    "617": "PE_TM_HASH_BLACKLISTED",
    "618": "PE_TM_HASH_SUSPENDED",
    "620": "HEADER_NOT_FOUND",
    "621": "HEADER_INACTIVE",
    "622": "HEADER_BLACKLISTED",
    "623": "PEID_NOT_MATCHED_WITH_HEADER",
    "624": "HEADER_SUSPENDED_DUE_TO_VALIDITY",
    "625": "HEADER_SUSPENDED_DUE_TO_USAGE",
}


class Category(StrEnum):
    """What a text was registered as. A sign-in code of an institute is service-implicit: transactional is for banks."""

    SERVICE_IMPLICIT = "service_implicit"
    SERVICE_EXPLICIT = "service_explicit"
    TRANSACTIONAL = "transactional"
    PROMOTIONAL = "promotional"


class Tag(StrEnum):
    """The registered kind of a variable; `var` is the untyped one of older texts."""

    VAR = "var"
    NUMERIC = "numeric"
    NUMBER = "number"
    ALPHANUMERIC = "alphanumeric"
    URL = "url"
    URLOTT = "urlott"
    CALLBACK = "cbn"
    EMAIL = "email"


class DltError(ValueError):
    """A text or a value the registry would refuse. `variable` names the value, "" when it is the text."""

    def __init__(self, reason: str, detail: str, *, variable: str = "") -> None:
        super().__init__(detail)
        self.reason, self.detail, self.variable = reason, detail, variable


_PLACE = re.compile(r"\{#(" + "|".join(Tag) + r")#\}")
_ANY_PLACE = re.compile(r"\{#[^{}]*#\}|##[^#]+##")
_LINK = re.compile(r"://|\bwww\.|\.apk\b", re.IGNORECASE)
_NUMERIC = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
# How a filled-in value looks from outside: a number, or words that neither begin nor end with a space.
_WORDS = rf"\S(?:.{{0,{VALUE_LIMIT - 2}}}\S)?"
_SHAPE = dict.fromkeys((Tag.NUMERIC, Tag.NUMBER), f"[0-9.,]{{1,{VALUE_LIMIT}}}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Variable:
    """A named place in a text. `cut` shortens a longer value (a name, a title) to so many characters; 0 refuses it."""

    name: str
    tag: Tag
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A registered text: its fixed pieces with one variable between each two. `allowed` are the approved links and
    call-back numbers (whole hosts or prefixes of links)."""

    fixed: tuple[str, ...]
    variables: tuple[Variable, ...]
    allowed: frozenset[str] = frozenset()

    def render(self, values: Mapping[str, str]) -> str:
        """The message for these values. Raises DltError: missing, unknown, too_long, wrong_kind, not_allowed, share."""
        fitted = self.fit(values)
        text = self.join(fitted)
        if sum(len(fitted[variable.name]) for variable in self.variables) * 100 > SHARE_LIMIT * len(text):
            raise DltError("share", f"Variables fill more than {SHARE_LIMIT} % of the message.")
        return text

    def join(self, values: Mapping[str, str]) -> str:
        """The text with these values in place, unchecked: for what is shown rather than sent."""
        return self.fixed[0] + "".join(
            values[variable.name] + after for variable, after in zip(self.variables, self.fixed[1:], strict=True)
        )

    def fit(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values as they may be sent. Raises DltError."""
        names = {variable.name for variable in self.variables}
        if unknown := sorted(set(values) - names):
            raise DltError("unknown", "The text has no such variable.", variable=unknown[0])
        return {variable.name: _fit(variable, values.get(variable.name), self.allowed) for variable in self.variables}

    def matches(self, message: str) -> bool:
        """Whether a finished message equals the registered text outside its variables, to the character."""
        pattern = re.escape(self.fixed[0]) + "".join(
            _SHAPE.get(variable.tag, _WORDS) + re.escape(after)
            for variable, after in zip(self.variables, self.fixed[1:], strict=True)
        )
        return re.fullmatch(pattern, message) is not None


def read(text: str, variables: Sequence[Variable], *, allowed: Collection[str] = ()) -> Text:
    """Take a registered text apart: `{#tag#}` places, in order, are `variables`.

    Raises DltError: empty, text_too_long, unknown_tag, places (number or tags differ), only_variables, name_twice.
    """
    if not text.strip():
        raise DltError("empty", "The text is empty.")
    if len(text) > TEXT_LIMIT:
        raise DltError("text_too_long", f"A registered text has at most {TEXT_LIMIT} characters.")
    pieces = _PLACE.split(text)
    fixed, tags = tuple(pieces[::2]), [Tag(tag) for tag in pieces[1::2]]
    if any(_ANY_PLACE.search(piece) for piece in fixed):
        raise DltError("unknown_tag", "The text holds a variable of a kind the registry does not know.")
    if not "".join(fixed).strip():
        raise DltError("only_variables", "A text of variables alone cannot be registered.")
    if tags != [variable.tag for variable in variables]:
        raise DltError("places", "The variables do not match the places in the text.")
    if len({variable.name for variable in variables}) != len(variables):
        raise DltError("name_twice", "Two variables have one name.")
    return Text(fixed, tuple(variables), frozenset(allowed))


def scrubbed(code: str) -> str | None:
    """The registry's reason behind a code, None when it is not the registry's. Every 6xx is its, and is for good."""
    if re.fullmatch(r"6[0-9]{2}", code) is None:
        return None
    return SCRUBBED.get(code, "DLT_REFUSED")


def window_opens(category: str, at: datetime, *, opens: time = time(10), closes: time = time(21)) -> datetime:
    """When a message of this category may leave, `at` or later: promotional ones only by day, Indian time.

    10:00 to 21:00 is the narrower of the windows vendors print.
    """
    if category != Category.PROMOTIONAL:
        return at
    local = at.astimezone(INDIA)
    if opens <= local.time() < closes:
        return at
    day = local.date() + timedelta(days=local.time() >= closes)
    return datetime.combine(day, opens, INDIA).astimezone(at.tzinfo)


def _fit(variable: Variable, value: str | None, allowed: frozenset[str]) -> str:
    if value is None or not value.strip():
        raise DltError("missing", "A value is missing.", variable=variable.name)
    value = " ".join(value.split()) if variable.cut else value
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise DltError("wrong_kind", "A value holds a control character.", variable=variable.name)
    if variable.cut:
        value = value[: variable.cut].rstrip()
    if len(value) > VALUE_LIMIT:
        raise DltError("too_long", f"A value has at most {VALUE_LIMIT} characters.", variable=variable.name)
    if not _is_kind(variable.tag, value):
        raise DltError("wrong_kind", f"The value is not {variable.tag.value}.", variable=variable.name)
    if variable.tag in {Tag.URL, Tag.URLOTT, Tag.CALLBACK} and not _is_allowed(value, allowed):
        raise DltError("not_allowed", "The link or number is not on the approved list.", variable=variable.name)
    return value


def _is_kind(tag: Tag, value: str) -> bool:
    if tag in {Tag.NUMERIC, Tag.NUMBER}:
        return _NUMERIC.fullmatch(value) is not None
    if tag in {Tag.URL, Tag.URLOTT}:
        return value.startswith("https://") and not any(char.isspace() for char in value)
    if tag is Tag.CALLBACK:
        return re.fullmatch(r"\+?[0-9]{3,15}", value) is not None
    if tag is Tag.EMAIL:
        return _EMAIL.fullmatch(value) is not None
    return _LINK.search(value) is None


def _is_allowed(value: str, allowed: frozenset[str]) -> bool:
    if not value.startswith("https://"):
        return any(_number(value) == _number(entry) for entry in allowed)
    for entry in allowed:
        prefix = entry if "://" in entry else f"https://{entry}"
        # "https://asha.example" must not let "https://asha.example.evil" through.
        if value == prefix or value.startswith((prefix.rstrip("/") + "/", prefix.rstrip("/") + "?")):
            return True
    return False


def _number(text: str) -> str:
    try:
        return phone(text)
    except PhoneInvalid:
        return text
