"""The whole stack, from nothing to an answering origin, and what others may do with it."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from signal import Signals

import redis

from scripts.stack import given, product, servers
from scripts.stack.keys import Keys
from scripts.stack.layout import LOCAL, ROOT, CannotRun
from scripts.stack.processes import family, send
from scripts.stack.progress import doing
from scripts.stack.record import Record
from scripts.stack.supervisor import ServiceFailed, Supervisor, remove

SECRET_NAMES = ("SECRET_KEY", "SEALING_KEYS", "OTP_PEPPER", "MSG91_AUTHKEY", "MSG91_WEBHOOK_TOKEN", "JITSI_SECRET")


@dataclass
class Stack:
    """A serving stack, ours or one another command of this checkout runs.

    `urls`: origin, control, files. `env`: what our processes read, with the secrets; never print it.
    """

    folder: Path
    env: dict[str, str]
    urls: dict[str, str]
    supervisor: Supervisor | None = field(default=None)  # None: another command's stack, used but not ended by us

    @property
    def port(self) -> int:
        """The origin's port: connect to 127.0.0.1 there and send the business's name as Host."""
        return int(self.env["SHALA_DOMAIN"].rpartition(":")[2])

    @property
    def clock_file(self) -> Path:
        """Holds seconds; every process of the stack adds them to its clock."""
        return Path(self.env["SHALA_CLOCK_FILE"])

    @property
    def clock_moved(self) -> timedelta:
        """How far the clock of its processes is ahead."""
        return timedelta(seconds=float(self.clock_file.read_text() or 0) if self.clock_file.exists() else 0)

    def clock_move(self, forward: timedelta) -> None:
        """Bring everybody's clock forward."""
        self.clock_file.write_text(str((self.clock_moved + forward).total_seconds()))

    @property
    def mail_folder(self) -> Path:
        """One file per mail sent."""
        return Path(self.env["MAIL_DIR"])

    def manage(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run `manage.py` against the stack; what it printed. Raises ServiceFailed with the end of its errors."""
        done = subprocess.run(
            product.manage(*arguments),
            cwd=ROOT,
            env={**given.inherited(), **self.env, "SHALA_PROCESS": "manage", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceFailed(f"manage.py {arguments[0]} ended with {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout

    def pid(self, name: str) -> int:
        """The process that is one of our services now; another one after it died and was started again."""
        return self._record().processes[name][0]

    def signal(self, name: str, number: Signals) -> None:
        """Send a service and all it has started a signal, whoever supervises it. One that dies is started again."""
        for process in family(self.pid(name)):
            send(process, number)

    def redis_empty(self) -> int:
        """Forget all that Redis holds: everything in a server of the stack's own, in a given one what is ours there.

        Gives how many keys there were.
        """
        server = redis.Redis.from_url(self.env["REDIS_URL"])
        if "valkey" in self._record().processes:
            keys = int(server.dbsize())
            server.flushall()
            return keys
        ours = list(server.scan_iter(f"{self.env['REDIS_PREFIX']}*", count=1000))
        return int(server.unlink(*ours)) if ours else 0

    def _record(self) -> Record:
        record = Record.read(self.folder / "stack.json")
        if record is None:
            raise ServiceFailed("the stack has ended")
        return record

    def stop(self) -> None:
        if self.supervisor is not None:
            self.supervisor.stop()


def running(*names: str) -> Stack | None:
    """The stack another command of this checkout serves now under one of these names, or None."""
    for name in names:
        record = Record.read(LOCAL / name / "stack.json")
        if record is not None and record.env and record.serves():
            return Stack(folder=LOCAL / name, env=record.env, urls=_urls(record.env))
    return None


def start(name: str, *, reload: bool = False, settings: Mapping[str, str] | None = None, paired: bool = False) -> Stack:
    """Start the stack `.local/<name>/`: servers, database, our processes, the origin.

    `settings` are told to our processes beside, or instead of, what every stack tells them. `paired`: they look for the
    database in the place of a standby too, which may be started later (`servers.standby`).

    Raises StackInUse when it runs already, ServiceFailed naming what did not come up, CannotRun for what is missing.
    """
    supervisor = Supervisor(name)
    try:
        with doing("starting PostgreSQL, Valkey, SeaweedFS and the stand-ins"):
            found = servers.described(supervisor, Keys(supervisor.folder), paired=paired)
            supervisor.start(*found.services)
        env, ddl = _environment(supervisor, found)
        env |= settings or {}
        with doing("preparing the database"):
            supervisor.run("prepare", product.prepare(), {**env, **ddl, "SHALA_PROCESS": "manage"})
        with doing("starting web, live, worker, beat and the origin"):
            supervisor.start(*product.processes(supervisor, env, ddl, reload=reload))
            supervisor.start(product.origin(supervisor, found.s3["endpoint_url"]))
    except BaseException:
        supervisor.stop()
        raise
    supervisor.watch()
    supervisor.record.env = {**env, **ddl}
    supervisor.record.write()
    return Stack(folder=supervisor.folder, env=supervisor.record.env, urls=_urls(env), supervisor=supervisor)


def forget(name: str) -> None:
    """Empty the stack's folder, and drop its database where the server is the caller's. Raises StackInUse."""
    from kernel.tenancy.bootstrap import DatabaseForeign, drop_database

    remove(LOCAL / name)
    if given.postgres_given():
        try:
            drop_database(given.postgres_given(), given.own_name(name))
        except DatabaseForeign as error:
            raise CannotRun(str(error)) from error


def _environment(supervisor: Supervisor, found: servers.Servers) -> tuple[dict[str, str], dict[str, str]]:
    """What every process reads, and beside it what only those that change schemas do."""
    from kernel.tenancy.bootstrap import DatabaseForeign, ensure_database

    keys, name = Keys(supervisor.folder), given.own_name(supervisor.name)
    bucket = name.replace("_", "-")
    try:
        logins = ensure_database(found.postgres, name, secret=keys.get("DATABASE_SECRET"))
    except DatabaseForeign as error:
        raise CannotRun(str(error)) from error
    given.bucket_ensure(found.s3, bucket)
    vendors = servers.http_json(f"{found.sandbox['control_url']}/control/health")["urls"]
    port = supervisor.ports.take("origin")
    (supervisor.folder / "mail").mkdir(exist_ok=True)
    counts = supervisor.folder / "counts"
    shutil.rmtree(counts, ignore_errors=True)  # processes of an earlier run would be counted again
    counts.mkdir()
    env = {
        "DATABASE_URL": logins.app,
        "REDIS_URL": found.redis,
        "REDIS_PREFIX": f"{name}:",
        "S3_ENDPOINT_URL": found.s3["endpoint_url"],
        "S3_PUBLIC_URL": f"http://{product.FILES_HOST}:{port}",
        "S3_BUCKET": bucket,
        "S3_ACCESS_KEY": found.s3["access_key"],
        "S3_SECRET_KEY": found.s3["secret_key"],
        "S3_REGION": found.s3["region"],
        "SHALA_DOMAIN": f"localhost:{port}",
        "SHALA_SCHEME": "http",
        "SHALA_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
        "SHALA_CLOCK_FILE": str(supervisor.folder / "clock"),
        "PROMETHEUS_MULTIPROC_DIR": str(counts),
        "MAIL_DIR": str(supervisor.folder / "mail"),
        "SANDBOX_CONTROL_URL": found.sandbox["control_url"],
        "JITSI_APP_ID": "shala",
        # What a killed worker had in hand is taken up again before anybody who watches has lost patience.
        "JOBS_LEASE_SECONDS": "5",
        # A stand-in that has not answered by then is playing dead.
        "GATEWAY_READ_SECONDS": "2",
        **{f"{vendor.upper()}_BASE_URL": url for vendor, url in vendors.items()},
        **{secret: keys.get(secret) for secret in SECRET_NAMES},
    }
    _register(found.sandbox["control_url"], env)
    return env, {"MIGRATE_DATABASE_URL": logins.ddl}


def _register(control: str, env: Mapping[str, str]) -> None:
    """Make us a customer of the stand-in for SMS; its delivery reports come to the operator's own host."""
    from connectors.sandbox.client import SandboxClient

    address = f"http://{env['SHALA_DOMAIN']}/api/v1/messages/webhook/msg91?token={env['MSG91_WEBHOOK_TOKEN']}"
    SandboxClient(control).account("msg91", env["MSG91_AUTHKEY"], "-", webhook_url=address)


def _urls(env: Mapping[str, str]) -> dict[str, str]:
    origin = f"http://{env['SHALA_DOMAIN']}"
    return {"origin": origin, "files": env["S3_PUBLIC_URL"], "stand-ins": env["SANDBOX_CONTROL_URL"]}
