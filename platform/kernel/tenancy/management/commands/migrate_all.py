"""Bring every schema of the database to the migrations in code."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from kernel.tenancy.schemas import migrate_everything, pool_fill


class Command(BaseCommand):
    help = "Migrate public, the template and every tenant's schema; renew grants; fill the stock of ready schemas."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ready", type=int, default=0, help="how many schemas to keep ready")

    def handle(self, *args: Any, ready: int, **options: Any) -> None:
        migrate_everything(self.stderr.write)
        made = pool_fill(ready)
        self.stderr.write(f"{made} schemas made, {ready} ready")
