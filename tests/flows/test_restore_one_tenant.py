"""The runbook of docs/operations/restore-one-tenant.md, carried out word by word on two servers of the test's own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from kernel.tenancy import Business
from scripts.stack.layout import ROOT
from scripts.stack.processes import wrapped
from scripts.stack.supervisor import Supervisor
from tests.support.copies import NAME, PROGRAMS, Copy, copied, supervised
from tests.support.factories.people import branch_make, student_make

PAGE = (ROOT / "docs/operations/restore-one-tenant.md").read_text()
GIVEN_ARCHIVE = "/srv/shala/archive"


class Block(NamedTuple):
    """A piece of the page between fences: its language, and for whom it is if not for PostgreSQL's user."""

    language: str
    whose: str
    text: str


def blocks() -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w+) ?(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


@dataclass
class Runbook:
    """Carries out the page's blocks in their order, with the variables it asks for."""

    supervisor: Supervisor
    env: dict[str, str]
    app: dict[str, str]
    done: int = 0

    def follow(self, until: str) -> None:
        """Every block up to and with the one that says `until`."""
        steps = [block for block in blocks() if block.language == "sh"]
        while True:
            step = steps[self.done]
            self.done += 1
            self._carry_out(step)
            if until in step.text:
                return

    def _carry_out(self, step: Block) -> None:
        command = ["bash", "-euo", "pipefail", "-c", step.text]
        place = Path(self.env["ARCHIVE"]).parent
        if step.whose == "app":
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            env, line = {**os.environ, **self.app, "PATH": path}, command
        else:
            path = f"{PROGRAMS}:{os.environ['PATH']}"
            env = self.supervisor.environment({**self.env, "PATH": path})
            line = wrapped([str(shutil.which("bash")), *command[1:]], parting=signal.SIGKILL, folder=place)
        done = subprocess.run(
            line, cwd=ROOT if step.whose else place, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step.text}\n{done.stdout}\n{done.stderr}"


def asked(copy: Copy, query: str, *schemas: str) -> list[object]:
    with psycopg.connect(copy.admin, autocommit=True) as admin:
        return [row[0] for row in admin.execute(sql.SQL(query).format(*map(sql.Identifier, schemas))).fetchall()]


def lines(path: Path, schema: str) -> list[str]:
    """What a list of hashes says about one schema."""
    return [line for line in path.read_text().splitlines() if line.startswith(f"{schema}.")]


STUDENTS = "SELECT name FROM {}.people_student ORDER BY name"


def test_one_tenant_goes_back_to_a_moment_and_nobody_else_does(academy: Business, other_academy: Business) -> None:
    schema, other = academy.schema, other_academy.schema
    for business in (academy, other_academy):
        branch = branch_make(business, name="Main", code="MAIN", kind="academy")
        student_make(business, branch, name="Asha", phone="9820000001")
    (settings,) = [block.text for block in blocks() if block.language == "ini"]
    with supervised("moment") as supervisor:
        place = supervisor.socket_place("m")
        archive = supervisor.place("m/archive")
        lines_ = tuple(settings.replace(GIVEN_ARCHIVE, str(archive)).splitlines())
        copy = copied(supervisor, academy, other_academy, durable=False, extra=lines_)
        env = {
            "SERVER": f"host={supervisor.socket_place('postgres')} user=postgres",
            "DATABASE": NAME,
            "SCHEMA": schema,
            "ARCHIVE": str(archive),
            "BACKUP": str(archive.parent / "base"),
            "SCRATCH": str(place / "s"),
        }
        app = {"DATABASE_URL": copy.urls.app, "MIGRATE_DATABASE_URL": copy.urls.ddl}
        book = Runbook(supervisor, env, app)
        book.follow("pg_verifybackup")

        with psycopg.connect(copy.admin, autocommit=True) as admin:
            rename = sql.SQL("UPDATE {}.people_student SET name = {}")
            admin.execute(rename.format(sql.Identifier(schema), "Asha Rao"))
            (moment,) = admin.execute("SELECT clock_timestamp()::text").fetchone() or ("",)
            admin.execute(sql.SQL("DELETE FROM {}.people_access").format(sql.Identifier(schema)))
            admin.execute(rename.format(sql.Identifier(schema), "Nobody"))
            admin.execute(rename.format(sql.Identifier(other), "Ravi"))
        env["MOMENT"] = moment
        (wanted,) = [block.text for block in blocks() if block.language == "shell"]
        assert set(re.findall(r"\b([A-Z]+)=", wanted)) == set(env)

        book.follow("UPDATE public.tenancy_readyschema")
        assert asked(copy, STUDENTS, schema) == ["Asha Rao"]
        assert asked(copy, STUDENTS, f"{schema}_before") == ["Nobody"]
        assert asked(copy, STUDENTS, other) == ["Ravi"]
        scratch = place / "s"
        then, before, after = scratch / "then", scratch / "before", scratch / "after"
        assert lines(after, schema) == lines(then, schema) != lines(before, schema)
        for untouched in (other, "public"):
            assert lines(after, untouched) == lines(before, untouched) != []
        assert len(lines(after, schema)) == len(lines(before, schema)) > 50

        # Its own role comes in again, and only by the rights it is given now.
        take = sql.SQL("SET ROLE {}").format(sql.Identifier(academy.role))
        with psycopg.connect(copy.urls.app, autocommit=True) as served:
            served.execute(take)
            refused = ""
            try:
                served.execute(sql.SQL(STUDENTS).format(sql.Identifier(schema)))
            except psycopg.errors.InsufficientPrivilege as error:
                refused = str(error)
            assert "permission denied" in refused
            book.follow("fleet migrate")
            found = served.execute(sql.SQL(STUDENTS).format(sql.Identifier(schema))).fetchall()
            assert found == [("Asha Rao",)]
        book.follow("rm -r")
        assert not scratch.exists()
        assert asked(copy, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%before'") == []
        assert book.done == len([block for block in blocks() if block.language == "sh"])
