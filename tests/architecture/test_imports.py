"""The import contracts hold, and each is shown to bite by a violation planted in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# One planted line for each contract: where it goes, and what it says.
PLANTED = {
    "Rooms are imported one way": ("platform/kernel/planted_rooms.py", "import connectors"),
    "Apps of every schema stand on one another in one order": (
        "shared_apps/tenants/planted_shared.py",
        "import shared_apps.ledger.services",
    ),
    "A tenant's apps stand on one another in one order": (
        "tenant_apps/people/planted_tenant.py",
        "import tenant_apps.libraries.services",
    ),
    "Pure modules know no framework": ("platform/kernel/money.py", "import django"),
    "Connectors are stateless translators without a framework or a database": (
        "platform/connectors/planted_connectors.py",
        "import django",
    ),
    "Only the kernel's tenancy speaks to the database driver": (
        "shared_apps/accounts/planted_drivers.py",
        "import psycopg",
    ),
    "An app is met at its doors": ("shared_apps/credits/planted_doors.py", "import shared_apps.ledger.models"),
}
_RESULT = re.compile(r"^(.+?) (KEPT|BROKEN)", re.MULTILINE)


def lint(tree: Path) -> dict[str, str]:
    """Each contract's name with KEPT or BROKEN."""
    path = os.pathsep.join([str(tree), str(tree / "platform")])
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    results = dict(_RESULT.findall(done.stdout))
    assert results, done.stdout + done.stderr
    return results


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ("platform", "shared_apps", "tenant_apps", "config", "tests/architecture"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests/__init__.py", tmp_path / "tests/__init__.py")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def test_every_contract_is_kept_and_each_bites(copy: Path) -> None:
    assert lint(copy) == dict.fromkeys(PLANTED, "KEPT")
    for file, line in PLANTED.values():
        with (copy / file).open("a") as planted:
            planted.write(f"\n{line}\n")
    assert lint(copy) == dict.fromkeys(PLANTED, "BROKEN")
