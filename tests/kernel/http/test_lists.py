"""Lists: PostgreSQL builds the JSON, pages neither skip nor repeat, and an address asks only what the list knows."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import audit
from kernel.audit.models import Entry
from kernel.http import keyset
from kernel.http.export import cell
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from tests.support.tenants import tenant_make

START = datetime(2026, 4, 1, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def academy():
    """Only read here; whoever writes does so at `other_academy`."""
    return tenant_make()


@pytest.fixture(scope="module")
def entries(academy):
    return entries_make(academy)


def entries_make(business):
    """25 entries, a minute apart, three actions in turn; each third has no actor, five share the last instant."""
    with tenant_scope(business):
        return Entry.objects.bulk_create(
            Entry(
                id=uuid7(),
                at=START + timedelta(minutes=min(n, 20)),
                actor_kind="staff",
                actor_id=None if n % 3 == 0 else UUID(int=n % 7),
                action=("add", "change", "remove")[n % 3],
                subject_type="student",
                subject_id=f"S-{n:03}",
                changes={"n": [n, n + 1]},
            )
            for n in range(25)
        )


def walk(caller, **query):
    """Every page of a list, following `next`."""
    found, cursor = [], None
    while True:
        answer = caller.get("/api/v1/entries", {**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.content
        found += answer.json()["results"]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def test_a_row_has_the_outputs_names_in_its_order_and_its_values(caller, entries):
    answer = caller().get("/api/v1/entries", {"limit": 1})
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["results"] == [
        {
            "id": str(entries[-1].id),
            "what": "add",
            "at": "2026-04-01T18:20:00+00:00",
            "actor_id": None,
            "changes": {"n": [24, 25]},
            "subject_id": "S-024",
        }
    ]
    assert list(answer.json()["results"][0]) == ["id", "what", "at", "actor_id", "changes", "subject_id"]


def test_a_list_is_one_statement(caller, entries, academy):
    someone = caller()
    someone.get("/api/v1/entries")
    with CaptureQueriesContext(connection) as queries:
        someone.get("/api/v1/entries", {"search": "S-0", "order": "what"})
    assert [q["sql"][:26] for q in queries if "audit_entry" in q["sql"]] == ["SELECT row_to_json(o)::tex"]


def test_an_empty_list_is_empty(caller, other_academy):
    assert caller(business=other_academy).get("/api/v1/entries").json() == {"results": [], "next": None}


@pytest.mark.parametrize(
    "order", ["", "id", "-id", "at", "-at", "what,-at", "-what,id", "actor_id", "-actor_id", "-actor_id,what"]
)
@pytest.mark.parametrize("limit", [1, 4, 5, 25, 200])
def test_pages_show_each_row_once_in_order(caller, entries, order, limit):
    someone = caller()
    someone.headers["X-Forwarded-For"] = "10.0.0.1"
    found = walk(someone, limit=limit, **({"order": order} if order else {}))
    assert len(found) == 25
    whole = someone.get("/api/v1/entries", {"limit": 200, **({"order": order} if order else {})}).json()["results"]
    assert found == whole
    assert {row["id"] for row in found} == {str(entry.id) for entry in entries}


def test_absent_values_come_last_either_way(caller, entries):
    for order in ("actor_id", "-actor_id"):
        values = [row["actor_id"] for row in walk(caller(), order=order, limit=4)]
        present = [v for v in values if v is not None]
        assert values == present + [None] * 9
        assert present == sorted(present, reverse=order.startswith("-"))


def test_a_page_stands_firm_while_rows_come_and_go(caller, other_academy):
    entries_make(other_academy)
    someone = caller(business=other_academy)
    first = someone.get("/api/v1/entries", {"limit": 10}).json()
    with tenant_scope(other_academy):
        audit.record(action="add", subject_type="student", subject_id="new")
    second = someone.get("/api/v1/entries", {"limit": 10, "cursor": first["next"]}).json()
    assert [row["subject_id"] for row in second["results"]] == [f"S-{n:03}" for n in range(14, 4, -1)]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!",
        "bnVsbA",
        "WyItYWN0aW9uIiwieCJd",
        "WyItaWQiLCJ4Il0",
        "WyItaWQiLG51bGxd",
        "WyItaWQiLDFd",
        "é",
        "WyItaWQiXQ",
        "%00",
    ],
)
def test_a_cursor_of_nobodys_making_is_refused(caller, entries, cursor):
    answer = caller().get("/api/v1/entries", {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "http.bad_cursor")


def test_a_cursor_of_another_order_is_refused(caller, entries):
    cursor = caller().get("/api/v1/entries", {"limit": 2}).json()["next"]
    answer = caller().get("/api/v1/entries", {"cursor": cursor, "order": "at"})
    assert (answer.status_code, answer.json()["code"]) == (400, "http.bad_cursor")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"what": "add"}, [n for n in range(25) if n % 3 == 0]),
        ({"what_in": "add,change"}, [n for n in range(25) if n % 3 != 2]),
        ({"actor": str(UUID(int=4))}, [n for n in range(25) if n % 7 == 4 and n % 3]),
        ({"search": "s-01"}, list(range(10, 20))),
        ({"search": "remove 02"}, [2, 20, 23]),
        ({"search": "100%"}, []),
        ({"empty": "yes"}, []),
        ({"after": "2026-04-01T18:15:00Z"}, list(range(16, 25))),
        ({"from": "2026-04-01T18:05:00Z", "to": "2026-04-01T18:07:00Z"}, [5, 6, 7]),
        ({"from": "2026-04-01T23:35:00+05:30", "to": "2026-04-01T23:36:00+05:30"}, [5, 6]),
        # 18:30 UTC is midnight in the business's zone: none of the entries reaches the second of April there.
        ({"from": "2026-04-02"}, []),
        ({"from": "2026-04-01", "to": "2026-04-01"}, list(range(25))),
        ({"to": "2026-03-31"}, []),
        ({"what": ""}, list(range(25))),
    ],
)
def test_what_an_address_may_ask(caller, entries, query, names):
    found = [int(row["subject_id"][2:]) for row in walk(caller(), limit=200, **query)]
    assert sorted(found) == names


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"wat": "add"}, "http.unknown_parameter", "wat"),
        ({"actor": "x"}, "http.bad_parameter", "actor"),
        ({"actor": "1" * 400}, "http.bad_parameter", "actor"),
        ({"after": "soon"}, "http.bad_parameter", "after"),
        ({"what": "a\x00"}, "http.bad_parameter", "what"),
        ({"search": "a\x00"}, "http.bad_parameter", "search"),
        ({"search": "a" * 101}, "http.bad_parameter", "search"),
        ({"from": "2026-02-31"}, "http.bad_parameter", "from"),
        ({"from": "99999-01-01"}, "http.bad_parameter", "from"),
        ({"to": "9999-12-31"}, "http.bad_parameter", "to"),
        ({"to": "2026-04-01T10:00:00"}, "http.bad_parameter", "to"),
        ({"limit": "0"}, "http.bad_parameter", "limit"),
        ({"limit": "201"}, "http.bad_parameter", "limit"),
        ({"limit": "9" * 5000}, "http.bad_parameter", "limit"),
        ({"limit": "١"}, "http.bad_parameter", "limit"),
        ({"order": "changes"}, "http.bad_parameter", "order"),
        ({"order": "request_id"}, "http.bad_parameter", "order"),
        ({"order": "-"}, "http.bad_parameter", "order"),
        ({"format": "xml"}, "http.bad_parameter", "format"),
    ],
)
def test_what_it_may_not(caller, entries, query, code, field):
    answer = caller().get("/api/v1/entries", query)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)


def test_every_type_of_value(caller, other_academy):
    with tenant_scope(other_academy):
        audit.record(action="add", subject_type="student", subject_id="7")
    (found,) = caller(business=other_academy).get("/api/v1/types").json()["results"]
    assert found == {
        "whole": 7,
        "money": "1500.50",
        "took": "01:00:00",
        "yes": True,
        "tags": ["add", "7"],
        "nothing": None,
        "subject": {"kind": "student", "id": "7"},
        "text": "add",
    }


def test_python_may_finish_each_row(caller, entries):
    assert {row["what"] for row in caller().get("/api/v1/masked").json()["results"]} == {"x"}


def test_one_row_or_not_found(caller, entries):
    assert caller().get(f"/api/v1/entries/{entries[3].id}").json()["subject_id"] == "S-003"
    answer = caller().get(f"/api/v1/entries/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "http.not_found")


def test_another_business_sees_none_of_it(caller, entries, other_academy):
    foreign = caller(business=other_academy)
    assert foreign.get("/api/v1/entries").json()["results"] == []
    assert foreign.get(f"/api/v1/entries/{entries[3].id}").status_code == 404
    cursor = caller().get("/api/v1/entries", {"limit": 2}).json()["next"]
    assert foreign.get("/api/v1/entries", {"cursor": cursor}).json()["results"] == []


def csv_of(answer):
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_any_list_is_a_csv(caller, entries):
    answer = caller().get("/api/v1/entries", {"format": "csv", "what": "add", "order": "at"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="entry.csv"'
    names, *lines = csv_of(answer)
    assert names == ["id", "what", "at", "actor_id", "changes", "subject_id"]
    assert [line[5] for line in lines] == [f"S-{n:03}" for n in range(0, 25, 3)]
    assert lines[0][4] == '{"n":[0,1]}'


def test_a_csv_reaches_past_its_chunks(caller, entries, monkeypatch):
    from kernel.http import export

    monkeypatch.setattr(export, "CHUNK", 5)
    _, *lines = csv_of(caller().get("/api/v1/entries", {"format": "csv", "order": "-actor_id"}))
    assert sorted(line[5] for line in lines) == [f"S-{n:03}" for n in range(25)]


def test_a_csv_has_nested_names_dotted_and_masks_applied(caller, entries):
    names, *lines = csv_of(caller().get("/api/v1/types", {"format": "csv"}))
    assert names == ["whole", "money", "took", "yes", "tags", "nothing", "subject.kind", "subject.id", "text"]
    assert lines[0] == ["7", "1500.50", "01:00:00", "true", '["add","S-024"]', "", "student", "S-024", "add"]
    assert {line[1] for line in csv_of(caller().get("/api/v1/masked", {"format": "csv"}))[1:]} == {"x"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+cmd", "'+1+cmd"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("|calc", "'|calc"),
        ("%0A", "'%0A"),
        ("+919876543210", "+919876543210"),
        ("-5.50", "-5.50"),
        ("Asha = ok", "Asha = ok"),
        ("आशा", "आशा"),
        (-5, "-5"),
        (True, "true"),
        (None, ""),
        (["=1"], '["=1"]'),
    ],
)
def test_a_cell_never_runs_as_a_formula(value, shown):
    assert cell(value) == shown


def test_a_formula_in_the_data_is_disarmed_in_the_file(caller, other_academy):
    with tenant_scope(other_academy):
        audit.record(action="=cmd|'/C calc'!A0", subject_type="x", subject_id="1")
    (_, line) = csv_of(caller(business=other_academy).get("/api/v1/entries", {"format": "csv"}))
    assert line[1] == "'=cmd|'/C calc'!A0"


def test_an_order_is_total(academy):
    with tenant_scope(academy):
        order = keyset.keys(Entry.objects.all(), ("-at",))
    assert [(key.path, key.down, key.nullable) for key in order] == [("at", True, False), ("pk", True, False)]
