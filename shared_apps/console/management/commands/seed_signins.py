"""`manage.py seed_signins`: one sign-in per role on a development stack, printed once; never in production.

In an academy and a library made for it, or `--at` businesses that stand.
"""

import os
import secrets
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel import jobs
from kernel.ids import public_id
from kernel.tenancy import Business, business_by_host, business_scope, platform_business, platform_scope
from kernel.tenancy.directory import forget
from shared_apps.accounts import roles
from shared_apps.accounts import services as accounts
from shared_apps.console import services
from shared_apps.tenants import selectors as tenants

PATIENCE_S = 60
KINDS = {"academy": "professional", "library": "starter"}


class Command(BaseCommand):
    help = "Make a sign-in per role of the platform, and per role of a business; print them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", nargs="+", metavar="SLUG", help="businesses that stand, instead of two new ones")

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("SHALA_ENV") != "development":
            raise CommandError("sign-ins are made up on development stacks only (SHALA_ENV=development)")
        run = public_id()[:4]
        self._people(platform_business(), settings.DOMAIN, roles.PLATFORM_ROLES, run)
        places = [self._standing(slug) for slug in options["at"] or ()]
        for business in places or (self._tenant(kind, plan, run) for kind, plan in KINDS.items()):
            self._people(business, f"{business.slug}.{settings.DOMAIN}", roles.TENANT_ROLES, run)

    @staticmethod
    def _standing(slug: str) -> Business:
        business = business_by_host(f"{slug}.{settings.BARE_DOMAIN}")
        if business is None:
            raise CommandError(f"no business is at {slug}.{settings.BARE_DOMAIN}")
        return business

    def _tenant(self, kind: str, plan: str, run: str) -> Business:
        slug = f"{kind}-{run}"
        with platform_scope():
            tenant = services.tenant_create(
                name=f"{kind.title()} {run}",
                slug=slug,
                kind=kind,
                plan=plan,
                owner_name="Asha Rao",
                owner_email=f"invited@{slug}.example",
                owner_phone="+919800000001",
            )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            jobs.drain()  # a worker of the stack may be at it already
            with platform_scope():
                business = tenants.tenant_get(tenant.id).business()
            if business.is_alive:
                forget()
                return business
            time.sleep(0.1)
        raise CommandError(f"{slug} was not provisioned within {PATIENCE_S} s; see the worker's log")

    def _people(self, business: Business, host: str, held: tuple[str, ...], run: str) -> None:
        self.stdout.write(f"\n{settings.SCHEME}://{host}")
        for role in held:
            email, password = f"{role}-{run}@shala.example", f"{secrets.token_urlsafe(9)}-Aa1"
            with business_scope(business):
                user = accounts.user_create(
                    name=role.replace("_", " ").title(), email=email, password=password, roles=[accounts.RoleHeld(role)]
                )
                secret = accounts.factor_seed(user=user.id) if accounts.factor_required() else ""
            self.stdout.write(f"  {role:<12} {email:<40} {password}" + (f"  authenticator: {secret}" if secret else ""))
