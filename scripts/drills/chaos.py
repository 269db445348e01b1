"""`scripts/chaos`: drives a stack of its own while processes die and vendors misbehave, then counts what it kept."""

import argparse
import itertools
import json
import time
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import psycopg

from scripts.drills import failover, races
from scripts.drills.check import Checker, Findings
from scripts.drills.stage import Stage, diary_of, opened, payers_in
from scripts.drills.trouble import KILLED, Killer, Weather
from scripts.drills.work import Work
from scripts.stack import command
from scripts.stack.progress import doing, say
from scripts.stack.report import show
from scripts.story.cast import Play

GUARDS = ("idempotency", "reducer", "hold", failover.WITHOUT)
DRILLS = {"races": races.played, "failover": failover.played}
QUICK_S, FULL_S = 60.0, 900.0


@dataclass
class Size:
    """How much is asked for: calls (or rounds) and kills; seconds of it all, and at most of the end where it settles."""

    operations: int
    kills: int
    seconds: float
    settle_s: float
    least_s: float = 30  # a slow machine spends a quick minute on starting alone: the work may always take this long


SIZES = {
    # name: (full, quick)
    "payments": (Size(5_000, 20, FULL_S, 120), Size(150, 5, QUICK_S, 60)),
    "storm": (Size(5_000, 20, FULL_S, 120), Size(150, 5, QUICK_S, 60)),
    "races": (Size(1_000, 0, FULL_S, 60), Size(20, 0, QUICK_S, 20)),
    "failover": (Size(5_000, 8, FULL_S, 60), Size(120, 1, QUICK_S, 10)),
}


@dataclass
class Result:
    """What `--json` prints."""

    name: str
    seed: int
    quick: bool
    broken: str
    operations: dict[str, int]
    acknowledged: int
    refused: dict[str, int]
    unanswered: dict[str, int]
    kills: dict[str, int]
    lost: int
    doubled: int
    imbalance: dict[str, int]
    held: bool
    seconds: dict[str, float]
    counted: dict[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    races: dict[str, dict[str, int]] = field(default_factory=dict)

    def table(self) -> str:
        """For a terminal."""
        kills = "  ".join(f"{name} {times}" for name, times in self.kills.items())
        lines = [
            f"{self.name}, seed {self.seed}" + (f", without the guard {self.broken}" if self.broken else ""),
            f"operations    {self.operations['done']} of {self.operations['wanted']}",
            f"acknowledged  {self.acknowledged}   refused {sum(self.refused.values())}"
            f"   unanswered {sum(self.unanswered.values())}",
            f"kills         {kills}",
            "counted       " + "  ".join(f"{name} {number}" for name, number in self.counted.items()),
            f"lost {self.lost}   doubled {self.doubled}   imbalance {self.imbalance['paise']} paise,"
            f" {self.imbalance['credits']} credits",
            *(
                f"  {race:<16}" + "  ".join(f"{outcome} {times}" for outcome, times in outcomes.items())
                for race, outcomes in self.races.items()
            ),
            *(f"  {one}" for one in self.found),
            "held" if self.held else "NOT held",
        ]
        return "\n".join(lines)


def main(arguments: list[str], play: Play | None = None) -> int:
    """One drill; the exit code. `play`: on a stack that serves already and stays; else one is started and ended."""
    options = _options(arguments)
    begun = time.monotonic()
    full, quick = SIZES[options.name]
    size = quick if options.quick else full
    size = Size(options.operations or size.operations, _kills(options, size), size.seconds, size.settle_s, size.least_s)
    diary = diary_of(options.name)
    stage = opened(diary, broken=options.broken, deadline=begun + size.seconds, play=play)
    try:
        ready = time.monotonic()
        stage.deadline = max(begun + size.seconds, ready + size.least_s + size.settle_s)
        drill = DRILLS.get(options.name, _storm)
        findings, figures = drill(stage, options, size)
    finally:
        stage.mend()
        if play is None:
            stage.stack.stop()
        diary.close()
    seconds = {"ready": round(ready - begun, 1), "whole": round(time.monotonic() - begun, 1)}
    result = _result(options, stage, findings, figures, seconds)
    show(json.dumps(asdict(result), indent=2) if options.json else result.table())
    return command.HELD if result.held else command.NOT_HELD


def _storm(stage: Stage, options: argparse.Namespace, size: Size) -> tuple[Findings, dict[str, Any]]:
    messages = options.name == "storm"
    with doing("the calm before"):
        give = {"tenant": stage.tenant.id, "channel": "sms", "units": 2_000}
        stage.play.admin.post("admin/credits/allocate", give, key=f"before-{stage.tenant.slug}")
        stage.diary.acknowledged("credits", units=2_000)
    payers_in(stage, 3 if options.quick else 6)
    until = stage.deadline - size.settle_s
    work = Work(stage, seed=options.seed, operations=size.operations, until=until, messages=messages)
    assert stage.stack.supervisor is not None
    killer = Killer(stage.stack.supervisor, seed=options.seed, kills=size.kills, done=work.progress)
    weather = Weather(stage.play.sandbox, seed=options.seed, every_s=1.0 if options.quick else 3.0, messages=messages)
    with doing(f"{size.operations} calls, {size.kills} kills"):
        weather.start()
        killer.start()
        work.run()
        killer.join(max(1.0, until - time.monotonic()))
        killer.ended.set()
        killer.join()
        weather.clear()
    stage.deadline = max(stage.deadline, time.monotonic() + size.settle_s)
    checker = Checker(stage.database, stage.schema, stage.tenant.public_id, stage.keys)
    with doing("waiting until nothing is under way"):
        left = settle(stage, checker)
    with doing("comparing the diary, the database and the stand-ins' book"):
        findings = checker.check(stage.diary, stage.play.sandbox.book())
    findings.lost += [f"{number} {kind} still under way at the end" for kind, number in left.items() if number]
    findings.lost += [f"a caller stumbled: {one}" for one in work.failed]
    figures = {
        "kills": killer.kills,
        "done": work.done,
        "wanted": size.operations,
        "counted": {"weather": weather.changes, "slowest_return_s": round(killer.slowest_s, 1)},
    }
    return findings, figures


def settle(stage: Stage, checker: Checker) -> dict[str, int]:
    """Let jobs, pollers and reports finish, the clock brought forward again and again; what is left when time is up."""
    for looked in itertools.count():
        left = _looked(stage, checker)
        if not any(left.values()) or stage.time_left <= 0:
            return left
        if looked % 4 == 0:
            # Past the first look of the poller and past every back-off; then past the time a dead sender is waited for.
            stage.stack.clock_move(timedelta(minutes=11 if looked else 3))
        if looked == 24:
            stage.play.sandbox.webhooks_resend()
        if looked % 5 == 4:
            say("  under way: " + ", ".join(f"{number} {kind}" for kind, number in left.items() if number))
        time.sleep(1)
    raise AssertionError("unreachable")


def _looked(stage: Stage, checker: Checker) -> dict[str, int]:
    try:
        return checker.unfinished(stage.play.sandbox.book())
    except psycopg.OperationalError:
        return {"database": 1}
    except httpx.HTTPError:
        return {"stand-ins": 1}


def _result(
    options: argparse.Namespace, stage: Stage, findings: Findings, figures: dict[str, Any], seconds: dict[str, float]
) -> Result:
    return Result(
        name=options.name,
        seed=options.seed,
        quick=options.quick,
        broken=options.broken,
        operations={"wanted": figures["wanted"], "done": figures["done"]},
        acknowledged=stage.diary.count,
        refused=dict(stage.diary.refused),
        unanswered=dict(stage.diary.unanswered),
        kills=figures.get("kills", dict.fromkeys(KILLED, 0)),
        lost=len(findings.lost),
        doubled=len(findings.doubled),
        imbalance={"paise": findings.paise, "credits": findings.credits},
        held=findings.held,
        seconds=seconds,
        counted={**findings.counted, **figures["counted"]},
        found=findings.examples(),
        races=figures.get("races", {}),
    )


def _kills(options: argparse.Namespace, size: Size) -> int:
    return int(size.kills if options.kills is None else options.kills)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("name", choices=SIZES)
    parser.add_argument("--operations", type=int, default=None, help="calls to be acknowledged; races: rounds")
    parser.add_argument("--kills", type=int, default=None)
    parser.add_argument("--break", dest="broken", choices=GUARDS, default="", help="do without a guard: must not hold")
    options = command.options(parser, arguments, quick="a minute", seed="repeats the same work, kills and faults")
    if (options.broken == failover.WITHOUT) > (options.name == "failover"):
        parser.error(f"--break {failover.WITHOUT} belongs to failover")
    return options


if __name__ == "__main__":
    command.run(main)
