"""What a killed supervisor leaves: nothing. What a living one keeps apart: everything."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scripts.stack.layout import LOCAL, ROOT
from scripts.stack.processes import is_alive, members, started, wait_until
from scripts.stack.record import Record, boot_id
from scripts.stack.servers import http_status
from scripts.stack.supervisor import Service, ServiceFailed, StackInUse, Supervisor, remove
from tests.scripts.checkouts import SERVERS_ONLY, Holder, checkout

WITHIN_SECONDS = 8.0

# Grandchildren of the kinds that stay behind: one ignores every polite signal, one leaves the session and the group.
STUBBORN = """
import os, signal, subprocess, sys
if len(sys.argv) > 1:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pause()
subprocess.Popen([sys.executable, "-c", os.environ["STUBBORN"], "ignores"])
subprocess.Popen([sys.executable, "-c", os.environ["STUBBORN"], "leaves"], start_new_session=True)
signal.pause()
"""
WITH_GRANDCHILDREN = SERVERS_ONLY.replace(
    "print(",
    f"""from scripts.stack.processes import members
from scripts.stack.supervisor import Service
stubborn = {STUBBORN!r}
supervisor = servers.supervisor
token = supervisor.record.token
before = len(members(token))
supervisor.start(Service(name="stubborn", command=[sys.executable, "-c", stubborn], env={{"STUBBORN": stubborn}},
                         ready=lambda: len(members(token)) == before + 3))
print(""",
    1,
)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(f"try-{os.getpid()}")
    yield made
    made.stop()
    remove(made.folder)


def sleeper(name: str = "sleeper") -> Service:
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    return Service(name=name, command=command, ready=lambda: True)


def test_killed_supervisor_leaves_no_process_and_no_zombie() -> None:
    with Holder.start(ROOT, WITH_GRANDCHILDREN) as holder:
        left = holder.alive()
        assert len(left) >= 7  # four servers, the stubborn one and its two children
        beginnings = {pid: started(pid) for pid in left}
        holder.kill()
        assert wait_until(lambda: not holder.alive(), WITHIN_SECONDS), holder.alive()
        assert not [pid for pid, since in beginnings.items() if since is not None and is_alive(pid, since)]
        # The sentinel is the last to go, and takes the record with it.
        assert wait_until(lambda: not holder.record.path.exists(), WITHIN_SECONDS)
    remove(Path(holder.told["folder"]))


def test_killed_together_with_its_sentinel_the_kernel_still_tells_the_servers() -> None:
    with Holder.start(ROOT) as holder:
        for folder in Path("/proc").iterdir():
            line = folder / "cmdline"
            if folder.name.isdigit() and line.exists() and holder.record.token.encode() in line.read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)
        holder.kill()
        assert wait_until(lambda: not holder.alive(), WITHIN_SECONDS), holder.alive()
    remove(Path(holder.told["folder"]))


def test_a_later_run_ends_what_an_earlier_one_left(supervisor: Supervisor) -> None:
    supervisor.start(sleeper())
    abandoned = supervisor.running["sleeper"]
    # As after SIGKILL of supervisor and sentinel on a kernel that told nobody: the record stays, the lock is free.
    assert supervisor._lock is not None
    supervisor._sentinel.kill()
    supervisor._sentinel.wait()
    supervisor._lock.close()

    later = Supervisor(supervisor.name)
    assert abandoned.wait(WITHIN_SECONDS) == -signal.SIGKILL
    later.stop()
    supervisor._lock = None


def test_a_recorded_id_given_to_another_process_is_left_alone(supervisor: Supervisor) -> None:
    supervisor.stop()
    bystander = os.getpid()
    since = started(bystander)
    assert since is not None
    stale = Record(
        path=supervisor.folder / "stack.json",
        token="0" * 32,
        boot=boot_id(),
        supervisor=(1, 0),
        processes={"postgres": (os.getppid(), 1), "web": (bystander, since - 1)},
    )
    stale.write()
    Supervisor(supervisor.name).stop()
    assert is_alive(bystander, since)
    assert started(os.getppid()) is not None


def test_a_record_from_before_the_last_boot_is_no_record(tmp_path: Path) -> None:
    Record(path=tmp_path / "stack.json", token="0", boot="another boot", supervisor=(1, 0)).write()
    assert Record.read(tmp_path / "stack.json") is None


def test_one_folder_has_one_supervisor(supervisor: Supervisor) -> None:
    with pytest.raises(StackInUse):
        Supervisor(supervisor.name)
    with pytest.raises(StackInUse):
        remove(supervisor.folder)
    assert supervisor.record.path.exists()


def test_a_service_that_dies_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start(sleeper())
    supervisor.watch()
    first = supervisor.running["sleeper"]
    supervisor.kill("sleeper")
    assert wait_until(lambda: supervisor.running["sleeper"] is not first, WITHIN_SECONDS)
    assert first.returncode == -signal.SIGKILL
    again = supervisor.running["sleeper"].pid
    assert wait_until(lambda: supervisor.record.processes["sleeper"][0] == again, WITHIN_SECONDS)


def test_a_service_that_does_not_come_up_is_named_with_its_last_words(supervisor: Supervisor) -> None:
    failing = Service(
        name="failing", command=[sys.executable, "-c", "raise SystemExit('no room')"], ready=lambda: False
    )
    with pytest.raises(ServiceFailed, match=r"(?s)failing ended with 1.*no room"):
        supervisor.start(failing)


def test_stop_leaves_nothing_of_the_stack(supervisor: Supervisor) -> None:
    supervisor.start(sleeper("one"), sleeper("two"))
    supervisor.stop()
    assert members(supervisor.record.token, supervisor.record.identities()) == set()
    assert not supervisor.record.path.exists()
    assert supervisor._sentinel.returncode == 0


def test_modes_outside_local_stay_and_a_private_checkout_works(tmp_path: Path) -> None:
    # A path as long as people have them, in a folder only its owner may enter.
    place = checkout(tmp_path / "private" / ("long-" * 14) / "checkout")
    (tmp_path / "private").chmod(0o700)

    def modes() -> dict[str, tuple[int, int, int]]:
        paths = [*place.parents, place, *place.rglob("*")]
        ours = [path for path in paths if ".local" not in path.parts and "__pycache__" not in path.parts]
        found = {str(path): path.lstat() for path in ours}
        return {path: (info.st_mode, info.st_uid, info.st_gid) for path, info in found.items()}

    before = modes()
    with Holder.start(place) as holder:
        with psycopg.connect(holder.servers["postgres"]) as database:
            assert database.execute("SELECT 6 * 7").fetchone() == (42,)
        assert holder.record.sockets is not None
        assert re.fullmatch(r"host=(\S+)", holder.servers["postgres"].partition("?")[2]) is not None
        assert all(len(bytes(path)) < 108 for path in Path(holder.record.sockets).rglob("*"))
    assert modes() == before
    assert not Path(holder.record.sockets).exists()
    assert list((place / ".local").iterdir()) == []


def test_two_checkouts_run_side_by_side(tmp_path: Path) -> None:
    places = [checkout(tmp_path / name) for name in ("one", "two")]
    with Holder.start(places[0]) as one, Holder.start(places[1]) as two:
        for part in ("postgres", "redis"):
            assert one.servers[part] != two.servers[part]
        assert set(one.servers["sandbox"].values()).isdisjoint(two.servers["sandbox"].values())
        one.end()
        assert http_status(f"{two.servers['s3']['endpoint_url']}/healthz") == 200
        with psycopg.connect(two.servers["postgres"]) as database:
            assert database.execute("SELECT 1").fetchone() == (1,)


def test_ports_are_remembered_and_not_given_twice(supervisor: Supervisor) -> None:
    ports = supervisor.ports
    first = {name: ports.take(name) for name in ("origin", "web", "live")}
    assert len(set(first.values())) == 3
    again = type(ports)(ports.memory)
    assert {name: again.take(name) for name in first} == first
    assert LOCAL in ports.memory.parents


def test_a_server_that_hangs_at_its_start_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    mark = tmp_path / "second"
    script = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    lives: set[int] = set()

    def ready() -> bool:
        """In its second life only: the first never is."""
        lives.add(supervisor.running["slow"].pid)
        return mark.exists() and len(lives) > 1

    supervisor.start(
        Service(name="slow", command=[sys.executable, "-c", script], ready=ready, ready_seconds=2.0, tries=2)
    )
    assert supervisor.running["slow"].poll() is None
    with pytest.raises(ServiceFailed, match="never was not ready in 1 s"):
        supervisor.start(
            Service(
                name="never", command=[sys.executable, "-c", script], ready=lambda: False, ready_seconds=1.0, tries=2
            )
        )
