"""Agendas fetched by curl, which keeps entity tags."""

from pathlib import Path

import pytest

from tests.peers.conftest import need, run
from tests.process.conftest import until
from tests.process.test_demo import Demo


class Curl:
    """curl, with the entity tag of what it fetched last."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self.program = need("curl", "curl")
        self.url = f"{demo.told['api']}/rooms/kestrel/agenda"
        self.token = demo.told["token"]
        self.tag = folder / "etag"
        self.body = folder / "body"

    async def fetch(self) -> dict[str, str]:
        """Ask for the agenda if it is another; the answer's status and headers."""
        kept = ("--etag-compare", str(self.tag)) if self.tag.exists() else ()
        status, out, errors = await run(
            *(self.program, "--silent", "--show-error", "--max-time", "5"),
            *("--header", f"Authorization: Bearer {self.token}"),
            *("--etag-save", str(self.tag), *kept),
            *("--dump-header", "-", "--output", str(self.body), self.url),
        )
        assert (status, errors) == (0, "")
        first, *lines = out.strip().splitlines()
        headers = (line.partition(": ") for line in lines)
        return {"status": first.split()[1]} | {name: value for name, _, value in headers}

    async def changed(self, title: bytes) -> dict[str, str] | None:
        """The status and headers of a changed agenda in which this title stands."""
        answer = await self.fetch()
        found = answer["status"] == "200" and title in self.body.read_bytes()
        return answer if found else None


@pytest.fixture
def curl(demo: Demo, tmp_path: Path) -> Curl:
    return Curl(demo, tmp_path)


async def test_curl_gets_an_agenda_once_then_only_its_age_until_it_changes(
    demo: Demo, curl: Curl
) -> None:
    await demo.clear()
    await demo.book("Review", 60)
    first = await until(lambda: curl.changed(b"Review"), "the agenda")
    same = await curl.fetch()
    assert (same["status"], same["ETag"]) == ("304", first["ETag"])
    assert first["Agenda-As-Of"] <= same["Agenda-As-Of"]
    await demo.book("Talk", 120)
    other = await until(lambda: curl.changed(b"Talk"), "another agenda")
    assert other["ETag"] != first["ETag"]
