"""Celery: the bell of `kernel.jobs`. Nothing it holds matters, so it forgets freely: no results, no late acknowledgement.

Threads, not processes: jobs wait for databases and other people's servers, and one process can keep a slot for what is
urgent. `celery -A config.celery worker` and `celery -A config.celery beat`.
"""

import os
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import config  # noqa: F401  (puts the source root on the path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from celery import Celery
from celery.schedules import schedstate, schedule
from celery.signals import worker_init
from django.conf import settings
from redis.retry import Retry

from kernel.valkey import SCHEME as SENTINEL
from kernel.valkey import Sentinels

TICK = timedelta(seconds=settings.JOBS_TICK_SECONDS)


class Steady(schedule):
    """Every so often, by a clock that may be set back: Celery's own would wait until the last run's hour comes again."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        if self.maybe_make_aware(last_run_at) > self.now():
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


def broker(url: str) -> dict[str, Any]:
    """Celery's settings for a broker: one Redis, Redis behind sentinels (`kernel.valkey`), or RabbitMQ (`amqp://`).

    RabbitMQ's nodes are separated by `;`. Its queue is a quorum queue: each message is on most nodes before the sender
    is told that it is there. Its name carries the installation's prefix, as all keys in Redis do.
    """
    scheme = url.partition(":")[0]
    if scheme in {"amqp", "amqps", "pyamqp"}:
        name = f"{settings.REDIS_PREFIX}work"
        return {
            "broker_url": url,
            # Each node is tried once, at once.
            "broker_transport_options": {
                "confirm_publish": True,
                "max_retries": url.count(";"),
                **dict.fromkeys(("interval_start", "interval_step", "interval_max"), 0),
            },
            "task_default_queue": name,
            "task_default_exchange": name,
            "task_default_routing_key": name,
            "task_default_queue_type": "quorum",
        }
    options: dict[str, Any] = {
        "global_keyprefix": settings.REDIS_PREFIX,
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
        "socket_keepalive": True,
        "max_retries": 0,
    }
    if scheme == SENTINEL:
        told = Sentinels.of(url)
        login = ":".join(quote(told.login.get(part, ""), safe="") for part in ("username", "password"))
        url = ";".join(f"{SENTINEL}://{login}@{host}:{port}/{told.database}" for host, port in told.addresses)
        options["master_name"] = told.master
        options["sentinel_kwargs"] = {**told.asking(Retry), "socket_connect_timeout": 1, "socket_timeout": 2}
    return {"broker_url": url, "broker_transport_options": options}


def celery_app(broker_url: str) -> Celery:
    """Our Celery on one broker."""
    app = Celery("shala")
    app.conf.update(
        **broker(broker_url),
        broker_connection_timeout=1,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        worker_pool="threads",
        worker_concurrency=settings.JOBS_SLOTS,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        beat_schedule={
            "tick": {"task": "jobs.tick", "schedule": Steady(TICK), "options": {"expires": TICK.total_seconds()}}
        },
        timezone="UTC",
    )
    app.autodiscover_tasks(["kernel.jobs"])
    return app


app = celery_app(settings.BROKER_URL)


@worker_init.connect
def _probe(**_: object) -> None:
    from kernel.tenancy.probe import refuse_leaky_start

    refuse_leaky_start()
