"""The sentinel of one stack: waits until its supervisor is gone, however it went, and leaves nothing of it running.

Started by the supervisor with the path of the stack's record, its token, and a pipe as standard input. Nobody writes
to the pipe; it ends when the supervisor ends, and no signal can prevent that.
"""

import signal
import sys
from pathlib import Path

from scripts.stack.processes import kill_all
from scripts.stack.record import Record

PATIENCE_SECONDS = 3.0


def main(path: Path, token: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    record = Record.read(path)
    if record is None or record.token != token:
        return
    # The kernel has told each direct child already (setpriv --pdeathsig); what is left is slow or a grandchild.
    kill_all(record.token, record.identities(), PATIENCE_SECONDS)
    record.clear()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
