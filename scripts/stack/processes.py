"""Processes as the kernel shows them: who lives, who belongs to a stack, how one is started that cannot stay behind.

Everything a stack starts inherits `SHALA_STACK=<token>` in its environment. That mark, not a process group, says what
belongs to it: groups and sessions are left by programs that make their own, the environment is not.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

from scripts.stack.layout import PYTHON, ROOT, CannotRun

MARK = "SHALA_STACK"
UNPRIVILEGED = "nobody"
# By their bit in CapBnd: the capability to look into any folder; its stronger sister, which containers usually keep.
CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


def started(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None when it is gone or only a zombie is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def is_alive(pid: int, since: int) -> bool:
    """True when this very process still runs: numbers are given out again, beginnings are not."""
    return started(pid) == since


def members(token: str, recorded: Iterable[tuple[int, int]] = ()) -> set[int]:
    """Ids of all live processes carrying the token.

    `recorded`, pairs of (pid, start), adds those that overwrite their environment to show a title.
    """
    mark = f"{MARK}={token}".encode()
    found = {pid for pid, since in recorded if is_alive(pid, since)}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marked and started(int(folder.name)) is not None:
            found.add(int(folder.name))
    return found


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Ask again until the condition holds or the time is over; says which."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def family(pid: int) -> list[int]:
    """A process and all it has started, and they."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def kill_all(token: str, recorded: Iterable[tuple[int, int]], patience: float) -> set[int]:
    """Give the processes so many seconds to end by themselves, then SIGKILL what is left. Returns who was killed."""
    recorded = list(recorded)
    wait_until(lambda: not members(token, recorded), patience)
    killed: set[int] = set()
    # A process that forks while it is being killed leaves a child: look again until nobody is left.
    for _ in range(50):
        left = members(token, recorded)
        if not left:
            break
        for pid in left:
            send(pid, signal.SIGKILL)
        killed |= left
        wait_until(lambda left=left: not any(started(pid) for pid in left), 0.2, every=0.02)  # type: ignore[misc]
    return killed


def wrapped(command: list[str], *, parting: signal.Signals, folder: Path | None = None) -> list[str]:
    """The command, told by the kernel with `parting` when its parent dies; as an unprivileged user when we are root.

    `folder`: the only place the program writes, handed over before; given, root steps down. PostgreSQL refuses to run
    as root, and the others have no need to.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotRun("setpriv is missing: install util-linux")
    prefix = [setpriv, f"--pdeathsig={parting.name.removeprefix('SIG')}"]
    if folder is not None and os.geteuid() == 0:
        prefix += _stepping_down(Path(command[0]), folder, setpriv)
    return [*prefix, "--", *command]


def run_here(line: list[str], env: Mapping[str, str], output: IO[bytes] | None = None) -> int:
    """Run a Python module, `["pytest", …]`, in the checkout and give its exit code; it dies with us.

    An interruption waits for it to end by itself: the terminal told it too, anyone else told only us.
    """
    command = wrapped([str(PYTHON), "-m", *line], parting=signal.SIGTERM)
    run = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        return run.wait()
    except KeyboardInterrupt:
        run.send_signal(signal.SIGINT)
        run.wait()
        raise


def hand_over(path: Path) -> None:
    """Give a file or folder under `.local/` to the user the servers run as; nothing to do unless we are root."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _stepping_down(executable: Path, folder: Path, setpriv: str) -> list[str]:
    user = pwd.getpwnam(UNPRIVILEGED)
    down = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    probe = [setpriv, *down, "sh", "-c", 'test -x "$1" && test -w "$2"', "sh", str(executable), str(folder)]
    if subprocess.run(probe, check=False, capture_output=True).returncode == 0:
        return down
    # The checkout lies in a folder nobody else may enter (/root, a home of mode 0700). Modes outside .local/ are not
    # ours to change, so the program keeps one right of root: to pass through folders. `no_setuid_fixup` lets access(2),
    # which PostgreSQL asks about its own executable, see that right too.
    bounds = int(Path("/proc/self/status").read_text().partition("CapBnd:")[2].split()[0], 16)
    for name, bit in CAPABILITIES.items():
        if bounds >> bit & 1:
            only = f"-all,+{name}"
            return [*down, f"--inh-caps={only}", f"--ambient-caps={only}", "--securebits=+no_setuid_fixup"]
    raise CannotRun(
        f"user {UNPRIVILEGED} cannot enter {folder} and this container keeps no capability to let it through: "
        "run as another user than root, or move the checkout to a folder everyone may enter"
    )
