"""PgBouncer in front of the test's own database, in the mode a test asks for."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from scripts.stack.processes import UNPRIVILEGED, wait_until

# Nothing that is listened to: a socket's name, which carries a number as PostgreSQL's does.
NUMBER = 6432


def pgbouncer() -> str:
    """Debian's PgBouncer; installed, and not started, when that is in our power. Raises RuntimeError with what to do."""
    found = shutil.which("pgbouncer")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # A run level of maintenance is what keeps a package from starting its service.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for line in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "pgbouncer"]):
            subprocess.run(line, check=True, capture_output=True, env=environment)
        found = shutil.which("pgbouncer")
    if found is None:
        raise RuntimeError("tests of poolers need PgBouncer: install it (apt-get install pgbouncer), or run as root")
    return found


@contextmanager
def pooled(url: str, *, mode: str, sessions: int) -> Iterator[str]:
    """The same database by way of a pooler: `mode` session, transaction or statement, with so many of its sessions."""
    target = conninfo_to_dict(url)
    with tempfile.TemporaryDirectory(prefix="shala-pool-") as made:
        folder = Path(made)
        users = folder / "users.txt"
        users.write_text(f'"{target["user"]}" "{target.get("password", "")}"\n')
        settings = folder / "pgbouncer.ini"
        place = " ".join(f"{name}={target[name]}" for name in ("host", "port") if name in target)
        settings.write_text(
            f"[databases]\n{target['dbname']} = {place}\n[pgbouncer]\nlisten_addr =\nlisten_port = {NUMBER}\n"
            f"unix_socket_dir = {folder}\nauth_type = trust\nauth_file = {users}\npool_mode = {mode}\n"
            f"default_pool_size = {sessions}\nlogfile = {folder / 'log'}\nserver_login_retry = 1\n"
            "ignore_startup_parameters = options\n"
        )
        _give(folder)
        command = [pgbouncer(), str(settings)]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={UNPRIVILEGED}", "--clear-groups", "--pdeathsig=KILL", *command]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        address = make_conninfo(url, host=str(folder), port=NUMBER)
        try:
            assert wait_until(lambda: _answers(address), 10), (folder / "log").read_text()
            user = f"{target['user']}:{target['password']}" if "password" in target else str(target["user"])
            yield f"postgresql://{user}@/{target['dbname']}?host={folder}&port={NUMBER}"
        finally:
            process.kill()
            process.wait()


def _give(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, UNPRIVILEGED)


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
