"""Alive, ready, counted: on every host, even one nobody owns."""

import subprocess
import sys

import pytest
from django.test import Client

from kernel.observe import metrics


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "nobody.localhost"])
def test_alive_and_ready_whatever_the_host(served, host):
    alive = Client().get("/healthz", headers={"Host": host})
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    ready = Client().get("/readyz", headers={"Host": host})
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "checks": {"database": "ok", "redis": "ok"}})


def test_ready_without_redis_and_not_without_the_database(served, settings, monkeypatch):
    from django.db import connection

    from kernel.http import redis as door

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    door.client.cache_clear()
    try:
        ready = Client().get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, "unreachable")
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "PORT", "1")
        away = Client().get("/readyz")
        assert (away.status_code, away.json()["status"]) == (503, "unavailable")
        assert away.json()["checks"]["database"] == "unreachable"
    finally:
        door.client.cache_clear()
        connection.close()


def test_requests_are_counted_by_route_and_status(caller):
    someone = caller("people.view")
    before = _counted(someone, "tests_guarded", "200")
    someone.get("/api/v1/guarded")
    someone.get("/api/v1/guarded")
    assert _counted(someone, "tests_guarded", "200") == before + 2


def _counted(someone, route, status):
    text = someone.client.get("/metrics").content.decode()
    label = f'shala_requests_total{{method="GET",route="{route}",status="{status}"}} '
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(label))


def test_no_metric_names_a_tenant_or_a_path(caller, academy):
    someone = caller()
    someone.get("/api/v1/entries/0192a1f7-b593-7072-a0ba-ad589bacbacf")
    text = someone.client.get("/metrics").content.decode()
    assert academy.public_id not in text
    assert "0192a1f7" not in text


@pytest.mark.parametrize("options", [{"headers": {"X-Forwarded-For": "203.0.113.1"}}, {"REMOTE_ADDR": "8.8.8.8"}])
def test_the_counts_are_not_for_the_world(served, options):
    assert Client().get("/metrics", **options).status_code == 404


def test_processes_that_share_a_folder_are_counted_together(tmp_path, monkeypatch):
    count = (
        "from kernel.observe import metrics; metrics.request_done(route='r', method='GET', status=200, seconds=0.01)"
    )
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], check=True)
    assert 'shala_requests_total{method="GET",route="r",status="200"} 2.0' in metrics.text().decode()
