"""Makes the first super_admin. There is no built-in password; this command refuses a weak one."""

import os
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.errors import DomainError
from kernel.tenancy import platform_scope
from shared_apps.accounts.roles import SUPER_ADMIN
from shared_apps.accounts.services import RoleHeld, user_create

PASSWORD_VARIABLE = "ADMIN_PASSWORD"  # noqa: S105


class Command(BaseCommand):
    help = f"Make a super_admin of the platform. The password is asked for, or read from {PASSWORD_VARIABLE}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="asked for when missing")
        parser.add_argument("--name", help="asked for when missing")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"] or input("E-mail: ")
        name = options["name"] or input("Name: ")
        password = os.environ.get(PASSWORD_VARIABLE) or self._asked()
        if "@" not in email:
            raise CommandError("That is not an e-mail address.")
        try:
            with platform_scope():
                user = user_create(name=name, email=email, password=password, roles=[RoleHeld(SUPER_ADMIN)])
        except DomainError as error:
            raise CommandError(f"{error.title}: {error.detail} {error.action}") from error
        self.stdout.write(f"Made {SUPER_ADMIN} {user.email}.")

    def _asked(self) -> str:
        password = getpass("Password: ")
        if password != getpass("Again: "):
            raise CommandError("The two passwords differ.")
        return password
