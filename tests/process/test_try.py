"""What the README says to type, typed: each kind of calendar beside an appliance.

Ports are replaced by free ones, and everything lies in a folder of its own.
"""

import asyncio
import os
import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from bridge.settings.load import read
from bridge.settings.problem import Problem
from tests.process.conftest import PROGRAM, ROOT, until

README = (ROOT / "README.md").read_text(encoding="utf-8")
CALENDARS = dict(re.findall(r"^\| `(\w+\.yaml)` \| `([^`]+)` \|$", README, re.MULTILINE))
"""By configuration: what plays the calendar service."""
PEERS = {"caldav.yaml"}
"""Need a program that only `make peers` brings; its driver meets it in tests/peers."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configurations, at ports that are free."""
    shutil.copytree(ROOT / "config" / "try", tmp_path / "config" / "try")
    (tmp_path / "build").mkdir()
    return tmp_path


def moved(folder: Path, name: str, command: str) -> tuple[str, int]:
    """The command with another port, as the configuration has it then; and that port."""
    file = folder / "config" / "try" / name
    (old,) = set(re.findall(r"\b80\d\d\b", command))
    port = unused_port()
    text = file.read_text(encoding="utf-8")
    assert f":{old}" in text
    text = text.replace(f":{old}", f":{port}").replace("port: 8480", f"port: {unused_port()}")
    file.write_text(text, encoding="utf-8")
    return command.replace(old, str(port)), port


@asynccontextmanager
async def typed(folder: Path, command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command of the README in a terminal of its own."""
    first, *rest = shlex.split(command)
    program = {"roombridge": PROGRAM, "python3": [sys.executable]}[first]
    process = await asyncio.create_subprocess_exec(
        *program,
        *rest,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.mark.parametrize("name", sorted(CALENDARS.keys() - PEERS))
async def test_a_calendar_shows(folder: Path, name: str) -> None:
    calendar, port = moved(folder, name, CALENDARS[name])
    configured = f"--config config/try/{name}"
    assert f"roombridge run {configured.replace(name, 'exchange.yaml')}" in README

    async def shown() -> str:
        async with typed(folder, f"roombridge agenda kestrel {configured}") as asking:
            out, _ = await asking.communicate()
        return out.decode() if asking.returncode == 0 else ""

    async with typed(folder, calendar):
        await until(lambda: listens(port), "the calendar")
        async with typed(folder, f"roombridge run {configured}"):
            assert "Stand-up" in await until(shown, "the agenda")


@pytest.mark.parametrize("file", sorted((ROOT / "config" / "try").glob("[!r]*.yaml")), ids=str)
def test_every_configuration_for_trying_is_named_and_sound(folder: Path, file: Path) -> None:
    assert file.name in CALENDARS
    (folder / "build" / "google.json").write_text("{}")
    (folder / "build" / "google.json").chmod(0o600)
    problems: list[Problem] = []
    read(folder / "config" / "try" / file.name, problems)
    assert not [one for one in problems if "service_account" not in one.path]
