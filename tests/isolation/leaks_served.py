"""The process for sockets and asynchronous views as it is served, asking the questions of `leaks` and no others."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from config.asgi import application

# isort: split
from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path

from kernel import realtime
from kernel.http.actor import Actor
from kernel.tenancy import current
from shared_apps.accounts.models import User
from tests.isolation import leaks
from tests.isolation.leaks import IDS

__all__ = ["application"]


def authenticate(scope: Mapping[str, Any]) -> Actor:
    return Actor(kind="student", user_id=IDS[0], sign_in=IDS[0])


@realtime.topic("tests.leaks")
def may_ask(actor: Actor) -> bool:
    return True


@realtime.message("tests.leaks_ask")
def answer(actor: Actor, topic: str, data: dict[str, Any]) -> dict[str, Any]:
    return {**leaks.ask(random.Random(data["seed"]), data["queries"]), "schema": current().schema}


def aside(seed: int, queries: int) -> Counter[str]:
    """The same questions in a thread of nobody's."""
    try:
        return leaks.ask(random.Random(seed), queries)
    finally:
        hand_back()


def hand_back() -> None:
    """The thread's connection goes back to the pool."""
    connection.close()


async def view(request: HttpRequest, seed: int) -> JsonResponse:
    """Five queries of the asynchronous model, each in a thread of Django's choosing; five more in another thread."""
    rng, users = random.Random(seed), User.objects.filter(id__in=IDS)
    owners = [(await users.aget(id=rng.choice(IDS))).name]
    owners += [user.name async for user in users.filter(id__in=rng.sample(IDS, 3))]
    first = await users.filter(id=rng.choice(IDS)).afirst()
    owners += [first.name if first else "nobody"]
    owners += [name async for name in users.filter(id=rng.choice(IDS)).values_list("name", flat=True)]
    told = Counter(asked=5, wrong=0 if set(owners) == {current().schema} else 4)
    told["wrong"] += await users.filter(name=current().schema).acount() != leaks.ROWS
    # Who waits for a second connection while holding the first may wait for another who does the same.
    await sync_to_async(hand_back)()
    told += await sync_to_async(aside, thread_sensitive=False)(seed, leaks.A_VIEW - 5)
    return JsonResponse({**told, "schema": current().schema})


urlpatterns = [path("leaks/<int:seed>", view)]

override_settings(TENANT_URLCONF=__name__, REALTIME_AUTHENTICATE=f"{__name__}.authenticate").enable()
leaks.stuck_if_told()
