"""What a schema holds is compared with the template's, and its role's rights with the rules, thing by thing."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from kernel.tenancy.fleet import catalogue, drift
from kernel.tenancy.models import ReadySchema
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import schema_create
from kernel.tenancy.scope import schema_scope
from tests.support.sql import ddl_cursor, schema_away

REACHABLE = "CHECK ((NOT (((guardian_phone)::text = ''::text) AND ({}phone{} = ''::text))))"
GUARDIAN = "CREATE INDEX people_student_guardian ON people_student USING btree (guardian_phone)"


def changed(schema: str, *statements: str) -> None:
    with ddl_cursor(schema) as cursor:
        for statement in statements:
            cursor.execute(statement)


def told(*schemas: str) -> list[str]:
    return [str(one) for one in drift.check(schemas)]


@pytest.fixture(scope="module")
def like() -> str:
    """One that is as it should be, asked about along with the other."""
    return schema_create()


@pytest.fixture
def made() -> Iterator[str]:
    """One to be changed by hand; nobody is given it afterwards."""
    schema = schema_create()
    yield schema
    schema_away(schema)


def test_each_difference_is_told_and_nothing_else(made: str, like: str) -> None:
    role = tenant_role(made)
    assert told(made, like) == []
    changed(
        made,
        "ALTER TABLE people_student ALTER COLUMN phone TYPE text, ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE people_student ALTER COLUMN tags SET DEFAULT '{}', ADD COLUMN by_hand int",
        "DROP INDEX people_student_guardian",
        "ALTER TABLE quotas_quota DROP CONSTRAINT quotas_quota_within",
        "ALTER TABLE accounts_supportvisit DROP CONSTRAINT accounts_support_why",
        "ALTER TABLE accounts_supportvisit ADD CONSTRAINT accounts_support_why CHECK (reason <> '') NOT VALID",
        "DROP TABLE campaigns_campaign CASCADE",
        "CREATE TABLE by_hand (id int)",
        "CREATE FUNCTION odd() RETURNS int LANGUAGE sql RETURN 1",
        f"GRANT INSERT ON ledger_transfer TO {role}",
        f"REVOKE DELETE ON people_student FROM {role}",
    )
    owner = owner_of(made)
    expected = [
        f"{made}: table by_hand is table owned by {owner}, template has none",
        f"{made}: table campaigns_campaign is missing, template has table owned by {owner}",
        f"{made}: column people_student.by_hand is integer null, template has none",
        f"{made}: column people_student.name is varchar(120) null, template has varchar(120) not null",
        f"{made}: column people_student.phone is text not null, template has varchar(16) not null",
        f"{made}: column people_student.tags is varchar(40)[] not null default '{{}}'::character varying[],"
        " template has varchar(40)[] not null",
        f"{made}: index people_student.people_student_guardian is missing, template has {GUARDIAN}",
        f"{made}: constraint accounts_supportvisit.accounts_support_why is CHECK (((reason)::text <> ''::text)) NOT VALID,"
        " template has CHECK ((NOT ((reason)::text = ''::text)))",
        f"{made}: constraint people_student.people_student_reachable is {REACHABLE.format('', '')},"
        f" template has {REACHABLE.format('(', ')::text')}",
        f"{made}: constraint quotas_quota.quotas_quota_within is missing,"
        ' template has CHECK (((used >= 0) AND (used <= "limit")))',
        f"{made}: function odd() is CREATE OR REPLACE FUNCTION odd() RETURNS integer LANGUAGE sql RETURN 1 ,"
        " template has none",
        f"{made}: grant ledger_transfer: held is role INSERT, SELECT, to be held is role SELECT",
        f"{made}: grant odd(): held is everybody EXECUTE, to be held is nothing",
        f"{made}: grant people_student: held is role INSERT, SELECT, UPDATE,"
        " to be held is role DELETE, INSERT, SELECT, UPDATE",
    ]
    assert told(made, like) == expected
    said = StringIO()
    with pytest.raises(CommandError, match="differences from the template") as refused:
        call_command("fleet", "check", "--json", stdout=said)
    assert refused.value.returncode == 1
    assert [str(drift.Drift(**one)) for one in json.loads(said.getvalue()) if one["schema"] == made] == expected


def test_what_is_mended_is_no_difference_though_columns_stand_in_another_order(made: str, like: str) -> None:
    changed(made, "ALTER TABLE campaigns_campaign DROP COLUMN branch_id")
    missing = drift.check([made])
    assert [(one.aspect, one.name.partition(".")[0]) for one in missing] == [
        (aspect, "campaigns_campaign") for aspect in ("column", "index", "constraint")
    ]
    column, index, key = (one.wanted for one in missing)
    changed(
        made,
        f"ALTER TABLE campaigns_campaign ADD COLUMN branch_id {column}",
        index,
        f"ALTER TABLE campaigns_campaign ADD CONSTRAINT {missing[2].name.partition('.')[2]} {key}",
    )
    with ddl_cursor("public") as cursor:
        hashes = catalogue.hashes(cursor, "index", [made, like])
    assert hashes[made] != hashes[like], "the columns' numbers are others now"
    assert told(made, like) == []


def test_one_that_waits_to_be_migrated_is_not_looked_into(made: str, like: str) -> None:
    changed(made, "DROP TABLE campaigns_campaign CASCADE")
    with schema_scope("public"):
        now = ReadySchema.objects.using("ddl").get(name=made).fingerprint
        ReadySchema.objects.using("ddl").filter(name=made).update(fingerprint="older")
    assert [one.as_dict() for one in drift.check([made, like])] == [
        {"schema": made, "aspect": "version", "name": "", "found": "older", "wanted": now[:12]}
    ]


def owner_of(schema: str) -> str:
    with ddl_cursor(schema) as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])
