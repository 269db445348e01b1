"""Owns reading an Excel workbook as rows of text, and what is refused of one before it is opened."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from tenant_apps.people.errors import FileNoTable, FileOutsized

ROWS_READ = 20_001
COLUMNS_READ = 60
# A workbook is a zip archive: a small one may hold what no memory does.
INSIDE_BYTES = 64 * 1024 * 1024
PARTS_MOST = 2_000
# The reader makes a rectangle of the used cells and copies each shared text into them.
TEXT_BYTES = 96 * 1024 * 1024
_PIECE = 1024 * 1024
_CELL = re.compile(rb"<(?:\w+:)?(?:c|row|dimension)\b[^>]*?\b(?:r|ref)\s*=\s*[\"']([A-Z:0-9]+)[\"']")
_PLACE = re.compile(r"([A-Z]*)(\d*)")


def is_workbook(start: bytes) -> bool:
    """Whether a file begins as a zip archive does, whatever it is called."""
    return start.startswith(b"PK\x03\x04")


def rows_of(file: BinaryIO) -> list[list[str]]:
    """The rows of the first visible sheet as text, as far as ROWS_READ. Raises FileNoTable, FileOutsized."""
    _inspect(file)
    file.seek(0)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(file.read())) as book:
            names = [one.name for one in book.sheets_metadata if str(one.visible).endswith("Visible")]
            if not names:
                raise FileNoTable(field="file")
            sheet = book.get_sheet_by_name(names[0])
            found = sheet.to_python(skip_empty_area=False, nrows=ROWS_READ)
    except (CalamineError, ValueError, OSError) as error:
        raise FileNoTable(field="file") from error
    return [[text_of(cell) for cell in row] for row in found]


def text_of(value: object) -> str:
    """A cell as a person would have typed it: whole numbers without a point, days as days, formulas as their value."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value) if value is not None else ""


def _inspect(file: BinaryIO) -> None:
    """Refuse what would not fit in memory once it is opened, without opening it. Raises FileNoTable, FileOutsized."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names or "content.xml" in names:
                raise FileNoTable(field="file")
            if len(parts) > PARTS_MOST or sum(part.file_size for part in parts) > INSIDE_BYTES:
                raise FileOutsized(field="file")
            _measure(archive, parts)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileNoTable(field="file") from error


def _measure(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    longest = cells = read = 0
    for part in parts:
        if part.is_dir() or part.filename.startswith(("xl/media/", "docProps/", "xl/theme/")):
            continue
        with archive.open(part) as body:
            content = body.read(INSIDE_BYTES - read + 1)
        # What an entry says of its own length is not believed.
        read += len(content)
        if read > INSIDE_BYTES:
            raise FileOutsized(field="file")
        if b"\0" in content[:4096] and part.filename.endswith(".xml"):
            raise FileNoTable(field="file")
        if b"<sst" in content[:2048]:
            longest = max([longest, *(len(text) for text in content.split(b"</si>"))])
        if b"<worksheet" in content[:8192] or b"worksheet" in content[:2048]:
            cells = max(cells, _cells(content))
    if cells * max(longest, 1) > TEXT_BYTES and longest > 1_000:
        raise FileOutsized(field="file")


def _cells(content: bytes) -> int:
    """How many cells the sheet's rectangle has. Raises FileOutsized."""
    rows = columns = 0
    for place in _CELL.finditer(content):
        for corner in place[1].decode().split(":"):
            letters, digits = _PLACE.match(corner).groups()  # type: ignore[union-attr]
            rows = max(rows, int(digits or 0))
            columns = max(columns, _column(letters))
    # Excel itself may note a far corner in `dimension` where a format reaches; only used cells are far for us.
    if rows > 1_048_576 or columns > 16_384 or rows * max(columns, 1) > ROWS_READ * COLUMNS_READ * 2:
        raise FileOutsized(field="file")
    return rows * columns


def _column(letters: str) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + ord(letter) - 64
    return number
