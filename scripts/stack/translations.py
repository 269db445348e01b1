"""The words of pages: what the sources say in English, and the Hindi catalogue that stands beside them, compiled.

Taken out of templates, of calls of gettext, and of refusals, whose title and action people read as well.
"""

import ast
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.stack import sources
from scripts.stack.layout import ROOT

CATALOGUE = ROOT / "shared_apps/ui/locale/hi/LC_MESSAGES/django.po"
ROOMS = ("config", "platform", "shared_apps", "tenant_apps")
KEYWORDS: dict[str, Any] = dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"))
# Whose refusals reach a page; the API's own readers are programs and speak English.
REFUSALS = (
    *("platform/kernel/errors.py", "platform/kernel/http/errors.py", "platform/kernel/phone.py"),
    *("platform/kernel/tenancy/middleware.py", "platform/kernel/tenancy/states.py", "shared_apps/accounts/errors.py"),
    "shared_apps/tenants/errors.py",
    *("shared_apps/console/errors.py", "shared_apps/credits/errors.py", "platform/kernel/jobs/errors.py"),
    *("platform/kernel/inbox/errors.py", "shared_apps/plans/errors.py", "shared_apps/ledger/errors.py"),
    *("shared_apps/payments/errors.py", "tenant_apps/fees/errors.py"),
    *("tenant_apps/classes/errors.py", "tenant_apps/libraries/errors.py", "tenant_apps/bookings/errors.py"),
    "tenant_apps/people/errors.py",
    "platform/kernel/quotas/errors.py",
    "shared_apps/files/errors.py",
    "shared_apps/organisation/errors.py",
    "shared_apps/messaging/errors.py",
    "tenant_apps/campaigns/errors.py",
)
Words = str | tuple[str, ...]


def said() -> dict[Words, set[str]]:
    """Every text the sources say to people, with the files that say it."""
    found: dict[Words, set[str]] = {}
    for file in sources.tracked(".py", ".html"):
        if file.parts[0] in ROOMS:
            for words in _texts(file):
                found.setdefault(words, set()).add(file.as_posix())
    return found


def differences() -> list[str]:
    """What is said and not translated, translated and no longer said, or compiled otherwise than it stands."""
    from babel.messages.pofile import PoFileError, read_po

    compiled = CATALOGUE.with_suffix(".mo")
    try:
        with CATALOGUE.open("rb") as text:
            catalogue = read_po(text, abort_invalid=True)
    except PoFileError as error:
        return [f"{CATALOGUE.name}: {error}"]
    known = {message.id: message for message in catalogue if message.id}
    wanted = said()
    wrong = [f"not in the catalogue: {words!r} of {sorted(wanted[words])[0]}" for words in wanted.keys() - known.keys()]
    wrong += [f"no longer said: {words!r}" for words in known.keys() - wanted.keys()]
    wrong += [f"not translated: {words!r}" for words, message in known.items() if _is_blank(message.string)]
    if not compiled.exists() or compiled.read_bytes() != _compiled():
        wrong.append(f"{compiled.name} is not what {CATALOGUE.name} says")
    return sorted(wrong) + ["scripts/check --fix translations"] * bool(wrong)


def update() -> str:
    """Bring the catalogue up to what is said, keeping what is translated, and compile it. What is new stays blank."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    known = {}
    if CATALOGUE.exists():
        with CATALOGUE.open("rb") as text:
            known = {message.id: message.string for message in read_po(text) if message.id}
    made = Catalog("hi", project="Shala", version="1", creation_date=datetime(2026, 11, 20, tzinfo=UTC))
    made.revision_date = made.creation_date
    for words in sorted(said(), key=str):
        made.add(words, known.get(words))
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as text:
        write_po(text, made, no_location=True, width=120)
    CATALOGUE.with_suffix(".mo").write_bytes(_compiled())
    return ""


def _compiled() -> bytes:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    fresh = io.BytesIO()
    with CATALOGUE.open("rb") as text:
        write_mo(fresh, read_po(text))
    return fresh.getvalue()


def _is_blank(translation: Any) -> bool:
    return not all(translation) if isinstance(translation, tuple) else not translation


def _texts(file: Path) -> Iterator[Words]:
    from babel.messages.extract import extract_python
    from django.utils.translation.template import templatize

    source = (ROOT / file).read_text()
    if file.suffix == ".html":
        # Told apart from Python only by its indentation, which means nothing here.
        source = "\n".join(line.strip() for line in templatize(source).splitlines())
    elif "gettext" not in source:
        source = ""
    for _, keyword, words, _ in extract_python(io.BytesIO(source.encode()), KEYWORDS, [], {}):
        given: Any = words if isinstance(words, tuple | list) else (words,)
        if given and given[0]:  # what is given by name is looked up among the texts of others
            yield (given[0], given[1]) if keyword == "ngettext" else given[0]
    if file.as_posix() in REFUSALS:
        yield from _refusals((ROOT / file).read_text())


def _refusals(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            text = node.value.value
            if getattr(target, "id", "") in {"title", "action"} and isinstance(text, str) and text:
                yield text
