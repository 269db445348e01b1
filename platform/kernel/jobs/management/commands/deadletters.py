"""Look at the jobs that will not be tried again, and give some another chance."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from kernel.jobs import claims
from kernel.jobs.selectors import dead_letters
from kernel.tenancy import platform_scope

SHOWN = 200


class Command(BaseCommand):
    help = "List dead letters, newest first; --revive puts one back in the queue, --revive-all every one shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--handler", default="", help="only jobs of this handler")
        parser.add_argument("--revive", type=UUID, help="a job's id")
        parser.add_argument("--revive-all", action="store_true")

    def handle(self, *args: Any, handler: str, revive: UUID | None, revive_all: bool, **options: Any) -> None:
        if revive:
            self.stdout.write("revived" if claims.revive(revive) else "there is no dead letter with this id")
            return
        with platform_scope():
            found = dead_letters().filter(handler=handler) if handler else dead_letters()
            letters = list(found[:SHOWN])
        for job in letters:
            self.stdout.write(f"{job.finished_at:%Y-%m-%d %H:%M:%S} {job.id} {job.business} {job.handler}: {job.error}")
        if revive_all:
            self.stdout.write(f"{sum(claims.revive(job.id) for job in letters)} revived")
