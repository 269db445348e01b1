"""Settings, URL maps and entry points: the only room that sees all the others."""

import sys
from pathlib import Path

# `platform/` is a source root, not a package: the standard library owns that name. Appended, never inserted, so that
# `import platform` stays the standard library's, and a bare checkout runs without being installed.
_SOURCE_ROOT = str(Path(__file__).resolve().parent.parent / "platform")
if _SOURCE_ROOT not in sys.path:
    sys.path.append(_SOURCE_ROOT)
