"""Everything that happens by the clock. Each line puts one job per slot: for every tenant whose state lets it run, or for
the operator."""

from datetime import time, timedelta

from kernel.jobs import Cadence

SCHEDULE = (
    Cadence(name="jobs.trim", scope="platform", daily=time(3, 30)),
    Cadence(name="inbox.trim", scope="platform", daily=time(3, 40)),
    Cadence(name="idempotency.purge", scope="tenants", every=timedelta(hours=1)),
    Cadence(name="idempotency.purge_platform", scope="platform", every=timedelta(hours=1), handler="idempotency.purge"),
    Cadence(name="accounts.forget", scope="tenants", every=timedelta(minutes=10)),
    Cadence(name="accounts.forget_platform", scope="platform", every=timedelta(minutes=10), handler="accounts.forget"),
    Cadence(name="messaging.sweep", scope="tenants", every=timedelta(minutes=1)),
    Cadence(name="messaging.sweep_platform", scope="platform", every=timedelta(minutes=1), handler="messaging.sweep"),
    Cadence(name="payments.poll", scope="tenants", every=timedelta(minutes=1)),
    Cadence(name="payments.poll_platform", scope="platform", every=timedelta(minutes=1), handler="payments.poll"),
    Cadence(name="console.pool_fill", scope="platform", every=timedelta(minutes=5)),
    Cadence(name="console.offboardings", scope="platform", every=timedelta(minutes=1)),
    Cadence(name="credits.low_sweep", scope="platform", every=timedelta(minutes=5)),
    Cadence(name="classes.expire", scope="tenants", every=timedelta(minutes=5)),
    Cadence(name="console.usage", scope="platform", every=timedelta(minutes=15)),
    Cadence(name="tenants.domains_look", scope="platform", every=timedelta(minutes=5)),
    Cadence(name="tenants.registry_look", scope="platform", every=timedelta(minutes=5)),
    Cadence(name="bookings.expire", scope="tenants", every=timedelta(minutes=1)),
)
