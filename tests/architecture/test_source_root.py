"""`platform/` is a source root whose name belongs to the standard library: these tests keep it from becoming a package."""

import platform
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "platform"


def test_platform_is_still_the_standard_library() -> None:
    assert Path(str(platform.__file__)).parent == Path(sysconfig.get_path("stdlib"))
    assert platform.system() != ""


def test_the_source_root_is_not_a_package() -> None:
    assert not (ROOT / "__init__.py").exists()


def test_only_the_named_packages_live_there() -> None:
    assert {p.name for p in ROOT.iterdir() if p.name != "__pycache__"} == {"kernel", "connectors"}


def test_no_package_takes_a_standard_library_name() -> None:
    taken = {p.stem for p in ROOT.iterdir()} & set(sys.stdlib_module_names)
    assert taken == set()
