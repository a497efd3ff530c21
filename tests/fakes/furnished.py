"""Databases for tests that are about something else than how one is made."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rooms.database import Database


def furnished(path: Path) -> Path:
    """The same path, with today's empty tables there unless it holds something already.

    Every migration is a commit that waits for the disk: a copy of what they lead to does not.
    """
    if not path.exists():
        path.write_bytes(_made())
    return path


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.db"
        Database(path).close()
        return path.read_bytes()
