"""What `scripts/test` makes of pytest's verdict and the gates."""

from typing import Any

import pytest

from scripts.stack.layout import CannotRun
from scripts.stack.suite import _verdict

FULL: dict[str, float | None] = {"ledger": 100.0, "reducer and router": 100.0, "the rest": 91.0}


def outcome(failed: int = 0, **coverage: float | None) -> dict[str, Any]:
    return {"passed": 3, "failed": failed, "skipped": [], "seconds": 1.0, "coverage": coverage}


@pytest.mark.parametrize(
    ("code", "failed", "expected"),
    [
        (pytest.ExitCode.OK, 0, 0),
        (pytest.ExitCode.TESTS_FAILED, 1, 1),
        (pytest.ExitCode.INTERRUPTED, 1, 1),  # -x stopped at a failure
        (pytest.ExitCode.INTERRUPTED, 0, 130),
    ],
)
def test_exit_codes_without_gates(code: int, failed: int, expected: int) -> None:
    assert _verdict(code, outcome(failed), gated=False) == expected


@pytest.mark.parametrize("code", [pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED])
def test_nothing_to_run_is_not_a_failure_of_the_product(code: int) -> None:
    with pytest.raises(CannotRun):
        _verdict(code, outcome(), gated=False)


def test_a_gate_not_met_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert _verdict(pytest.ExitCode.OK, outcome(**FULL), gated=True) == 0
    assert _verdict(pytest.ExitCode.OK, outcome(**{**FULL, "the rest": 84.9}), gated=True) == 1
    assert "coverage of the rest: 84.9 % reached, 90 % wanted" in capsys.readouterr().out


def test_coverage_that_was_not_measured_does_not_hold() -> None:
    assert _verdict(pytest.ExitCode.OK, outcome(), gated=True) == 1
