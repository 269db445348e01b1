"""One search through all that a run left behind: answers, log lines, Redis, stored files, letters, rows, metrics. What
betrays a business is found at that business and nowhere else."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connections
from psycopg import sql

from kernel import realtime
from kernel.ids import uuid7
from kernel.observe import metrics
from kernel.tenancy import tenant_scope
from kernel.tenancy.scope import schema_scope
from shared_apps.files.services import storage
from tests.isolation.doors import text_of
from tests.isolation.traces import Unheard, heard
from tests.isolation.twins import AWAY, HOME, business_rows, tables_of
from tests.isolation.world import World, jobs_carry_out

NOBODY, OPERATOR = "", "public"
# What strangers bring along is kept where they brought it: callbacks as they came, and whom they tried to be.
BROUGHT = {"public.inbox.business", "accounts_loginattempts"}


@dataclass(frozen=True)
class Trace:
    """One thing found: in which medium, at whom (a schema, the operator, nobody), under which name, and what it says."""

    medium: str
    owner: str
    name: str
    says: str


def marks(world: World) -> dict[str, tuple[str, ...]]:
    """By schema, what betrays its business, in lower case: its canary, and the name in everything that goes out of it."""
    sides = ((world.home, HOME.lower()), (world.away, AWAY.lower()))
    return {one.schema: (f"canary-{letter}", f"canary{letter}", one.public_id) for one, letter in sides}


def searched(world: World) -> None:
    """Look for everybody's marks in everything, after both sides have been heard in every medium."""
    speak(world)
    found = traces(world)
    wrong = [*leaks(world, found), *(f"no trace in {one}" for one in missed(world, found))]
    assert not wrong, "\n".join(wrong)


def speak(world: World) -> None:
    """Both owners ask, write and are told: what finds nothing afterwards has not looked."""
    sides = ((world.home, HOME, world.clients["owner"]), (world.away, AWAY, world.strangers["owner"]))
    for business, letter, owner in sides:
        name = f"canary-{letter}"
        assert name in text_of(owner.get("students"))
        assert name in text_of(owner.get("students?format=csv"))
        wanted = {"template": "welcome", "channel": "email", "to": f"{name}@school.in", "values": {"name": name}}
        assert owner.post("messages/test", wanted, key=str(uuid7())).status_code == 201
        jobs_carry_out(business, "messaging.send")
        with tenant_scope(business):
            realtime.send(f"class.{world.ids['class']}", "told", {"text": name})
    world.watch.look()


def traces(world: World) -> list[Trace]:
    counts = Trace("metrics", NOBODY, "the counts", metrics.text().decode())
    return [counts, *_sent(world), *(one for medium in MEDIA.values() for one in medium(world))]


def leaks(world: World, found: Iterable[Trace]) -> list[str]:
    """Whatever bears another's mark than its owner's; the operator may know everybody."""
    known, wrong = marks(world), []
    for one in found:
        if one.owner == OPERATOR:
            continue
        said = one.says.lower()
        for schema, words in known.items():
            for word in words if one.owner != schema else ():
                if (at := said.find(word)) >= 0:
                    near = one.says[max(0, at - 150) : at + 60]
                    wrong.append(f"{one.medium} of {one.owner or 'nobody'}: {one.name} bears {schema}'s {word}: {near}")
    return wrong


def missed(world: World, found: Iterable[Trace]) -> list[str]:
    """The media in which a business's own mark is not found at it: there the search would find nothing at all."""
    known = marks(world)
    wanted = {(medium, schema) for medium in MEDIA for schema in known}
    for one in found:
        if (one.medium, one.owner) in wanted and any(word in one.says.lower() for word in known[one.owner]):
            wanted.remove((one.medium, one.owner))
    return sorted(f"{medium} of {schema}" for medium, schema in wanted)


def _answers(world: World) -> Iterator[Trace]:
    """At a business's own host; at the operator's what it tells others than its own people is nobody's."""
    for answer in heard.answers:
        if answer.schema == OPERATOR:
            owner = OPERATOR if answer.actor.startswith("admin:") else NOBODY
        elif answer.schema not in (NOBODY, *marks(world)):
            continue
        else:
            owner = answer.schema
        yield Trace("answers", owner, answer.asked, answer.said)


def _lines(world: World) -> Iterator[Trace]:
    names = {world.home.public_id: world.home.schema, world.away.public_id: world.away.schema, "platform": OPERATOR}
    for line in heard.lines:
        tenant = json.loads(line).get("tenant") if line.startswith("{") else None
        if tenant is None or tenant in names:
            yield Trace("log lines", names.get(str(tenant), NOBODY), line[:60], line)


def _redis(world: World) -> Iterator[Trace]:
    """Every command as it was sent, and what lies there now, but what is another world's."""
    client = Unheard.from_url(settings.REDIS_URL)
    keys = client.scan_iter(match=f"{settings.REDIS_PREFIX}*", count=1000)
    for said in (*heard.commands, *((key, *_lying(client, key)) for key in keys)):
        words = [one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in said]
        owner = _owner_of(words)
        if owner in (NOBODY, OPERATOR, *marks(world)):
            yield Trace("Redis", owner, words[0], "\n".join(words))


def _lying(client: redis.Redis, key: bytes) -> Iterable[Any]:
    """What lies under a key, whatever its type."""
    readers: dict[Any, Callable[[], Any]] = {
        b"none": list,
        b"string": lambda: [client.get(key)],
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"hash": lambda: [word for pair in client.hgetall(key).items() for word in pair],
    }
    found: Iterable[Any] = readers[client.type(key)]()
    return found


def _owner_of(words: list[str]) -> str:
    """Whose a command or key is by what it says itself: `topic t_7 …`, `…rate:plan:t_7`."""
    named = {found[1] for word in words if (found := re.search(r"(?:^[a-z-]+ |:plan:)(t_\d+|public)\b", word))}
    return named.pop() if len(named) == 1 else NOBODY


def _objects(world: World) -> Iterator[Trace]:
    """Every stored file of both, by its key in the bucket."""
    for schema in marks(world):
        for key in keys_of(f"tenants/{schema}/"):
            with storage().read(key) as pieces:
                yield Trace("stored files", schema, key, f"{key}\n{b''.join(pieces).decode(errors='replace')}")


def keys_of(prefix: str) -> list[str]:
    """The keys in the run's bucket that begin so."""
    pages = storage()._client.get_paginator("list_objects_v2").paginate(Bucket=storage().bucket, Prefix=prefix)
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def _letters(world: World) -> Iterator[Trace]:
    """Every letter that went out, by the reference in its head."""
    names = {world.home.public_id: world.home.schema, world.away.public_id: world.away.schema}
    for file in Path(settings.EMAIL_FILE_PATH).glob("*"):
        for letter in file.read_text().split(f"{'-' * 79}\n"):
            head = re.search(r"^X-Reference: (\w+)\.", letter, re.MULTILINE)
            if head and head[1] in names:
                yield Trace("letters", names[head[1]], head[0], letter)


def _sent(world: World) -> Iterator[Trace]:
    """What the vendors' stand-ins were told and remember; each thing names its business in our reference."""
    names = {world.home.public_id: world.home.schema, world.away.public_id: world.away.schema}
    book = world.sandbox.book()
    for kind in ("orders", "payments", "refunds", "messages"):
        for one in map(json.dumps, book[kind]):
            owners = [schema for name, schema in names.items() if name in one]
            if owners:
                yield Trace("what vendors were told", owners[0], kind, one)


def _rows(world: World) -> Iterator[Trace]:
    """Every row of both, bytes as text: in their schemas, and what the operator's tables hold of each."""
    for business in (world.home, world.away):
        with schema_scope(business.schema), connections["ddl"].cursor() as cursor:
            for name, schema, table, kept in business_rows(cursor, business):
                columns = tables_of(cursor, schema)[table]
                texts = [
                    sql.SQL("encode({}, 'escape')").format(sql.Identifier(column))
                    for column, kind in columns.items()
                    if kind == "bytea"
                ]
                said = sql.SQL(", ").join([sql.SQL("one::text"), *texts])
                cursor.execute(
                    sql.SQL("SELECT string_agg(concat_ws(' ', {}), chr(10)) FROM {} one{}").format(
                        said, sql.Identifier(schema, table), kept
                    )
                )
                if name not in BROUGHT:
                    yield Trace("rows", business.schema, name, cursor.fetchone()[0] or "")


MEDIA: dict[str, Callable[[World], Iterator[Trace]]] = {
    "answers": _answers,
    "log lines": _lines,
    "Redis": _redis,
    "stored files": _objects,
    "letters": _letters,
    "rows": _rows,
}
