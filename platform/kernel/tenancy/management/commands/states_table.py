"""Writes docs/states.md: what each door answers in each state of a tenant."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from kernel.tenancy import states


class Command(BaseCommand):
    help = "Write the table of states and doors to docs/states.md."

    def handle(self, *args: Any, **options: Any) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "states.md"
        page.write_text(states.page())
        self.stdout.write(f"Wrote {page.name}.")
