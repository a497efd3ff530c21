"""Programs written by others, held against the real one; apt and npm bring them (`make peers`)."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.process.chromium import browser
from tests.process.conftest import PATIENCE, PROGRAM, ROOT, site, tenant, views_of_now
from tests.process.test_demo import demo

__all__ = [
    "browser",
    "demo",
    "site",
    "tenant",
    "views_of_now",
]  # fixtures that the tests here use too

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs programs written by others, and starts processes."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.peers)
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.allow_blocking)


def need(program: str, package: str) -> str:
    """Where a program is; without it the test is skipped."""
    return shutil.which(program) or pytest.skip(f"no {program} here: apt-get install {package}")


def module(path: str) -> str:
    """A file that npm brings; without it the test is skipped."""
    file = MODULES / path
    if not file.exists():
        pytest.skip(f"no {path} here: cd tests/peers && npm ci")
    return str(file)


def node(script: str, *packages: str) -> tuple[str, str]:
    """How a script of ours is started, if the packages that it imports are there."""
    for package in packages:
        module(package)
    return need("node", "npm"), str(HERE / script)


async def run(*words: str, stdin: str = "", **environment: str) -> tuple[int, str, str]:
    """Run a program; its exit status, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *words,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, errors = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def line(process: asyncio.subprocess.Process) -> Any:
    """The next line of JSON that a process prints."""
    assert process.stdout
    async with asyncio.timeout(PATIENCE):
        return json.loads(await process.stdout.readline())


@asynccontextmanager
async def started(*words: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that prints lines of JSON, until the test ends."""
    process = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@asynccontextmanager
async def simulated(*words: str, **environment: str) -> AsyncIterator[dict[str, str]]:
    """A simulator as a process of its own; where it is, and who may log in."""
    async with started(*PROGRAM, "simulate", *words, "--json", **environment) as process:
        yield await line(process)
