"""The stylesheet that pages load, made of `shared_apps/ui/assets/` by Tailwind's own program: no Node, no network."""

import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.stack.layout import ROOT

SOURCE = "shared_apps/ui/assets/ui.css"
BUILT = "shared_apps/ui/static/ui/ui.css"


def build(target: Path = ROOT / BUILT) -> str:
    """Write the stylesheet to `target`; what went wrong, else nothing."""
    program = Path(sys.prefix) / "bin" / "tailwindcss"
    line = [str(program), "--input", SOURCE, "--output", str(target), "--minify"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def differences() -> list[str]:
    """Whether the committed stylesheet is what its sources say, and no other lies beside it."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "ui.css"
        if wrong := build(fresh):
            return [wrong]
        committed = ROOT / BUILT
        if not committed.exists() or committed.read_bytes() != fresh.read_bytes():
            return [f"{BUILT} is not what {SOURCE} and the templates say: scripts/check --fix css"]
    return []
