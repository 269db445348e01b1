"""The rules read from sources bite where they should, and only there."""

import pytest

from scripts.stack.sources import FIXED_PORT, SERVER_CLOCK, clocks_in


@pytest.mark.parametrize(
    "line",
    [
        "redis://127.0.0.1:" + "6379/0",
        "http://localhost:" + "8000",
        '("127.0.0.1", ' + "5432)",
        "serve(port=" + "8080)",
        "ws://[::1]:" + "9000/",
    ],
)
def test_a_port_written_down_is_found(line: str) -> None:
    assert FIXED_PORT.search(line)


@pytest.mark.parametrize(
    "line", ['f"http://127.0.0.1:{port}"', '("127.0.0.1", 0)', "port: int = 0", "http://localhost/", "bind 127.0.0.1"]
)
def test_a_chosen_port_is_not(line: str) -> None:
    assert not FIXED_PORT.search(line)


@pytest.mark.parametrize(
    "sql", ["SELECT now" + "()", "DEFAULT CURRENT_" + "TIMESTAMP", "clock_" + "timestamp()", "x < LOCAL" + "TIME"]
)
def test_a_time_of_the_server_is_found_in_sql(sql: str) -> None:
    assert SERVER_CLOCK.search(sql)
    assert [line for line, _ in clocks_in(f'"""Says {sql}."""\nrun("""\n  {sql}\n""")')] == [3]


def test_how_long_a_transaction_took_is_no_time_of_day() -> None:
    ended = "clock_" + "timestamp()"
    took = f"{ended} - transaction_" + "timestamp()"
    assert list(clocks_in(f'run("{took}")')) == []
    assert [what for _, what in clocks_in(f'run("{took} < {ended}")')] == [ended[:-1]]


def test_a_time_of_the_machine_is_found_in_python() -> None:
    source = "from django.utils import timezone\nat = timezone.now()\nwhen = datetime.now(UTC)\nours = clock.now()\n"
    assert list(clocks_in(source)) == [(2, "timezone.now"), (3, "datetime.now")]
