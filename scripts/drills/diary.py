"""The diary: every acknowledged call, written down outside the system before anything else is done with it."""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any


class Diary:
    """A file of one JSON object a line, and the same in memory. Safe to write from many threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self.path = path
        self.entries: list[dict[str, Any]] = []
        self.refused: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()
        self.unsure_units = 0  # asked for without ever being answered
        self._file = path.open("w", buffering=1)
        self._guard = threading.Lock()

    def acknowledged(self, what: str, **facts: Any) -> None:
        """Note that the system has said yes: from here on it must be there, once."""
        with self._guard:
            entry = {"n": len(self.entries) + 1, "what": what, **facts}
            self._file.write(json.dumps(entry) + "\n")
            self.entries.append(entry)

    def said_no(self, why: str) -> None:
        """Count a refusal by its code: nothing may have come of it."""
        with self._guard:
            self.refused[why] += 1

    def no_answer(self, why: str) -> None:
        """Count a call that got none, or one that says nothing (5xx): it is asked again."""
        with self._guard:
            self.unanswered[why] += 1

    def unsure(self, units: int) -> None:
        """Units were asked for and nobody ever answered."""
        with self._guard:
            self.unsure_units += units

    def of(self, what: str) -> list[dict[str, Any]]:
        with self._guard:
            return [entry for entry in self.entries if entry["what"] == what]

    @property
    def count(self) -> int:
        return len(self.entries)

    def close(self) -> None:
        self._file.close()
