"""The simulated workspace, read and written by Google's own client for Python."""

import json
import signal
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.peers.conftest import HERE, run, simulated
from tests.process.conftest import ROOT


def client() -> str:
    """The Python that has Google's client; without it the test is skipped."""
    python = ROOT / ".venv-peers" / "bin" / "python"
    if not list(ROOT.glob(".venv-peers/lib/*/site-packages/googleapiclient")):
        pytest.skip("no google-api-python-client here: make peers")
    return str(python)


async def read_by_it(python: str) -> tuple[int, str, str, dict[str, str]]:
    """What the client found in a fresh workspace; its exit status, output and errors."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = {
        "start": (day - timedelta(days=3)).isoformat(),
        "end": (day + timedelta(days=7)).isoformat(),
    }
    async with simulated("google", "--rooms", "2") as told:
        asked = json.dumps({**told, **window})
        found = await run(python, "-X", "faulthandler", str(HERE / "read_google.py"), asked)
    return *found, told


async def test_googles_own_client_reads_and_writes_the_workspace() -> None:
    python = client()
    status, out, errors, told = await read_by_it(python)
    if status == -signal.SIGSEGV:
        # Its interpreter was seen to crash, once in some hundred runs: that is no answer.
        sys.stderr.write(errors)
        status, out, errors, told = await read_by_it(python)
    assert status == 0, errors
    found = json.loads(out)
    assert len(found["view"]) > 7
    assert {one["status"] for one in found["view"]} == {"confirmed"}
    assert any(one.get("recurringEventId") for one in found["view"])
    assert found["made"]["organizer"]["self"]
    assert found["patched"]["summary"] == "Patched"
    assert [one["id"] for one in found["changes"]] == ["peer0"]
    assert [one["status"] for one in found["gone"]] == ["cancelled"]
    assert not found["stopped"]
    assert found["busy"]
    assert found["resources"] == told["mailboxes"].split()
    assert found["refused"] == [404, "notFound"]
