"""Owns the file that tells which rows of an import were refused, why, and what to do about each."""

from __future__ import annotations

import csv
import io
from pathlib import PurePath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from uuid import UUID

from shared_apps.files import services as files
from tenant_apps.people.models import StudentImport

COLUMNS = ("row", "field", "code", "what_to_do")


def refused_file_put(row: StudentImport) -> UUID:
    """Store the refused rows of an import as CSV, in their order; gives the file's id. Outside transactions."""
    with SpooledTemporaryFile(max_size=1024 * 1024) as body:
        text = io.TextIOWrapper(body, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        refused = row.refused_rows.order_by("row").values_list("row", "field", "code", "action")
        for line in refused.iterator(chunk_size=1000):
            writer.writerow(line)
        text.flush()
        body.seek(0)
        stored = files.put(
            name=f"{PurePath(row.file_name).stem}-errors.csv",
            body=cast(BinaryIO, body),
            content_type="text/csv",
            owner=row.started_by,
        )
        text.detach()
    return stored.id
