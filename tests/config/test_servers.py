"""What the settings make of addresses: several database hosts, a replica, RabbitMQ, sentinels."""

import os

import pytest
from kombu import Connection
from psycopg.conninfo import conninfo_to_dict

from config.celery import broker, celery_app
from config.settings.environment import database
from kernel.tenancy.bootstrap import _login_url


def test_of_several_hosts_the_one_that_takes_writes_is_meant() -> None:
    found = database("postgresql://app:p%40w@one:5432,two:5433/shala?sslmode=verify-full&connect_timeout=7")
    assert (found["HOST"], found["PORT"], found["USER"], found["PASSWORD"]) == ("one,two", "5432,5433", "app", "p@w")
    wanted = {"target_session_attrs": "read-write", "connect_timeout": "7", "sslmode": "verify-full"}
    assert wanted.items() <= found["OPTIONS"].items()
    assert found["OPTIONS"]["options"] == "-c TimeZone=UTC"
    alone = database("postgresql://app@one/shala?options=-c%20geqo%3Doff")["OPTIONS"]
    assert "target_session_attrs" not in alone
    assert alone["options"] == "-c geqo=off -c TimeZone=UTC"


@pytest.mark.parametrize(
    ("admin", "reached"),
    [
        (
            "postgresql://root:x@one:1,two:2/postgres?sslmode=require",
            {"host": "one,two", "port": "1,2", "sslmode": "require"},
        ),
        ("postgresql://root@/postgres?host=/run/a,/run/b", {"host": "/run/a,/run/b", "port": "5432"}),
        ("postgresql://root@[::1]/postgres", {"host": "::1", "port": "5432"}),
    ],
)
def test_our_logins_reach_the_servers_the_operator_does(admin: str, reached: dict[str, str]) -> None:
    found = conninfo_to_dict(_login_url(admin, "shala", "shala", "app", "secret"))
    assert found.pop("password")
    assert found == {"user": "shala_app", "dbname": "shala", **reached}


def test_rabbitmq_keeps_messages_on_most_nodes_before_it_says_so() -> None:
    nodes = "amqp://shala:pw@one:5672//;amqp://shala:pw@two:5672//"
    app = celery_app(nodes)
    prefix = os.environ["REDIS_PREFIX"]
    (queue,) = app.amqp.queues.values()
    assert (queue.name, queue.queue_arguments, queue.durable) == (f"{prefix}work", {"x-queue-type": "quorum"}, True)
    assert (queue.exchange.name, queue.exchange.type, queue.routing_key) == (f"{prefix}work", "direct", f"{prefix}work")
    # One node away is the other's turn, at once.
    wanted = {"confirm_publish": True, "max_retries": 1, "interval_start": 0}
    assert wanted.items() <= app.conf.broker_transport_options.items()
    assert Connection(app.conf.broker_url).alt == nodes.split(";")


def test_sentinels_are_all_named_to_celery() -> None:
    told = broker("sentinel://:p%2Fw@one,two:7000/2?master=shala")
    assert told["broker_url"] == "sentinel://:p%2Fw@one:26379/2;sentinel://:p%2Fw@two:7000/2"
    assert told["broker_transport_options"]["master_name"] == "shala"
    assert told["broker_transport_options"]["global_keyprefix"] == os.environ["REDIS_PREFIX"]
    assert broker("redis://one/0")["broker_url"] == "redis://one/0"
