"""Writes docs/roles.md: which role opens which route."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from shared_apps.accounts.routes import table


class Command(BaseCommand):
    help = "Write the table of roles and routes to docs/roles.md."

    def handle(self, *args: Any, **options: Any) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "roles.md"
        page.write_text(table())
        self.stdout.write(f"Wrote {page.name}.")
