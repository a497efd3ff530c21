"""Two days of fifty rooms, the nights in which clocks change among them."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.virtual import in_virtual_time
from tests.soak.month import soak


@pytest.mark.timeout(600)
@pytest.mark.allow_blocking
def test_changes_faults_and_restarts_leave_no_agenda_wrong_and_keep_the_budget(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    start = datetime(2026, 10, 24, 9, tzinfo=UTC)
    report = in_virtual_time(soak(tmp_path, days=2, rooms=50, seed=20261024, start=start))
    told = "\n".join(report.lines())
    assert report.final_drift == report.drift == 0, told
    assert report.busiest_day <= report.budget, told
    assert report.changes > 2000, told
    assert report.restarts > 0, told
