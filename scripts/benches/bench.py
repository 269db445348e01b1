"""`scripts/bench`: measures one thing by its name and says whether that is what was promised."""

import argparse
import json
import os
import time
from collections.abc import Mapping
from typing import Any

from scripts.benches import isolation, tenancy
from scripts.benches.line import Line, machine, versions
from scripts.stack import command
from scripts.stack.progress import doing, say
from scripts.stack.report import show

NAMES = ("pages", "isolation", "tenancy")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--only", default="", help="pages whose line holds this word; lines of tenancy: T1,T2")
    options = command.options(parser, arguments, quick="one round, less of everything; says only what is wrong")
    begun = time.monotonic()
    if options.name == "isolation":
        told = isolation.measured(quick=options.quick)
    elif options.name == "tenancy":
        told = tenancy.measured(only=options.only, quick=options.quick)
    else:
        told = _pages(options)
    told |= {"seconds": round(time.monotonic() - begun, 1)}
    tables = {"isolation": isolation.table, "pages": table, "tenancy": tenancy.table}
    show(json.dumps(told, indent=2) if options.json else tables[options.name](told))
    return code(told)


def _pages(options: argparse.Namespace) -> dict[str, Any]:
    from scripts.benches.place import furnished

    with furnished() as (browser, viewers):
        from scripts.benches.pages import gathered, measured

        with doing("asking every page once"):
            seen = gathered(viewers)
        if options.only:
            seen.pages = [one for one in seen.pages if options.only in one[0].line]
        say(f"  {len(seen.pages)} pages, {len(seen.others)} other answers, {len(seen.wrong)} without an answer")
        for one in seen.wrong:
            say(f"  {one}")
        with doing(f"measuring {len(seen.pages)} pages"):
            lines = measured(browser, seen, quick=options.quick)
        chromium = browser.version
    return outcome("pages", lines, quick=options.quick, wrong=seen.wrong, others=seen.others, chromium=chromium)


def outcome(
    name: str, lines: list[Line], *, quick: bool, wrong: list[str], others: Mapping[str, str], chromium: str
) -> dict[str, Any]:
    """What `--json` prints: `wrong` are pages that could not be measured, `others` addresses that are no pages."""
    return {
        "bench": name,
        "quick": quick,
        "machine": machine(),
        "versions": {**versions("django", "playwright"), "chromium": chromium},
        "lines": [line.told() for line in lines],
        "wrong": wrong,
        "others": dict(others),
    }


def code(told: Mapping[str, Any]) -> int:
    """1 when something is over or wrong, 2 when the machine was too noisy to say, 0 otherwise."""
    met = [line["met"] for line in told["lines"]]
    if told["wrong"] or not met or False in met:
        return command.NOT_HELD
    return command.CANNOT_RUN if None in met and not told["quick"] else command.HELD


def table(told: Mapping[str, Any]) -> str:
    """For a terminal."""
    wide = max((len(line["line"]) for line in told["lines"]), default=0)
    said = {True: "met", False: "NOT met", None: "-"}
    lines = [f"{'':<{wide}}  LCP ms  TBT ms     CLS     JS    CSS   HTML KB"]
    for line in told["lines"]:
        v = {name: line["values"].get(name, 0) for name in line["want"]}
        lines.append(
            f"{line['line']:<{wide}}  {v['lcp_ms']:>6.0f}  {v['tbt_ms']:>6.0f}  {v['cls']:>6.3f}  {v['js_kb']:>5.1f}"
            f"  {v['css_kb']:>5.1f}  {v['html_kb']:>7.1f}  {said[line['met']]}  {line['gap']}".rstrip()
        )
    lines += [f"  {one}" for one in told["wrong"]]
    cores, model = told["machine"]["cpus"], told["machine"]["model"]
    return "\n".join([*lines, f"{cores} × {model}, Chromium {told['versions']['chromium']}, {told['seconds']} s"])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    command.run(main)
