"""What every test has: a loop that nothing may block, and the vendors' material where it is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def nothing_blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """A call that blocks the event loop fails the test."""
    if "allow_blocking" in request.keywords:
        yield
        return
    with blockbuster_ctx() as guard:
        _allow_what_libraries_do(guard)
        yield


def _allow_what_libraries_do(guard: BlockBuster) -> None:
    """Calls that are short, done once, and not ours."""
    for name in ("io.BufferedReader.read", "io.TextIOWrapper.read", "os.stat"):
        # A time zone that only an event names is read when it is met: two kilobytes, once.
        guard.functions[name].can_block_in("zoneinfo/_common.py", {"load_data", "load_tzdata"})
        guard.functions[name].can_block_in("zoneinfo/_tzpath.py", {"find_tzfile"})


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of vendors' schemas, samples and invitations that are not ours to commit."""
    folder = os.environ.get("BRIDGE_CONTRACTS")
    if not folder:
        pytest.skip("BRIDGE_CONTRACTS names no folder with the vendors' schemas and samples")
    return Path(folder).resolve()
