"""Owns what a person may hand in as a list of students: any file in, a CSV of at most 10,000 rows out, or why not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from tenant_apps.people import workbooks
from tenant_apps.people.errors import FileEmpty, FileEncoding, FileNoTable, FileOutsized, ImportTooLong
from tenant_apps.people.imports import ROWS_MAX

BYTES_MAX = 10 * 1024 * 1024
_IN_MEMORY = 1024 * 1024
_SEPARATORS = ",;\t|"
# How files begin that people take for tables: an old Excel file, a PDF, a picture.
_NO_TABLES = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf")


def csv_of(file: BinaryIO, *, size: int) -> BinaryIO:
    """A sheet as comma-separated UTF-8, row for row, so that rows keep the numbers a spreadsheet shows.

    Raises FileEmpty, FileNoTable, FileEncoding, FileOutsized, ImportTooLong.
    """
    if size > BYTES_MAX:
        raise ImportTooLong(field="file")
    file.seek(0)
    start = file.read(8)
    if workbooks.is_workbook(start):
        return _written(workbooks.rows_of(file))
    if start.startswith(_NO_TABLES):
        raise FileNoTable(field="file")
    file.seek(0)
    return _written(_read(_text(file.read(BYTES_MAX + 1))))


def _text(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        coding = "utf-16"  # what Excel calls Unicode text
    elif b"\0" in body:
        raise FileNoTable(field="file")
    else:
        coding = "utf-8-sig"
    try:
        return body.decode(coding)
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise FileEncoding(f"Row {line} holds letters in another encoding.", field="file") from error


def _read(text: str) -> list[list[str]]:
    first = text.lstrip().partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        # Rows keep their place, so blank lines are read as well.
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise FileNoTable(f"The file cannot be read: {error}.", field="file") from error


def _written(rows: list[list[str]]) -> BinaryIO:
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if len(rows) < 2 or not any(cell.strip() for cell in rows[0]):
        raise FileEmpty(field="file")
    if len(rows) - 1 > ROWS_MAX:
        raise ImportTooLong(field="file")
    if len(rows[0]) > workbooks.COLUMNS_READ:
        raise FileOutsized(field="file")
    return _spooled(rows)


def _spooled(rows: Iterable[list[str]]) -> BinaryIO:
    body = SpooledTemporaryFile(max_size=_IN_MEMORY)
    text = io.TextIOWrapper(cast(BinaryIO, body), encoding="utf-8", newline="")
    csv.writer(text).writerows(rows)
    text.flush()
    text.detach()
    body.seek(0)
    return cast(BinaryIO, body)
