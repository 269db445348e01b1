"""Servers the caller gives: things of our own names only, and a clear no to anything else."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from kernel.tenancy.bootstrap import MARKER
from scripts.stack import given, whole
from scripts.stack.given import bucket_ensure, s3_given
from scripts.stack.layout import CannotRun, checkout_id
from tests.scripts.checkouts import checkout, run


@pytest.fixture
def servers() -> dict[str, Any]:
    """The servers these tests run on, as an operator would give them."""
    text = os.environ["TEST_SERVERS"]
    found: dict[str, Any] = json.loads(text if text.startswith("{") else Path(text).read_text())
    return found


@pytest.fixture
def environment(servers: dict[str, Any]) -> dict[str, str]:
    s3 = {f"S3_{name.upper()}": value for name, value in servers["s3"].items()}
    return {"DATABASE_URL": servers["postgres"], "REDIS_URL": servers["redis"], **s3}


@pytest.fixture
def foreign(servers: dict[str, Any], tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A checkout, and a database somebody else made under the name the checkout would take."""
    place = checkout(tmp_path / "checkout")
    name = f"shala_demo_{checkout_id(place)}"
    identifier = sql.Identifier(name)
    with psycopg.connect(servers["postgres"], autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        yield place, name
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def test_a_foreign_database_of_our_name_is_refused_and_left_alone(
    foreign: tuple[Path, str], servers: dict[str, Any], environment: dict[str, str]
) -> None:
    place, name = foreign
    with psycopg.connect(servers["postgres"], dbname=name, autocommit=True) as theirs:
        theirs.execute("CREATE TABLE precious (id int)")
        theirs.execute("INSERT INTO precious VALUES (1)")
    done = run(place, "scripts.stack.demo", "--stop", env=environment)
    assert done.returncode == 2
    assert f"database {name} exists and does not carry our mark" in done.stderr
    with psycopg.connect(servers["postgres"], dbname=name) as theirs:
        assert theirs.execute("SELECT id FROM precious").fetchall() == [(1,)]
        assert theirs.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'ext'").fetchall() == []
        roles = theirs.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [name]).fetchall()
        assert roles == []


def test_fresh_forgets_our_database_and_no_other(
    foreign: tuple[Path, str], servers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, name = foreign
    monkeypatch.setenv("DATABASE_URL", servers["postgres"])
    monkeypatch.setattr(given, "own_name", lambda purpose: name)
    with pytest.raises(CannotRun, match="does not carry our mark"):
        whole.forget(f"try-{os.getpid()}")
    with psycopg.connect(servers["postgres"], autocommit=True) as admin:
        admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(MARKER)))
        whole.forget(f"try-{os.getpid()}")
        assert admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None


def test_what_is_given_is_not_embedded(foreign: tuple[Path, str], environment: dict[str, str]) -> None:
    place, _ = foreign
    run(place, "scripts.stack.demo", "--stop", env=environment)
    assert sorted(path.stem for path in (place / ".local/demo/log").iterdir()) == ["sandbox"]


def test_a_foreign_bucket_is_refused_and_ours_accepted(servers: dict[str, Any]) -> None:
    import boto3

    s3 = servers["s3"]
    client = boto3.client(
        "s3",
        endpoint_url=s3["endpoint_url"],
        aws_access_key_id=s3["access_key"],
        aws_secret_access_key=s3["secret_key"],
        region_name=s3["region"],
    )
    theirs, ours = f"theirs-{os.getpid()}", f"ours-{os.getpid()}"
    client.create_bucket(Bucket=theirs)
    with pytest.raises(CannotRun, match="does not carry our mark"):
        bucket_ensure(s3, theirs)
    assert client.list_objects_v2(Bucket=theirs)["KeyCount"] == 0
    bucket_ensure(s3, ours)
    bucket_ensure(s3, ours)
    assert [item["Key"] for item in client.list_objects_v2(Bucket=ours)["Contents"]] == [".made-for-shala"]


def test_half_of_s3_is_refused_by_name() -> None:
    with pytest.raises(CannotRun, match="S3_SECRET_KEY, S3_REGION missing"):
        s3_given({"S3_ENDPOINT_URL": "http://s3.example", "S3_ACCESS_KEY": "key"})
    assert s3_given({}) == {}
