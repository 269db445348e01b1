"""Where tenancy is measured: one PostgreSQL of its own with a database for each side, and a process at each."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import Composed

from kernel.tenancy.bootstrap import ensure_database
from scripts.benches import tenancy_sql
from scripts.benches.worker import Worker
from scripts.stack import servers
from scripts.stack.given import inherited
from scripts.stack.keys import Keys
from scripts.stack.progress import doing
from scripts.stack.supervisor import Supervisor, remove

# Room for a thousand schemas in memory, and for what making them writes: neither side is to wait for the disk's sake.
ROOMY = ("shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=30min", "autovacuum_naptime=15s")
MIGRATIONS = "bench_migrations"
OURS, STOCK = "scripts.benches.ours", "scripts.benches.peers.stock.work"
STOCK_SETTINGS = "scripts.benches.peers.stock.settings"

# What a schema holds, without its name: both sides are to have made the same.
_HOLDS = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, character_maximum_length, is_identity
        FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2""",
    "constraints": """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = %s::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = %s::regnamespace ORDER BY 1",
}


@dataclass
class Place:
    """`admin` is the server's superuser; `ours` and `stock` the processes of the sides, each on its own database."""

    admin: str
    ours_name: str
    stock_name: str
    folder: Path
    env: dict[str, str]
    ours: Worker = field(init=False)
    stock: Worker = field(init=False)
    logs: int = 0

    @property
    def migrations(self) -> Path:
        """Where the migrations of the app `moving` are written."""
        return self.folder / MIGRATIONS

    def worker(self, module: str, **env: str) -> Worker:
        """One more process of a side."""
        self.logs += 1
        return Worker(module, {**self.env, **env}, self.folder / f"{self.logs}.log")

    def holds(self, database: str, schema: str) -> dict[str, list[tuple[str, ...]]]:
        """What the schema holds, as text without its name."""
        with psycopg.connect(make_conninfo(self.admin, dbname=database), autocommit=True) as asking:
            asking.execute(tenancy_sql.path_set(schema))
            return {
                what: [tuple(str(v).replace(f"{schema}.", "") for v in row) for row in asking.execute(query, [schema])]
                for what, query in _HOLDS.items()
            }

    def analyzed(self) -> None:
        """Let both databases know their tables, as those of a while do: tables of fifty rows are never looked at unasked."""
        self._done("ANALYZE")

    def settled(self) -> None:
        """Let the server and the disk be done with what was made so far: making files waits for what is still written."""
        with doing("letting the disk come to rest"):
            self._done("VACUUM (ANALYZE) pg_class, pg_attribute, pg_index, pg_constraint, pg_depend, pg_shdepend")
            self._done("CHECKPOINT")
            os.sync()

    def _done(self, statement: LiteralString) -> None:
        """Carried out in both databases by the superuser."""
        for database in (self.ours_name, self.stock_name):
            with psycopg.connect(make_conninfo(self.admin, dbname=database), autocommit=True) as asking:
                asking.execute(statement)

    def grown(self, size: int) -> dict[str, list[str]]:
        """At least so many tenants on both sides, the peer's made from the very statements ours are made from."""
        schemas = [f"s_{number}" for number in range(1, size + 1)]
        with doing(f"making a fleet of {size} on each side"):
            ours = self.ours.call("fleet", number=size)
            self.stock.call("fleet", schemas=schemas, statements=self.ours.call("snapshot"), path="ext")
        return {"ours": ours, "peer": schemas}

    def asked(self, database: str, query: str | Composed) -> list[tuple[object, ...]]:
        """Rows of a query by the superuser."""
        with psycopg.connect(make_conninfo(self.admin, dbname=database), autocommit=True) as asking:
            return asking.execute(query).fetchall()


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """A PostgreSQL and a Valkey of our own: the superuser's URL and the other's. Gone after the block."""
    servers.remove_forsaken("bench-tenancy")
    supervisor = Supervisor("bench-tenancy")
    try:
        with doing("starting PostgreSQL and Valkey"):
            postgres, admin = servers.postgres(supervisor, extra=ROOMY)
            valkey, redis_url = servers.valkey(supervisor, Keys(supervisor.folder), durable=False)
            supervisor.start(postgres, valkey)
        yield admin, redis_url
    finally:
        supervisor.stop()
        remove(supervisor.folder)


@contextmanager
def furnished(admin: str, redis_url: str) -> Iterator[Place]:
    """The databases and processes on servers that run. The databases are dropped after the block."""
    mark = secrets.token_hex(3)
    ours, stock = f"bench_ours_{mark}", f"bench_stock_{mark}"
    folder = Path(tempfile.mkdtemp(prefix="shala-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(_dropped, admin, ours, stock)
        place = Place(admin=admin, ours_name=ours, stock_name=stock, folder=folder, env={})
        place.migrations.mkdir()
        (place.migrations / "__init__.py").touch()
        migration_write(place.migrations, 1)
        urls = ensure_database(admin, ours, secret=mark)
        with psycopg.connect(admin, autocommit=True) as making:
            making.execute(tenancy_sql.database_made(stock))
        place.env = {
            **inherited(),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder),
            "BENCH_MIGRATIONS": MIGRATIONS,
            "BENCH_STOCK_URL": make_conninfo(admin, dbname=stock),
            "DATABASE_URL": urls.app,
            "MIGRATE_DATABASE_URL": urls.ddl,
            "SHALA_ROLE_PREFIX": ours,
            "REDIS_URL": redis_url,
            "REDIS_PREFIX": f"{ours}:",
            "SHALA_DOMAIN": "localhost",
            "MAIL_DIR": str(folder / "mail"),
        }
        place.ours = stack.enter_context(place.worker(OURS, DJANGO_SETTINGS_MODULE="scripts.benches.ours_settings"))
        place.stock = stack.enter_context(
            place.worker(STOCK, DJANGO_SETTINGS_MODULE="scripts.benches.peers.stock.settings")
        )
        with doing("bringing both databases up to date"):
            place.ours.call("migrate")
            place.stock.call("prepare")
        yield place


def migration_write(folder: Path, number: int) -> None:
    """The next migration of `moving`: the first makes its table, each other adds a column and an index of two."""
    operations = (
        """migrations.CreateModel("Item", [
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=80)),
            ("number", models.IntegerField()),
        ])"""
        if number == 1
        else f"""migrations.AddField("item", "extra_{number}", models.CharField(max_length=40, default="", db_default="")),
        migrations.AddIndex("item", models.Index(fields=["number", "extra_{number}"], name="moving_by_{number}"))"""
    )
    before = f'("moving", "{number - 1:04}_step")' if number > 1 else ""
    (folder / f"{number:04}_step.py").write_text(
        "from django.db import migrations, models\n\n\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [{before}]\n"
        f"    operations = [\n        {operations},\n    ]\n"
    )


def _dropped(admin: str, *names: str) -> None:
    """The databases, and the roles that were made for them."""
    with psycopg.connect(admin, autocommit=True) as dropping:
        for name in names:
            dropping.execute(tenancy_sql.database_dropped(name))
            roles = dropping.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [f"{name}_"])
            if found := [role for (role,) in roles.fetchall()]:
                dropping.execute(tenancy_sql.roles_dropped(found))
