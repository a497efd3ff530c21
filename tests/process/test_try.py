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
from contextlib import AsyncExitStack, asynccontextmanager
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


def block(first: str) -> list[str]:
    """The commands of the README's block that begins so."""
    (found,) = re.findall(rf"```sh\n({re.escape(first)}.*?)```", README, re.DOTALL)
    return str(found).splitlines()


def all_moved(folder: Path, commands: list[str]) -> list[str]:
    """Commands and configurations with other ports."""
    files = sorted((folder / "config" / "try").glob("room*.yaml"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    told = "\n".join([*commands, *texts])
    ports = {old: str(unused_port()) for old in set(re.findall(r"\b80[89]\d\b|\b8480\b", told))}
    for file, text in zip(files, texts, strict=True):
        file.write_text(_replaced(text, ports), encoding="utf-8")
    return [_replaced(command, ports) for command in commands]


def _replaced(text: str, ports: dict[str, str]) -> str:
    return re.sub(r"\b\d{4}\b", lambda found: ports.get(found[0], found[0]), text)


async def test_room_systems_stand_beside_an_appliance(folder: Path) -> None:
    secret, *serving = block("install -m 600")
    looking = block("roombridge endpoints list")
    *commands, listing, showing, dialling = all_moved(
        folder, [CALENDARS["graph.yaml"], *serving, *looking]
    )
    shell = await asyncio.create_subprocess_shell(secret, cwd=folder)
    assert await shell.wait() == 0

    async def stand() -> str:
        async with typed(folder, listing) as asking:
            out, _ = await asking.communicate()
        good = re.search("confirmed.*served.*dial_only", out.decode(), re.DOTALL)
        return out.decode() if good else ""

    async def shown() -> str:
        async with typed(folder, showing) as asking:
            out, _ = await asking.communicate()
        return out.decode() if "reads the façade: yes" in out.decode() else ""

    async with AsyncExitStack() as stack:
        for command in commands:
            process = await stack.enter_async_context(typed(folder, command))
            if "simulate" in command:
                assert process.stdout
                assert await process.stdout.readline() == b"Simulated, and nothing else.\n"
        await until(stand, "room systems")
        await until(shown, "a unit that comes")
        async with typed(folder, dialling) as asking:
            out, _ = await asking.communicate()
        assert out == b"avocet-sip dials\n"


@pytest.mark.parametrize("file", sorted((ROOT / "config" / "try").glob("[!r]*.yaml")), ids=str)
def test_every_configuration_for_trying_is_named_and_sound(folder: Path, file: Path) -> None:
    assert file.name in CALENDARS
    (folder / "build" / "google.json").write_text("{}")
    (folder / "build" / "google.json").chmod(0o600)
    problems: list[Problem] = []
    read(folder / "config" / "try" / file.name, problems)
    assert not [one for one in problems if "service_account" not in one.path]
