"""The search that ends every world finds what lies where it does not belong, in each medium there is."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage

from kernel import realtime
from kernel.tenancy import tenant_scope
from shared_apps.accounts.models import User
from shared_apps.files.services import storage
from tests.isolation.search import leaks, missed, speak, traces
from tests.isolation.traces import Unheard, heard
from tests.isolation.world import World


@contextmanager
def answer(world: World) -> Iterator[None]:
    """An owner whose name is somebody else's."""
    with row(world):
        assert world.clients["owner"].get("auth/me").status_code == 200
    yield


@contextmanager
def line(world: World) -> Iterator[None]:
    with tenant_scope(world.home):
        logging.getLogger("tests").warning("told %s", "canary-B")
    yield


@contextmanager
def frame(world: World) -> Iterator[None]:
    with tenant_scope(world.home):
        realtime.send("class.1", "told", {"text": "canary-B"})
    yield


@contextmanager
def counter(world: World) -> Iterator[None]:
    key, kept = f"{settings.REDIS_PREFIX}kept", Unheard.from_url(settings.REDIS_URL)
    kept.set(key, "canary-B " * 20)
    yield
    kept.delete(key)


@contextmanager
def stored(world: World) -> Iterator[None]:
    key = f"tenants/{world.home.schema}/planted/a.csv"
    storage().put(key, io.BytesIO(b"name\ncanary-B\n"), content_type="text/csv")
    yield
    storage().remove(key)


@contextmanager
def letter(world: World) -> Iterator[None]:
    headers = {"X-Reference": f"{world.home.public_id}.0"}
    EmailMessage("News", "canary-B", "a@school.in", ["b@school.in"], headers=headers).send()
    yield


@contextmanager
def row(world: World) -> Iterator[None]:
    user = world.clients["owner"].user
    assert user
    with tenant_scope(world.home):
        User.objects.filter(id=user.id).update(name="canary-B owner")
    yield
    with tenant_scope(world.home):
        User.objects.filter(id=user.id).update(name=user.name)


PLANTS: dict[str, Callable[[World], AbstractContextManager[None]]] = {
    "answers of": answer,
    "log lines of": line,
    "Redis of": frame,
    "Redis of nobody": counter,
    "stored files of": stored,
    "letters of": letter,
    "rows of": row,
}


@contextmanager
def unheard_after() -> Iterator[None]:
    """What is heard meanwhile is forgotten."""
    kept = [(one, len(one)) for one in (heard.answers, heard.lines, heard.commands)]
    letters = set(Path(settings.EMAIL_FILE_PATH).glob("*"))
    yield
    for one, length in kept:
        del one[length:]
    for letter_file in set(Path(settings.EMAIL_FILE_PATH).glob("*")) - letters:
        letter_file.unlink()


def test_what_is_planted_is_found(world: World) -> None:
    with unheard_after(), ExitStack() as plants:
        for plant in PLANTS.values():
            plants.enter_context(plant(world))
        found = leaks(world, traces(world))
    whose = {name: world.home.schema if name.endswith(" of") else "" for name in PLANTS}
    for name, schema in whose.items():
        assert [one for one in found if one.startswith(f"{name} {schema}".rstrip() + ":")], f"{name} was not found"
    assert all("canary-B" in one for one in found), found


def test_a_side_that_was_not_heard_is_missed(world: World) -> None:
    speak(world)
    found = traces(world)
    assert missed(world, found) == []
    quiet = [one for one in found if (one.medium, one.owner) != ("letters", world.away.schema)]
    assert missed(world, quiet) == [f"letters of {world.away.schema}"]
