"""The embedded servers, each as a Service of a supervisor: PostgreSQL, Valkey, SeaweedFS, the stand-ins for vendors."""

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from scripts.stack import given
from scripts.stack.keys import Keys
from scripts.stack.layout import LOCAL, PYTHON, ROOT, program
from scripts.stack.processes import hand_over, wait_until, wrapped
from scripts.stack.supervisor import Service, ServiceFailed, StackInUse, Supervisor, remove

REGION = "us-east-1"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # our own addresses, never by way of a proxy
VENDORS = ("cashfree", "razorpay", "msg91")
ABANDONED_WITHIN_S = 20.0
# PostgreSQL's two places in a stack: where it is first made, and where its standby is.
PAIR = ("postgres", "standby")
# A lost power cut is no concern of a test run: the data is thrown away with it.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Servers:
    """Addresses of running servers, and the services that make them run. Passwords are in the URLs."""

    services: tuple[Service, ...] = ()
    postgres: str = ""
    redis: str = ""
    s3: dict[str, str] = field(default_factory=dict)
    sandbox: dict[str, str] = field(default_factory=dict)


def postgres(
    supervisor: Supervisor, *, durable: bool = True, name: str = PAIR[0], extra: tuple[str, ...] = ()
) -> tuple[Service, str]:
    """PostgreSQL 18 on a Unix socket only: who may open the folder may connect, so it needs no password.

    `extra` are settings of the server beside ours, as `name=value`.
    """
    folder, sockets = supervisor.place(name), supervisor.socket_place(name)
    data = folder / "data"
    if not data.exists():
        _initdb(supervisor, folder, data)
    wait_until(lambda: _abandoned(data), ABANDONED_WITHIN_S)
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={sockets}",
        "max_connections=300",
        "max_locks_per_transaction=1024",
        # The server's log is nobody's to scrub: without the detail of an error it names no row's values.
        "log_error_verbosity=terse",
        # After a crash one sync of the file system, not one of each file: every schema has hundreds.
        "recovery_init_sync_method=syncfs",
        *(() if durable else FORGETFUL),
        *extra,
    ]
    url = f"postgresql://postgres@/postgres?host={sockets}"
    command = [str(program("postgres")), "-D", str(data), *(part for one in settings for part in ("-c", one))]
    return (
        Service(
            name=name,
            command=command,
            ready=lambda: _postgres_answers(url),
            folder=folder,
            stop=signal.SIGINT if durable else signal.SIGQUIT,
            parting=signal.SIGINT,  # fast shutdown: end the sessions, write the checkpoint
        ),
        url,
    )


def standby(
    supervisor: Supervisor, primary: str, *, durable: bool = True, name: str = PAIR[1], extra: tuple[str, ...] = ()
) -> tuple[Service, str]:
    """A hot standby that follows the running server at `primary`, copied from it now; the primary knows it by `name`.

    What the place of that name held before is deleted.
    """
    data = supervisor.place(name) / "data"
    shutil.rmtree(data, ignore_errors=True)
    program_ = str(program("postgres").with_name("pg_basebackup"))
    command = [program_, "-d", primary, "-D", str(data), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
    _made(supervisor, data.parent, command)
    return postgres(supervisor, durable=durable, name=name, extra=(f"cluster_name={name}", *extra))


def pair_url(supervisor: Supervisor) -> str:
    """The server login of whichever of the two places of PostgreSQL takes writes at the moment."""
    places = ",".join(str(supervisor.socket_place(name)) for name in PAIR)
    return f"postgresql://postgres@/postgres?host={places}&target_session_attrs=read-write"


def valkey(supervisor: Supervisor, keys: Keys, *, durable: bool = True) -> tuple[Service, str]:
    """Valkey with a password, refusing writes when full, its journal synced each second."""
    folder, port, password = supervisor.place("valkey"), supervisor.ports.take("valkey"), keys.get("REDIS_PASSWORD")
    settings = folder / "valkey.conf"
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f"dir {folder}",
        "maxmemory-policy noeviction",
        'save ""',
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
    ]
    private(settings, "\n".join(lines) + "\n")
    command = [str(program("valkey-server")), str(settings)]
    service = Service(
        name="valkey",
        command=command,
        ready=lambda: _valkey_answers(port, password),
        folder=folder,
        stop=signal.SIGTERM if durable else signal.SIGKILL,
    )
    return service, f"redis://:{password}@127.0.0.1:{port}/0"


def seaweed(supervisor: Supervisor, keys: Keys, *, durable: bool = True) -> tuple[Service, dict[str, str]]:
    """SeaweedFS speaking S3, every port chosen: what is not named opens at its default or ten thousand above."""
    folder, take = supervisor.place("seaweed"), supervisor.ports.take
    s3 = {
        "endpoint_url": f"http://127.0.0.1:{take('s3')}",
        "access_key": keys.get("S3_ACCESS_KEY"),
        "secret_key": keys.get("S3_SECRET_KEY"),
        "region": REGION,
    }
    credentials = [{"accessKey": s3["access_key"], "secretKey": s3["secret_key"]}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = folder / "identities.json"
    private(identities, json.dumps({"identities": [{"name": "shala", "credentials": credentials, "actions": actions}]}))
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": take("seaweed-master"),
        "master.port.grpc": take("seaweed-master-grpc"),
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 128,
        "volume.port": take("seaweed-volume"),
        "volume.port.grpc": take("seaweed-volume-grpc"),
        "volume.max": 200,
        "filer.port": take("seaweed-filer"),
        "filer.port.grpc": take("seaweed-filer-grpc"),
        "filer.localSocket": supervisor.socket_place("seaweed") / "filer.sock",
        "admin.ui": "false",
        "admin.port": take("seaweed-admin"),
        "admin.port.grpc": take("seaweed-admin-grpc"),
        "webdav": "false",
        "s3.port": take("s3"),
        "s3.port.grpc": take("s3-grpc"),
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": supervisor.socket_place("seaweed") / "s3.sock",
        "s3.config": identities,
    }
    command = [str(program("weed")), "mini", *(f"-{name}={value}" for name, value in options.items())]
    service = Service(
        name="seaweed",
        command=command,
        ready=lambda: http_status(f"{s3['endpoint_url']}/healthz") == 200 and _volume_stands(options["master.port"]),
        env={"HOME": str(folder)},
        folder=folder,
        stop=signal.SIGINT if durable else signal.SIGKILL,
        parting=signal.SIGINT,
        # Seen once in hundreds of starts: its parts never found each other, and all was well at the next start.
        ready_seconds=45.0,
        tries=3,
    )
    return service, s3


def sandbox(supervisor: Supervisor) -> tuple[Service, dict[str, str]]:
    """The stand-ins for gateways and message vendors, a port each so that one can refuse connections by itself."""
    ports = {name: supervisor.ports.take(f"sandbox-{name}") for name in ("control", *VENDORS)}
    urls = {f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    urls["cashfree_url"] += "/pg"
    command = [str(PYTHON), "-m", "connectors.sandbox", "--port", str(ports["control"])]
    command += [part for vendor in VENDORS for part in (f"--{vendor}-port", str(ports[vendor]))]
    service = Service(
        name="sandbox",
        command=command,
        ready=lambda: http_status(f"{urls['control_url']}/control/health") == 200,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
    )
    return service, urls


def described(supervisor: Supervisor, keys: Keys, *, durable: bool = True, paired: bool = False) -> Servers:
    """Every server a stack needs, not started: the caller's own where the environment gives one, else embedded.

    `paired`: the address of PostgreSQL names the place of a standby too, which may be made later.
    """
    services = []
    postgres_url, redis_url, s3 = given.postgres_given(), given.redis_given(), given.s3_given()
    if not postgres_url:
        service, postgres_url = postgres(supervisor, durable=durable)
        postgres_url = pair_url(supervisor) if paired else postgres_url
        services.append(service)
    if not redis_url:
        service, redis_url = valkey(supervisor, keys, durable=durable)
        services.append(service)
    if not s3:
        service, s3 = seaweed(supervisor, keys, durable=durable)
        services.append(service)
    service, urls = sandbox(supervisor)
    return Servers(services=(*services, service), postgres=postgres_url, redis=redis_url, s3=s3, sandbox=urls)


@dataclass
class ServerSet:
    """Servers of one test run. `env` is what the run's processes need; `stop()` ends them and deletes their folder."""

    env: dict[str, str]
    supervisor: Supervisor

    def stop(self) -> None:
        self.supervisor.stop()
        remove(self.supervisor.folder)


def start_test_servers() -> ServerSet:
    """Start servers for this process alone under `.local/test-<pid>/`; call from the main thread.

    `env["TEST_SERVERS"]` is JSON: {"postgres": admin url, "redis": url, "s3": {endpoint_url, access_key, secret_key,
    region}, "sandbox": {control_url, cashfree_url, razorpay_url, msg91_url}, "passing": whether PostgreSQL and all that
    lies in it end with the run}. If this process is killed they end too.
    Raises CannotRun when a program is missing, ServiceFailed when a server does not come up.
    """
    remove_forsaken("test-*")
    supervisor = Supervisor(f"test-{os.getpid()}")
    try:
        found = described(supervisor, Keys(supervisor.folder), durable=False)
        supervisor.start(*found.services)
    except BaseException:
        supervisor.stop()
        raise
    addresses: dict[str, Any] = {
        "postgres": found.postgres,
        "redis": found.redis,
        "s3": found.s3,
        "sandbox": found.sandbox,
        "passing": any(service.name == "postgres" for service in found.services),
    }
    return ServerSet(env={"TEST_SERVERS": json.dumps(addresses)}, supervisor=supervisor)


def remove_forsaken(pattern: str) -> None:
    """Delete folders of runs that were killed, ending what they left; those in use are passed over."""
    for folder in LOCAL.glob(pattern):
        try:
            remove(folder)
        except StackInUse:
            continue


def http_status(url: str, headers: dict[str, str] | None = None, seconds: float = 2.0) -> int:
    """The status the address answers with, 0 when it does not answer. Ignores proxies: the address is our own."""
    try:
        with DIRECT.open(urllib.request.Request(url, headers=headers or {}), timeout=seconds) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _initdb(supervisor: Supervisor, folder: Path, data: Path) -> None:
    # Made beside and moved into place: one killed half-way is not taken for a whole one.
    fresh = data.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [
        str(program("initdb")),
        "-D",
        str(fresh),
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-sync",
    ]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _made(supervisor, folder, command)
    fresh.rename(data)


def _made(supervisor: Supervisor, folder: Path, command: list[str]) -> None:
    """Run a program of PostgreSQL that makes a server's files; raises ServiceFailed with what it said."""
    made = subprocess.run(
        wrapped(command, parting=signal.SIGKILL, folder=folder),
        env=supervisor.environment({}),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        said = made.stderr.decode(errors="replace")[-2000:]
        raise ServiceFailed(f"{Path(command[0]).name} ended with {made.returncode}\n{said}")


def _abandoned(data: Path) -> bool:
    """Whether an earlier server is gone and nobody has its memory open: processes of one that was killed end later."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        # Also one whose end nobody has heard of yet: the next server would take it for alive.
        if Path("/proc", lines[0].strip()).exists():
            return False
        memory = lines[6].split()[1]  # "key id", after its sockets
        segments = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    except (OSError, IndexError):
        return True
    return all(int(attached) == 0 for _, id_, _, _, _, _, attached, *_ in map(str.split, segments) if id_ == memory)


def http_json(url: str) -> Any:
    """The JSON the address answers with; raises OSError or ValueError. Ignores proxies: the address is our own."""
    with DIRECT.open(url, timeout=5) as answer:
        return json.load(answer)


def private(path: Path, text: str) -> None:
    """Write a file only the user our servers run as may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)
    hand_over(path)


def _postgres_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _valkey_answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\n".encode())
            if connection.recv(64) != b"+OK\r\n":
                return False
            connection.sendall(b"PING\r\n")
            return connection.recv(64) == b"+PONG\r\n"  # -LOADING while it reads its journal
    except OSError:
        return False


def _volume_stands(master_port: object) -> bool:
    """Whether the master knows a volume server with room: before that S3 answers, and refuses every upload."""
    try:
        return int(http_json(f"http://127.0.0.1:{master_port}/dir/status")["Topology"]["Free"]) > 0
    except (OSError, ValueError, KeyError):
        return False
