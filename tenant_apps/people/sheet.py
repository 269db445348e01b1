"""Owns reading a CSV file as a stream: records with their row numbers and the byte each one ends at."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tenant_apps.people.errors import ImportUnreadable

FIELDS = (
    "name",
    "phone",
    "email",
    "branch",
    "grade",
    "board",
    "guardian_name",
    "guardian_phone",
    "guardian_relation",
    "code",
    "joined_on",
    "tags",
)
# Headings people's own sheets have, beside the fields' names.
_KNOWN_AS = {
    "student": "name",
    "student_name": "name",
    "full_name": "name",
    "mobile": "phone",
    "mobile_no": "phone",
    "mobile_number": "phone",
    "phone_no": "phone",
    "phone_number": "phone",
    "email_id": "email",
    "e_mail": "email",
    "branch_code": "branch",
    "class": "grade",
    "guardian": "guardian_name",
    "parent_name": "guardian_name",
    "parent_phone": "guardian_phone",
    "guardian_mobile": "guardian_phone",
    "relation": "guardian_relation",
    "student_code": "code",
    "admission_date": "joined_on",
    "joining_date": "joined_on",
    "date_of_joining": "joined_on",
    "joined": "joined_on",
    "whatsapp": "phone",
    "contact": "phone",
    "contact_no": "phone",
    "parent": "guardian_name",
    "father_name": "guardian_name",
    "mother_name": "guardian_name",
    "parent_mobile": "guardian_phone",
    "standard": "grade",
    "std": "grade",
    "roll_no": "code",
    "admission_no": "code",
    "tag": "tags",
    "batch": "tags",
}
_HINDI = {
    "नाम": "name",
    "छात्र का नाम": "name",
    "मोबाइल": "phone",
    "फ़ोन": "phone",
    "कक्षा": "grade",
    "बोर्ड": "board",
    "शाखा": "branch",
    "अभिभावक": "guardian_name",
    "अभिभावक का नाम": "guardian_name",
    "अभिभावक का मोबाइल": "guardian_phone",
}
LINE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its number as a spreadsheet counts (the heading is 1), its cells, the byte after it.

    `is_text` is false when its bytes are not UTF-8.
    """

    row: int
    cells: list[str]
    end: int
    is_text: bool

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Heading:
    """Which column is which field. `ignored` are headings that mean nothing here."""

    fields: dict[int, str]
    width: int
    ignored: tuple[str, ...]

    def values(self, record: Record) -> dict[str, str]:
        """The row as text by field; a row shorter than the heading has empty values at its end."""
        cells = record.cells
        return {field: cells[at] for at, field in self.fields.items() if at < len(cells)}


def records(pieces: Iterable[bytes], *, offset: int = 0, row: int = 0) -> Iterator[Record]:
    """The records of a file after its first `offset` bytes, of which `row` rows are past.

    Memory holds one line, however large the file. Raises ImportUnreadable.
    """
    lines = _Lines(pieces, offset)
    reader = csv.reader(lines, strict=True)
    while True:
        lines.is_text = True
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportUnreadable(f"Row {row + 1} cannot be read: {error}.") from error
        row += 1
        yield Record(row=row, cells=cells, end=lines.position, is_text=lines.is_text)


def heading_of(record: Record | None, mapping: Mapping[str, str]) -> Heading:
    """What the first row says of the columns; `mapping` (heading, or `#3` for the third, → field) goes before it.

    Raises ImportUnreadable without the columns a student needs, or with two for one field.
    """
    if record is None or not record.is_text:
        raise ImportUnreadable
    named = {heading if _POSITION.fullmatch(heading) else _plain(heading): field for heading, field in mapping.items()}
    fields: dict[int, str] = {}
    ignored = []
    for at, text in enumerate(record.cells):
        plain = _plain(text)
        # A page says of each column by its place what it is, an empty word for one to leave out.
        field = named.get(f"#{at + 1}")
        if field is None:
            field = named.get(plain) or _known(plain)
        if field in fields.values():
            raise ImportUnreadable(f"Two columns say {field}.")
        if field in FIELDS:
            fields[at] = field
        elif plain:
            ignored.append(text.strip()[:40])
    if "name" not in fields.values() or not {"phone", "guardian_phone"} & set(fields.values()):
        raise ImportUnreadable
    return Heading(fields=fields, width=len(record.cells), ignored=tuple(ignored[:20]))


def guesses(cells: list[str]) -> list[str]:
    """The field each heading seems to mean, an empty word for none; of two that mean one, the first has it."""
    found: list[str] = []
    for text in cells:
        field = _known(_plain(text))
        found.append(field if field in FIELDS and field not in found else "")
    return found


def _known(plain: str) -> str:
    return _KNOWN_AS.get(plain) or _IN_HINDI.get(plain, plain)


def _plain(heading: str) -> str:
    return re.sub(r"[\W_]+", "_", heading.strip().casefold()).strip("_")


_IN_HINDI = {_plain(heading): field for heading, field in _HINDI.items()}
_POSITION = re.compile(r"#\d{1,3}")


class _Lines:
    """Text lines for the csv reader, which takes no more of them than a record needs; counts the bytes handed out."""

    def __init__(self, pieces: Iterable[bytes], offset: int) -> None:
        self._lines = _split(pieces)
        self.position = 0
        self.is_text = True
        while self.position < offset and (line := next(self._lines, None)) is not None:
            self.position += len(line)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        at_start = self.position == 0
        self.position += len(line)
        try:
            return line.decode("utf-8-sig" if at_start else "utf-8")
        except UnicodeDecodeError:
            self.is_text = False
            return line.decode("utf-8", errors="replace")


def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > LINE_BYTES:
            raise ImportUnreadable("A line is longer than 256 kB.")
    if rest:
        yield rest
