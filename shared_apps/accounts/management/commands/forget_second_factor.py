"""For an admin who has lost phone and recovery codes: the next sign-in begins with setting up a new factor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.tenancy import platform_scope
from shared_apps.accounts.models import User
from shared_apps.accounts.services import factor_forget


class Command(BaseCommand):
    help = "Take the second factor from a platform admin and sign them out everywhere. Make sure first who is asking."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_scope():
            user = User.objects.filter(email=options["email"].strip().lower()).first()
            if user is None:
                raise CommandError("No platform admin has that e-mail address.")
            if not factor_forget(user=user.id):
                raise CommandError("They have no second factor.")
        self.stdout.write(f"{user.email} sets up a new second factor at the next sign-in.")
