"""A vendor's callback is believed where its signature holds, works there alone, and is refused everywhere else."""

import json
from uuid import UUID

import pytest

from kernel.inbox import sources
from kernel.inbox.models import Inbox
from kernel.jobs import runner
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from tests.isolation.seeds_payments import signed_callback
from tests.isolation.twins import Watch
from tests.isolation.world import World
from tests.support.people import Client

GATEWAYS = ("cashfree", "razorpay")
REPORTS = "messages/webhook/msg91"
# What a callback that is not believed leaves behind where it was sent.
TRACE = {"public.inbox.business"}


def test_each_source_is_tried() -> None:
    known = {path for path, source in sources.sources().items() if not source.handler.startswith("tests.")}
    assert known == {REPORTS, *(f"payments/webhook/{gateway}" for gateway in GATEWAYS)}


def sent(business: Business, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, list[UUID]]:
    """Post a callback; the status answered, and the jobs it put for anyone."""
    with platform_scope():
        before = set(Job.objects.values_list("id", flat=True))
    answer = Client(business).post(f"/api/v1/{path}", body, headers={"Content-Type": "application/json", **headers})
    with platform_scope():
        return answer.status_code, sorted(Job.objects.exclude(id__in=before).values_list("id", flat=True))


def own_reference(world: World, gateway: str) -> str:
    """Home's name for an order that is open at the gateway."""
    from shared_apps.payments import selectors

    payment = {"cashfree": "payment_pending", "razorpay": "payment_small"}[gateway]
    with tenant_scope(world.home):
        (attempt,) = selectors.attempts_of(world.uuid(payment))
    assert attempt.gateway == gateway
    return str(attempt.client_ref)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateways_callback_works_at_home_alone(world: World, gateway: str) -> None:
    path = f"payments/webhook/{gateway}"
    reference = own_reference(world, gateway)
    body, headers = signed_callback(world.home, gateway, reference)
    # Abroad and at the operator's host: the very bytes, then signed by those there but about home's order.
    for business in (world.away, platform_business()):
        watch = Watch(business)
        assert sent(business, path, body, headers) == (401, [])
        assert watch.look() <= TRACE
        assert sent(business, path, *signed_callback(business, gateway, reference)) == (401, [])
        assert watch.look() <= TRACE
    world.watch.look()
    status, put = sent(world.home, path, body, headers)
    assert (status, len(put)) == (200, 1)
    assert runner.run_one(put[0]) == "done"
    with platform_scope():
        stored = Inbox.objects.get(id=put[0])
        assert (stored.business, stored.state) == (world.home.schema, "processed")
    assert world.watch.look() == set()


def test_the_operators_word_on_a_message_reaches_its_own_business(world: World) -> None:
    """Reports come to the operator's host alone and are led on by our own reference, which begins with the business."""
    from django.conf import settings

    reference = f"{world.home.public_id}.{world.uuid('message_sms').hex}"
    body = json.dumps(
        [{"crqid": reference, "CRQID": reference, "requestId": "r", "status": "delivered", "telNum": "91"}]
    )
    path = f"{REPORTS}?token={settings.MSG91_WEBHOOK_TOKEN}"
    for business in (world.home, world.away):
        watch = Watch(business)
        assert sent(business, path, body.encode(), {}) == (401, [])
        assert watch.look() <= TRACE
    world.watch.look()
    status, put = sent(platform_business(), path, body.encode(), {})
    assert (status, len(put)) == (200, 1)
    assert runner.run_one(put[0]) == "done"
    with platform_scope():
        applied = Job.objects.filter(handler="messaging.reports_apply", id__gt=put[0])
        assert [(job.business, job.state) for job in applied] == [(world.home.schema, "queued")]
        (job,) = applied.values_list("id", flat=True)
    assert runner.run_one(job) == "done"
    assert world.watch.look() == set()


def test_nobody_reads_or_finishes_anothers_callback(world: World) -> None:
    from kernel.inbox import finish, read
    from kernel.inbox.errors import CallbackUnknown

    watch = Watch(world.home)
    with tenant_scope(world.away):
        for act in (lambda: read(world.ids["callback_A"]), lambda: finish(world.ids["callback_A"], "ignored")):
            with pytest.raises(CallbackUnknown):
                act()
    assert watch.look() == set()
