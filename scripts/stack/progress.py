"""Progress on standard error: what is being done, at once, and every five seconds that it is still being done."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

BEAT_SECONDS = 5.0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Announce `what`, repeat it every five seconds while the block runs, and close with the seconds it took."""
    begun = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            say(f"… {what}, {time.monotonic() - begun:.0f} s")

    say(f"· {what}")
    beating = threading.Thread(target=beat, daemon=True)
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join()
    say(f"✓ {what}, {time.monotonic() - begun:.1f} s")
