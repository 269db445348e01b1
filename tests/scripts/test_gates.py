"""The coverage gates: what counts where, and what is said when it is not enough."""

from typing import Any

from scripts.stack.gates import GATES, Gate, holes, measured, unmet


def coverage(**files: tuple[int, int, int, int]) -> dict[str, Any]:
    """File name with `__` for `/` → statements, covered, branches, covered."""
    return {
        "files": {
            name.replace("__", "/") + ".py": {
                "summary": {
                    "num_statements": statements,
                    "covered_lines": lines,
                    "num_branches": branches,
                    "covered_branches": reached,
                }
            }
            for name, (statements, lines, branches, reached) in files.items()
        }
    }


HELD = coverage(
    shared_apps__ledger__services=(100, 100, 20, 20),
    shared_apps__payments__reducer=(50, 50, 30, 30),
    shared_apps__payments__router=(10, 10, 0, 0),
    kernel__clock=(80, 74, 20, 16),
)


def test_all_gates_held() -> None:
    percents = measured(HELD)
    assert percents == {"ledger": 100.0, "reducer and router": 100.0, "the rest": 90.0}
    assert unmet(percents) == []


def test_one_branch_of_the_ledger_not_taken_is_not_a_hundred() -> None:
    report = coverage(
        shared_apps__ledger__services=(30_000, 30_000, 10_000, 9_999),
        shared_apps__payments__reducer=(50, 50, 30, 30),
        kernel__clock=(1, 1, 0, 0),
    )
    assert unmet(measured(report)) == ["ledger: 99.99 % reached, 100 % wanted"]


def test_a_gated_file_does_not_help_the_rest() -> None:
    report = coverage(
        shared_apps__ledger__services=(10_000, 10_000, 0, 0),
        shared_apps__payments__router=(10, 10, 0, 0),
        kernel__clock=(100, 84, 0, 0),
    )
    assert unmet(measured(report)) == ["the rest: 84.0 % reached, 90 % wanted"]


def test_a_gate_no_file_fits_is_not_met() -> None:
    gates = (Gate("moved", ("nowhere/*",), 100.0),)
    assert measured(HELD, gates) == {"moved": None}
    assert unmet({"moved": None}, gates) == ["moved: no file fits nowhere/*"]


def test_holes_are_shown_where_nothing_may_be_missing() -> None:
    report = coverage(shared_apps__ledger__services=(10, 9, 2, 1), kernel__clock=(10, 5, 0, 0))
    report["files"]["shared_apps/ledger/services.py"] |= {"missing_lines": [7], "missing_branches": [[6, 7], [9, -1]]}
    report["files"]["kernel/clock.py"] |= {"missing_lines": [1, 2], "missing_branches": []}
    assert holes(report) == ["shared_apps/ledger/services.py: lines 7; branches 6->7, 9->-1"]


def test_the_table_names_what_money_depends_on() -> None:
    assert {gate.name: gate.percent for gate in GATES} == {"ledger": 100, "reducer and router": 100, "the rest": 90}
