"""Log lines name the business whose work they tell of, and counts name nobody."""

import json
import re
from collections import Counter
from uuid import uuid4

from prometheus_client import REGISTRY

from kernel.jobs import runner
from kernel.observe import metrics
from kernel.tenancy import platform_business
from tests.isolation.doors import doors
from tests.isolation.search import speak
from tests.isolation.traces import heard
from tests.isolation.world import World, job_put
from tests.support.people import Client

LABELS = {"route", "method", "status", "le"}


def lines() -> list[dict[str, object]]:
    return [json.loads(line) for line in heard.lines if line.startswith("{")]


def test_each_line_of_a_request_names_the_business_of_its_host(world: World) -> None:
    speak(world)
    assert Client(platform_business(), token=world.clients["admin"].token).get("auth/me").status_code == 200
    assert world.clients["owner"].get(f"students/{uuid4()}").status_code == 404
    answers = {one.request_id: one for one in heard.answers if one.request_id}
    done = Counter(str(line["request_id"]) for line in lines() if line["event"] == "request.done")
    assert {name: done[name] for name in answers} == dict.fromkeys(answers, 1)
    for line in lines():
        answer = answers.get(str(line["request_id"]))
        if answer:
            assert (line["tenant"] or "") == answer.public_id, f"{line} tells of {answer.asked}"
    assert {world.home.public_id, world.away.public_id, "platform"} <= {one.public_id for one in answers.values()}


def test_each_line_of_a_job_names_its_business(world: World) -> None:
    begun = len(heard.lines)
    for business in (world.home, world.away, platform_business()):
        job = job_put(business, "messaging.reports_apply", {"nothing": "canary-C"})
        assert runner.run_one(job) == runner.RETRY
        told = [line for line in lines() if line.get("job") == str(job)]
        assert [(line["event"], line["tenant"]) for line in told] == [("jobs.failed", business.public_id)]
    assert not [line for line in heard.lines[begun:] if "canary" in line]
    world.watch.look()


def test_counts_name_routes_and_nobody(world: World) -> None:
    speak(world)
    routes = {door.name for urlconf in ("config.urls_tenant", "config.urls_public") for door in doors(urlconf)}
    found = [sample for family in REGISTRY.collect() for sample in family.samples if sample.name.startswith("shala_")]
    assert {label for sample in found for label in sample.labels} == LABELS
    told = {sample.labels["route"] for sample in found if "route" in sample.labels}
    assert "people_students" in told
    assert told <= {*routes, "unmatched"}
    text = metrics.text().decode()
    assert not [one for one in (world.home, world.away) if re.search(rf"{one.public_id}|\b{one.schema}\b", text)]
