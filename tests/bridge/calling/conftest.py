"""Stories of rooms that dial."""

from pathlib import Path

import pytest

from tests.bridge.calling.world import Play, player


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Play a story in virtual time."""
    return player(tmp_path, monkeypatch)
