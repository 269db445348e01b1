"""Reading sheets: the same records however the bytes arrive, and from any checkpoint on."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenant_apps.people.drafts import draft_of, tidy
from tenant_apps.people.errors import ImportUnreadable
from tenant_apps.people.sheet import Record, heading_of, records

# What spreadsheets write: no NUL, no lone carriage return (one before a line feed ends a line).
CELL = st.text(
    st.one_of(
        st.sampled_from('आशा, "\n;=+@\u200d'), st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"])
    ),
    max_size=12,
)
TABLE = st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=12)


def written(table: list[list[str]], end: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows(table)
    return text.getvalue().encode()


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@given(table=TABLE, size=st.integers(1, 40), end=st.sampled_from(["\n", "\r\n"]), at=st.integers(0, 11))
def test_any_table_is_read_back_whole_and_from_any_checkpoint(
    table: list[list[str]], size: int, end: str, at: int
) -> None:
    body = written(table, end)
    found = list(records(pieces(body, size)))
    assert [record.cells for record in found] == table
    assert [record.row for record in found] == list(range(1, len(table) + 1))
    assert found[-1].end == len(body)
    checkpoint = found[min(at, len(found) - 1)]
    rest = list(records(pieces(body, size), offset=checkpoint.end, row=checkpoint.row))
    assert rest == found[checkpoint.row :]


@given(body=st.binary(max_size=300), size=st.integers(1, 64))
def test_any_bytes_are_records_or_refused(body: bytes, size: int) -> None:
    try:
        found = list(records(pieces(body, size)))
    except ImportUnreadable:
        return
    assert not found or found[-1].end == len(body)


@given(name=st.text(max_size=60))
def test_tidy_names_stay_as_they_are(name: str) -> None:
    assert tidy(tidy(name)) == tidy(name)


def test_names_keep_their_joiners_and_lose_their_noise() -> None:
    assert draft_of({"name": "  र\u094d\u200dया\t\x07 शर्मा ", "phone": "9876543210"}).name == "र\u094d\u200dया शर्मा"


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    endless = (b"x" * 65_536 for _ in range(10_000))
    with pytest.raises(ImportUnreadable):
        next(records(endless))


def test_headings_are_known_in_peoples_own_words() -> None:
    heading = heading_of(
        Record(row=1, cells=["STUDENT NAME", " Mobile No. ", "Class", "Blood group"], end=9, is_text=True), {}
    )
    assert heading.fields == {0: "name", 1: "phone", 2: "grade"}
    assert heading.ignored == ("Blood group",)
