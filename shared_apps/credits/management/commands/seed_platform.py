"""`manage.py seed_platform`: the plans, the vendor and the price an installation starts with; safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand

from kernel.tenancy import platform_scope
from shared_apps.credits import services as credits
from shared_apps.plans import services as plans


class Command(BaseCommand):
    help = "Make the plans, the vendor and the price an installation starts with, where they are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_scope():
            made = plans.plans_ensure()
            credits.defaults_ensure()
        self.stdout.write(f"{made} plans made")
