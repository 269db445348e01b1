"""What is kept by a key, in Redis, in a process, in a table of answers, says in its key whose it is."""

import gc
import re
from functools import _lru_cache_wrapper

from django.conf import settings

from kernel.http import counting
from kernel.ids import uuid7
from tests.isolation.doors import TRACES, text_of
from tests.isolation.search import speak
from tests.isolation.traces import heard
from tests.isolation.world import World

# Where a command of Redis names its key. A new command is to be named here, or it fails.
KEY_AT = {"PUBLISH": 1, "LPUSH": 1, "SADD": 1}
KEYLESS = {"PING", "INFO", "SCRIPT LOAD"}
# Everything that is remembered in a process, and why no business meets another's there.
REMEMBERED = {
    "by the business's own name": {
        "kernel.http.compiled._marked",  # the actor
        "kernel.http.counting._counter",  # the caller's hashed name with the schema, or the schema
        "tenant_apps.bookings.selectors._hours_seen",  # the schema
        "kernel.tenancy.middleware._name_of",  # the host asked for, whosever it is
        "shared_apps.accounts.selectors._told_all",  # the sign-in's id
        "shared_apps.accounts.tokens._backend",  # its public id
        "shared_apps.accounts.tokens._claims",  # its public id, and a key made from it
        "shared_apps.messaging.services.writing._read",  # its permanent host
    },
    "by classes, roles or settings, which are everybody's": {
        "kernel.http.compiled._asked",  # what it was compiled with stands for anybody's, and was built outside any scope
        "kernel.http.lists._first_page",  # likewise
        "kernel.http.serializers._checker",
        "kernel.http.sql._frame",
        "kernel.http.sql.columns",
        "kernel.tenancy.directory._versions",
        "kernel.tenancy.fleet.versions._counted",
        "kernel.tenancy.fleet.versions.code_fingerprint",
        "kernel.tenancy.fleet.versions.code_names",
        "shared_apps.accounts.actor_sql._compiled",
        "shared_apps.accounts.roles.permissions_of",
        "shared_apps.messaging.services.vendors._msg91",
    },
    "one of its kind, and holds nobody's data": {
        "connectors.payments.transport._pools",
        "kernel.http.api._document_json",
        "kernel.http.api.document",
        "kernel.http.redis.client",
        "kernel.http.counting._script",
        "kernel.observe.metrics._of",
        "kernel.observe.scrub.is_secret",
        "kernel.realtime.publish._redis",
        "shared_apps.files.services.storage",
        "shared_apps.tenants.domain_names._suffixes",
        "shared_apps.ui.drawing.letter_png",
        "shared_apps.ui.templatetags.ui._icon",
        "shared_apps.ui.templatetags.ui._version",
    },
}


def keys_of(command: tuple[object, ...]) -> list[str]:
    """The keys (or channel) a command names."""
    words = [one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in command]
    name = words[0].upper()
    if name in {"EVALSHA", "EVAL"}:
        return words[3 : 3 + int(words[2])]
    if name in KEYLESS:
        return []
    assert name in KEY_AT, f"say in KEY_AT where the key of {name} is"
    return [words[KEY_AT[name]]]


def test_every_key_in_redis_says_whose_it_is(world: World) -> None:
    speak(world)
    counters = {counter for answer in heard.answers for counter in answer.counters}
    schemas = {answer.schema for answer in heard.answers}
    ours: set[str] = set()
    for command in heard.commands:
        for key in keys_of(command):
            assert key.startswith(settings.REDIS_PREFIX), f"{key} is not of this installation"
            name = key.removeprefix(settings.REDIS_PREFIX)
            kind, _, rest = name.partition(":")
            ours.add(kind)
            if kind == "rate":
                # The name of a counter is a digest of schema and caller.
                plan = re.fullmatch(r"plan:(t_\d+)", rest)
                assert (plan and plan[1] in schemas) or rest.partition(":")[0] in counters, f"whose is {key}?"
    assert {"rate", "live"} <= ours <= {"rate", "live", "celery", "_kombu.binding.celery"}


def test_one_person_of_two_businesses_is_counted_twice(world: World) -> None:
    """The twin's owner has home's owner's very id."""
    home, away = world.clients["owner"], world.strangers["owner"]
    assert home.user
    assert away.user
    assert home.user.id == away.user.id
    counted = []
    for client in (home, away):
        counting.forget()  # a process that knows nothing yet asks Redis
        begun = len(heard.commands)
        assert client.get("auth/me").status_code == 200
        counted.append({key for command in heard.commands[begun:] for key in keys_of(command)})
    assert all(counted)
    assert counted[0].isdisjoint(counted[1])


def test_one_key_stands_for_an_answer_of_each(world: World) -> None:
    """Both owners, who have one id, send one request under one Idempotency-Key."""
    key, kept = str(uuid7()), set()
    wanted = {"template": "welcome", "channel": "email", "to": "a@school.in", "values": {"name": "Meera"}}
    for client, other in (
        (world.clients["owner"], TRACES["canary"][1]),
        (world.strangers["owner"], TRACES["canary"][0]),
    ):
        for again in (False, True):
            answer = client.post("messages/test", wanted, key=key)
            assert (answer.status_code, "Idempotent-Replay" in answer.headers) == (201, again)
            assert not other.search(text_of(answer))
            kept.add(answer.content)
    assert len(kept) == 2
    world.watch.look()


def test_whatever_a_process_remembers_is_known_here() -> None:
    rooms = ("kernel.", "connectors.", "shared_apps.", "tenant_apps.", "config.")
    found = {
        f"{one.__module__}.{one.__qualname__}"
        for one in gc.get_objects()
        if type(one) is _lru_cache_wrapper and one.__module__.startswith(rooms)
    }
    sandbox = {name for name in found if name.startswith("connectors.sandbox.")}
    assert found - sandbox <= set().union(*REMEMBERED.values())
