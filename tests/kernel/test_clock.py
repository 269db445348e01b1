"""The clock: one file moves it for every process, leases stay on the machine's, dates are read in the business's zone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
import time_machine

from kernel import clock as kernel_clock
from kernel.tenancy import Business, tenant_scope
from tests.conftest import TestClock

LITTLE = timedelta(seconds=1)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHALA_CLOCK_FILE", str(tmp_path / "clock"))
    return tmp_path / "clock"


def test_without_a_file_it_is_the_machines_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHALA_CLOCK_FILE", raising=False)
    assert kernel_clock.offset() == timedelta()
    assert abs(kernel_clock.now() - datetime.now(UTC)) < LITTLE
    assert kernel_clock.now().tzinfo is UTC


def test_a_missing_or_empty_file_moves_nothing(file: Path) -> None:
    assert kernel_clock.offset() == timedelta()
    file.write_text("")
    assert kernel_clock.offset() == timedelta()


@pytest.mark.parametrize("seconds", ["90", "86400.5", "-3600"])
def test_the_file_moves_the_product_and_not_the_machine(file: Path, seconds: str) -> None:
    file.write_text(seconds)
    assert kernel_clock.offset() == timedelta(seconds=float(seconds))
    assert abs(kernel_clock.now() - datetime.now(UTC) - timedelta(seconds=float(seconds))) < LITTLE
    assert abs(kernel_clock.machine_now() - datetime.now(UTC)) < LITTLE


def test_the_tests_clock_adds_up_and_goes_back(clock: TestClock) -> None:
    clock.move(minutes=5)
    clock.move(hours=1)
    assert kernel_clock.offset() == timedelta(minutes=65)
    clock.reset()
    assert kernel_clock.offset() == timedelta()


@time_machine.travel(datetime(2026, 3, 31, 18, 29, 59, tzinfo=UTC), tick=False)
def test_a_day_ends_where_the_business_is() -> None:
    assert kernel_clock.today() == date(2026, 3, 31)
    with kernel_clock.in_zone("Asia/Kolkata"):
        assert kernel_clock.today() == date(2026, 3, 31)
        with time_machine.travel(datetime(2026, 3, 31, 18, 30, tzinfo=UTC), tick=False):
            assert kernel_clock.today() == date(2026, 4, 1)
    assert kernel_clock.today() == date(2026, 3, 31)


def test_a_zone_ends_with_its_block_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), kernel_clock.in_zone("Asia/Kolkata"):
        kernel_clock.today().day // 0
    assert str(kernel_clock.zone()) == "UTC"


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError), kernel_clock.in_zone("Asia/Nowhere"):
        pass


def test_a_scope_brings_its_zone(academy: Business) -> None:
    with tenant_scope(academy):
        assert str(kernel_clock.zone()) == academy.zone == "Asia/Kolkata"
    assert str(kernel_clock.zone()) == "UTC"
