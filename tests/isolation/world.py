"""The matrix's world: one business seeded through the services, every text of it bearing a canary, and its twin.

Ids are kept by name: rows of the matrix speak of `{student}` or `{booking_held}`. What a row uses up (deletes, ends,
cancels) has an object of its own, so rows do not depend on one another.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import override_settings

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import uuid7
from kernel.jobs import runner
from kernel.jobs.models import Job
from kernel.tenancy import Business, business_scope, platform_scope, tenant_scope
from kernel.tenancy.directory import forget
from shared_apps.accounts.models import User
from shared_apps.accounts.services import Device, sign_in_start
from tests.isolation.traces import listening
from tests.isolation.twins import Watch, twin_make
from tests.support.people import Client, anyone, signed_in, user_make
from tests.support.tenants import tenant_make

PASSWORD = "a canary sings at dawn"
# Units of SMS in the wallets: the only trace of whose wallet is shown.
UNITS = {"A": 7_771, "B": 5_553}


@dataclass
class World:
    """`ids` by name for paths and bodies; `clients` by name at home, `strangers` abroad."""

    home: Business
    away: Business
    sandbox: SandboxClient
    ids: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    strangers: dict[str, Client] = field(default_factory=dict)
    watch: Watch = field(init=False)
    limits: dict[str, int] = field(default_factory=dict)
    spoiled: bool = False
    began: UUID = field(default_factory=uuid7)

    def keep(self, **named: Any) -> None:
        """Remember ids by name; a model's instance stands for its id."""
        self.ids.update({name: str(getattr(value, "id", value)) for name, value in named.items()})

    def asked(self, who: str, path: str, body: Any) -> dict[str, Any]:
        """What a POST by one of home's clients gives; it must succeed."""
        answer: Any = self.clients[who].post(path, body, key=str(uuid7()))
        assert answer.status_code in {200, 201, 202}, answer.content
        given: dict[str, Any] = answer.json()
        return given

    def uuid(self, name: str) -> UUID:
        return UUID(self.ids[name])

    def filled(self, template: Any) -> Any:
        """The template with every `{name}` in its texts exchanged for the id of that name."""
        if template == "{limits}":
            return self.limits
        if isinstance(template, str):
            return template.format_map(self.ids)
        if isinstance(template, dict):
            return {name: self.filled(value) for name, value in template.items()}
        if isinstance(template, list):
            return [self.filled(value) for value in template]
        return template

    def client(self, name: str, role: str, **options: Any) -> Client:
        """Someone at home with this role, named after the canary."""
        user = user_make(self.home, role=role, name=f"canary-A {name}", email=f"canary-a-{name}@school.in", **options)
        self.clients[name] = signed_in(self.home, "staff", role, user=user)
        self.keep(**{f"{name}_user": user})
        return self.clients[name]


@contextmanager
def world_open(urls: dict[str, str]) -> Iterator[World]:
    """A world of its own, with our clients pointed at the stand-in's `urls` while it lasts. At its end all that was heard
    and kept is searched, unless it was spoiled on purpose."""
    from tests.isolation.search import searched

    sandbox = SandboxClient(urls["control"])
    for vendor in ("cashfree", "razorpay", "msg91"):
        sandbox.webhooks(vendor, "hold")
    sandbox.account("msg91", settings.MSG91_AUTHKEY, "-")
    bases = {f"{vendor.upper()}_BASE_URL": urls[vendor] for vendor in ("cashfree", "razorpay", "msg91")}
    with listening(), override_settings(REQUESTS_PER_MINUTE=1_000_000, GATEWAY_READ_SECONDS=5, **bases):
        world = world_make(sandbox)
        yield world
        if not world.spoiled:
            searched(world)
        world_forget(world)


def world_make(sandbox: SandboxClient) -> World:
    """Seed the home, copy it, and let strangers sign in abroad."""
    from tests.isolation import seeds, seeds_operator, seeds_payments

    world = World(home=_tenant("A", "professional"), away=_tenant("B", "starter"), sandbox=sandbox)
    purses_seed(world)
    with tenant_scope(world.home):
        seeds.limits_seed()
    for seed in seeds.SEEDS:
        seed(world)
    seeds_payments.dues_seed(world)
    seeds_payments.operator_payments_seed(world)
    seeds_operator.operator_seed(world)
    twin_make(world.home, world.away)
    twin_files(world)
    seeds_payments.accounts_reseal(world)
    strangers_sign_in(world)
    world.watch = Watch(world.away)
    return world


def world_forget(world: World) -> None:
    """Take back what the tests that follow would meet: work that still waits, and offers of the operator's."""
    from shared_apps.console.models import Offboarding
    from shared_apps.credits.models import Price, Vendor
    from shared_apps.plans.models import Plan

    with platform_scope():
        Job.objects.filter(state="queued", id__gt=world.began).delete()
        Offboarding.objects.filter(state="running", id__gt=world.began).delete()
        Plan.objects.filter(code__in=[world.ids["plan_new"], world.ids["plan_kept"]]).delete()
        Price.objects.filter(schema__in=[world.home.schema, world.away.schema]).delete()
        Vendor.objects.filter(code=world.ids["vendor_new"]).delete()


def _tenant(letter: str, plan: str) -> Business:
    from shared_apps.plans.services import plans_ensure, subscription_start
    from shared_apps.tenants.models import Tenant

    schema = tenant_make(plan=plan).schema
    with platform_scope():
        plans_ensure()
        subscription_start(schema=schema, plan=plan)
        Tenant.objects.filter(schema_name=schema).update(name=f"canary-{letter} Academy", kind="both")
        tenant = Tenant.objects.get(schema_name=schema)
    forget()
    return tenant.business()


def purses_seed(world: World) -> None:
    """What the operator's schema holds of both businesses."""
    from shared_apps.credits import services as credits

    with platform_scope():
        credits.defaults_ensure()
        credits.vendor_purchase(vendor="msg91", channel="sms", units=1_000_000, key=str(uuid7()))
        for letter, business in (("A", world.home), ("B", world.away)):
            credits.allocate(business=business, channel="sms", units=UNITS[letter], key=str(uuid7()))
            order = credits.order_place(business=business, channel="sms", units=UNITS[letter], key=str(uuid7()))
            world.keep(**{f"order_{letter}": order})
        credits.wallets_tell()  # what is to be told of any wallet, so that nothing is left to tell
    world.keep(home=world.home.id, away=world.away.id)


def twin_files(world: World) -> None:
    """The bytes of the twin's files, with its canary."""
    from shared_apps.files.models import File
    from shared_apps.files.services import storage

    keys = []
    for business in (world.home, world.away):
        with tenant_scope(business):
            keys.append(dict(File.objects.values_list("id", "key")))
    for file, key in keys[0].items():
        with storage().read(key) as pieces:
            body = b"".join(pieces).replace(b"canary-A", b"canary-B")
        storage().put(keys[1][file], io.BytesIO(body), content_type="text/csv")


def strangers_sign_in(world: World) -> None:
    """Abroad: its own owner (the twin of ours, with the same id) and someone without any role."""
    for name in ("owner", "teacher", "pupil"):
        user = world.clients[name].user
        assert user
        world.strangers[name] = twin_sign_in(world.away, user.id)
    world.strangers["roleless"] = signed_in(world.away, "student", user=user_make(world.away, name="Nobody"))
    world.strangers["none"] = anyone(world.away)


def twin_sign_in(business: Business, user_id: UUID) -> Client:
    with business_scope(business):
        user = User.objects.get(id=user_id)
        sign_in = user.sign_ins.order_by("created_at").first()
        student = sign_in.student if sign_in else None
        tokens = sign_in_start(user=user, student=student, device=Device(name="twin"))
    return Client(business, tokens=tokens, user=user)


def jobs_carry_out(business: Business, handler: str, *, only: UUID | None = None) -> None:
    """Carry out the business's waiting jobs of one kind, or one of them, and no others."""
    with platform_scope():
        waiting = Job.objects.filter(business=business.schema, handler=handler, state="queued")
        waiting = waiting.filter(id=only) if only else waiting
        ids = list(waiting.order_by("id").values_list("id", flat=True))
    for job in ids:
        assert runner.run_one(job) == "done", handler


def job_put(business: Business, handler: str, args: dict[str, Any]) -> UUID:
    with business_scope(business):
        return jobs.put(handler, **args)


__all__ = ["PASSWORD", "UNITS", "World", "job_put", "jobs_carry_out", "world_open"]
