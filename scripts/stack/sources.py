"""What the sources may not say: ports nobody chose, and times taken from another clock than the kernel's."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.stack.layout import ROOT

ROOMS = ("config", "platform", "shared_apps", "tenant_apps")
# Settings name the customary port of a server somebody else runs; that is a default, not a port we open.
PORT_FREE = ("platform", "shared_apps", "tenant_apps", "scripts", "tests")
FIXED_PORT = re.compile(
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])['\"]?[:,]\s*['\"]?\d{2,5}\b(?![.\d])|\bport\s*=\s*[1-9]\d+", re.I
)
SERVER_CLOCK = re.compile(
    r"\bnow\(\)|\b(?:clock|statement|transaction)_timestamp\(|\bcurrent_(?:date|time|timestamp)\b|\blocaltime(?:stamp)?\b",
    re.I,
)
# How long a transaction has taken so far is a span, no time of day: tests that move the clock do not mind it.
SPAN = "clock_timestamp() - transaction_timestamp()"
MACHINE_CLOCK = {
    ("timezone", "now"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("functions", "Now"),
}
CLOCK = Path("platform/kernel/clock.py")


def tracked(*suffixes: str) -> list[Path]:
    """Files of the checkout git knows or would take, relative to it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [Path(line) for line in listed if line.endswith(suffixes) and (ROOT / line).is_file()]


def fixed_ports() -> list[str]:
    """`file:line: text` for each address with a port written down."""
    found = []
    for file in tracked(".py", ".sh"):
        if file.parts[0] in PORT_FREE:
            lines = (ROOT / file).read_text().splitlines()
            found += [f"{file}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if FIXED_PORT.search(line)]
    return found


def server_clocks() -> list[str]:
    """`file:line: text` for each SQL or Python expression that asks a clock other than kernel.clock."""
    found = []
    for file in tracked(".py", ".sql"):
        if file.parts[0] not in ROOMS or file == CLOCK:
            continue
        text = (ROOT / file).read_text()
        if file.suffix == ".sql":
            lines = enumerate(text.splitlines(), 1)
            said = [(n, line.partition("--")[0]) for n, line in lines]
            found += [f"{file}:{n}: {line.strip()}" for n, line in said if SERVER_CLOCK.search(line)]
        else:
            found += [f"{file}:{n}: {what}" for n, what in clocks_in(text)]
    return found


def clocks_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each clock asked in Python source: in a string that is no docstring, or by a call."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            text = node.value.replace(SPAN, "")
            for match in SERVER_CLOCK.finditer(text):
                yield node.lineno + text.count("\n", 0, match.start()), match.group()
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in MACHINE_CLOCK:
                yield node.lineno, f"{node.value.id}.{node.attr}"
