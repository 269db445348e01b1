"""Owns what a person may say about a student: text in, one checked draft out, or the first refusal with its field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from kernel.errors import DomainError
from kernel.phone import phone
from tenant_apps.people.errors import (
    CodeInvalid,
    DateInvalid,
    EmailInvalid,
    NameMissing,
    NumberMissing,
    NumberShortened,
    RelationUnknown,
    ValueTooLong,
)

RELATIONS = ("mother", "father", "guardian")
LENGTHS = {"name": 120, "grade": 20, "board": 20, "guardian_name": 120, "email": 254, "tags": 400}
_QUANTITY = re.compile(r"(\d+)(?:\.(\d+))?(?:[eE]\+?(\d{1,2}))?")
_CODE = re.compile(r"[A-Z0-9/-]{1,40}")
_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y")


@dataclass(frozen=True, slots=True)
class Draft:
    """A student who could be admitted: numbers in E.164, text tidied, at least one number given."""

    name: str
    phone: str = ""
    guardian_phone: str = ""
    guardian_name: str = ""
    guardian_relation: str = "guardian"
    email: str = ""
    grade: str = ""
    board: str = ""
    code: str = ""
    joined_on: date | None = None
    tags: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, str, str]:
        """What two rows share when they mean one person; the database holds the same rule."""
        return (self.phone, self.guardian_phone, self.name.lower())

    @property
    def sign_ins(self) -> dict[str, str]:
        """Number → relation of everyone who signs in for this student."""
        own = {self.phone: "self"} if self.phone else {}
        return own | ({self.guardian_phone: self.guardian_relation} if self.guardian_phone else {})


def draft_of(values: Mapping[str, str]) -> Draft:
    """A draft from text by field name. Raises the refusal of the first field that cannot be used."""
    text = {field: tidy(value) for field, value in values.items()}
    for field, length in LENGTHS.items():
        if len(text.get(field, "")) > length:
            raise ValueTooLong(f"It may have {length} characters.", field=field)
    if not text.get("name"):
        raise NameMissing(field="name")
    numbers = {field: _number(text, field) for field in ("phone", "guardian_phone")}
    if not any(numbers.values()):
        raise NumberMissing(field="phone")
    return Draft(
        name=text["name"],
        phone=numbers["phone"],
        guardian_phone=numbers["guardian_phone"],
        guardian_name=text.get("guardian_name", ""),
        guardian_relation=_relation(text.get("guardian_relation", "")),
        email=_email(text.get("email", "")),
        grade=text.get("grade", ""),
        board=text.get("board", ""),
        code=_code(text.get("code", "")),
        joined_on=_date(text.get("joined_on", "")),
        tags=_tags(text.get("tags", "")),
    )


# What stands for a value that cannot be used while the others are looked at.
_STAND_INS = {"name": "x", "phone": "9876543210"}


def problems_of(values: Mapping[str, str]) -> dict[str, DomainError]:
    """Every refusal of these values by field, where `draft_of` tells the first."""
    found: dict[str, DomainError] = {}
    text = dict(values)
    while True:
        try:
            draft_of(text)
        except DomainError as error:
            field = error.field or ""
            if field in found:
                return found
            found[field] = error
            text[field] = _STAND_INS.get(field, "")
        else:
            return found


def tidy(value: str) -> str:
    """NFC, one space between words, no control characters: how the same name typed twice becomes one name."""
    kept = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", value)
        # Format characters stay: Hindi needs the zero-width joiners.
        if character.isspace() or unicodedata.category(character) != "Cc"
    )
    return " ".join(kept.split())


def _number(text: Mapping[str, str], field: str) -> str:
    return phone(as_typed(text[field], field), field=field) if text.get(field) else ""


def as_typed(text: str, field: str) -> str:
    """A number as it was typed before a spreadsheet took it for a quantity: `9.87654321E9`, `9876543210.0`.

    Raises NumberShortened when digits are lost.
    """
    written = _QUANTITY.fullmatch(text)
    if written is None or not (written[2] or written[3]):
        return text
    # Spreadsheets show six digits of a long number; what has more is whole.
    if written[3] and len((written[1] + (written[2] or "")).strip("0")) <= 6:
        raise NumberShortened(field=field)
    return str(int(Decimal(text)))


def _relation(text: str) -> str:
    if not text:
        return "guardian"
    if text.lower() not in RELATIONS:
        raise RelationUnknown(field="guardian_relation")
    return text.lower()


def _email(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError as error:
            raise EmailInvalid(field="email") from error
    return text.lower()


def _code(text: str) -> str:
    if text and not _CODE.fullmatch(text.upper()):
        raise CodeInvalid(field="code")
    return text.upper()


def _date(text: str) -> date | None:
    if not text:
        return None
    for shape in _DATES:
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise DateInvalid(field="joined_on")


def _tags(text: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tidy(tag) for tag in re.split(r"[;,]", text) if tidy(tag)))
    if any(len(tag) > 40 for tag in tags):
        raise ValueTooLong("A tag may have 40 characters.", field="tags")
    return tags
