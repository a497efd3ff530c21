"""Stories about who came."""

from pathlib import Path

import pytest

from tests.bridge.attendance.world import Play, player


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Plays one story in virtual time."""
    return player(tmp_path)
