"""Secrets of one stack, made once and kept: its database outlives a run, and so must the keys it was sealed with."""

import base64
import json
import os
import secrets
from pathlib import Path

# 32 random bytes under the key id `k1`, as the application's sealing reads them.
SHAPES = {"SEALING_KEYS": lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()}


class Keys:
    """`get(name)` answers the same secret in every run of the stack. The file is readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "keys.json"
        self.known: dict[str, str] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def get(self, name: str) -> str:
        if name not in self.known:
            self.known[name] = SHAPES.get(name, lambda: secrets.token_hex(32))()
            fresh = self.path.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(self.known, file)
            fresh.replace(self.path)
        return self.known[name]
