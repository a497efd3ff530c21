"""`make faults`: one line a row of the fault table, and how many hold."""

from collections import defaultdict

import pytest

from tests.faults.table import ROWS

_outcomes: dict[str, list[bool]] = defaultdict(list)
_rows: dict[str, list[str]] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of faults only; a row that does not exist is a mistake."""
    kept: list[pytest.Item] = []
    rest: list[pytest.Item] = []
    for item in items:
        rows = [name for mark in item.iter_markers("fault") for name in mark.args]
        if unknown := set(rows) - ROWS.keys():
            raise pytest.UsageError(f"{item.nodeid}: no such fault: {', '.join(unknown)}")
        _rows[item.nodeid] = rows
        (kept if rows else rest).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=rest)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test proves its rows when it ran and passed; one that was skipped proves nothing."""
    if report.when == "call" or not report.passed:
        for row in _rows[report.nodeid]:
            _outcomes[row].append(report.passed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The rows."""
    good = {row for row, outcomes in _outcomes.items() if outcomes and all(outcomes)}
    for row, words in ROWS.items():
        tests = len(_outcomes[row])
        state = "ok  " if row in good else "FAIL" if tests else "none"
        terminalreporter.write_line(f"{state} {row:28} {tests:3} tests  {words}")
    terminalreporter.write_line(f"faults: {len(good)} of {len(ROWS)}")
