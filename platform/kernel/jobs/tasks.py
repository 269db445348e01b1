"""What Celery calls: the bell, and the tick of the schedule."""

from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutting_down
from django.db import connection

from kernel.jobs.cadence import tick
from kernel.jobs.ring import TASK
from kernel.jobs.worker import worker


@shared_task(name=TASK, ignore_result=True)
def rung(jobs: list[str]) -> None:
    """Somebody put `jobs`. What is carried out is whatever is due and in turn, these among it."""
    try:
        worker().work()
    except Exception:
        connection.close()
        raise


@shared_task(name="jobs.tick", ignore_result=True)
def ticked() -> None:
    """Beat's tick; lost or doubled ticks change nothing."""
    tick()


@worker_init.connect
def _start(**_: Any) -> None:
    worker().start()


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    worker().stop()
