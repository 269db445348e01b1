"""`.env.example` explains every variable the settings read, and names none that nothing reads."""

import re

from scripts.stack.layout import ROOT
from scripts.stack.sources import tracked

READ = re.compile(
    r"(?:text|number|sealing_keys|environ\.get)\(\s*\"([A-Z][A-Z0-9_]+)\"|environ\[\"([A-Z][A-Z0-9_]+)\"\]"
)
# Read by name through a constant, or by the frameworks.
ELSEWHERE = {
    "SHALA_CLOCK_FILE",
    "SHALA_CRASH_AT",
    "SHALA_BREAK_FILE",
    "DJANGO_SETTINGS_MODULE",
    "PROMETHEUS_MULTIPROC_DIR",
    "SANDBOX_CONTROL_URL",
}


def explained() -> set[str]:
    """Names in the example that a comment stands over, directly or as one of a run."""
    found, commented = set(), False
    for line in (ROOT / ".env.example").read_text().splitlines():
        name = re.match(r"#? ?([A-Z][A-Z0-9_]+)=", line)
        if name and commented:
            found.add(name[1])
        elif not name:
            # A heading explains nothing.
            commented = line.startswith("#") and not line.startswith("# --")
    return found


def read_by_settings() -> set[str]:
    files = [file for file in tracked(".py") if file.parts[:2] == ("config", "settings")]
    found = [match for file in files for match in READ.findall((ROOT / file).read_text())]
    return {one or other for one, other in found}


def test_every_variable_is_explained() -> None:
    assert read_by_settings() - explained() - {"DEBUG"} == set()


def test_nothing_is_explained_that_nothing_reads() -> None:
    assert explained() - read_by_settings() - ELSEWHERE == set()
