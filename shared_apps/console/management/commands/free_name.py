"""For a name that somebody else needs before the year is over for which it is kept closed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.errors import DomainError
from kernel.http.actor import Actor
from kernel.observe import context
from kernel.tenancy import platform_scope
from shared_apps.accounts import selectors as accounts
from shared_apps.accounts.roles import SUPER_ADMIN
from shared_apps.tenants import services as tenants


class Command(BaseCommand):
    help = "Let anybody take a slug or a domain that a tenant gave up less than a year ago. See who owns it now first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="slug or domain")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="the super admin who decides it")
        parser.add_argument("--reason", required=True, help="kept in the audit")

    def handle(self, *args: Any, name: str, by: str, reason: str, **options: Any) -> None:
        if not reason.strip():
            raise CommandError("a reason is wanted; nothing was freed")
        with platform_scope():
            admin = accounts.users_with_role(SUPER_ADMIN).filter(email=by.strip().lower()).first()
            if admin is None:
                raise CommandError("no super admin has that e-mail address; nothing was freed")
            with context.work(by=Actor(kind="admin", user_id=admin.id)):
                try:
                    freed = tenants.name_free(name=name, reason=reason.strip())
                except DomainError as refused:
                    raise CommandError(f"{refused.code}: {refused.title}. {refused.action}") from refused
        self.stdout.write(f"{freed} is anybody's.")
