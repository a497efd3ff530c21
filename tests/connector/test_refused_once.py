"""A wrong password reaches a unit once, also where several errands wait for the same unit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web

from connector.endpoints import poly, tandberg, yealink
from connector.endpoints.poly.unit import Unit
from connector.errors import ConnectorError, Denied
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.poly.logins import Door
from tests.connector.poly_unit import standing
from tests.connector.tcp_unit import listening

LOGIN: dict[str, Any] = {"username": "admin", "password": Secret("wrong")}


@asynccontextmanager
async def refusing() -> AsyncIterator[tuple[str, list[str]]]:
    """A web server that refuses every login after a moment, and the paths of those it saw."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            seen.append(request.path)
        for _ in range(20):
            await asyncio.sleep(0)
        return web.Response(status=401)

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


async def all_denied(*errands: Callable[[], Awaitable[Any]]) -> None:
    """Do all at once; each is refused."""

    async def one(errand: Callable[[], Awaitable[Any]]) -> None:
        with pytest.raises(Denied):
            await errand()

    await asyncio.gather(*map(one, errands))


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize(("family", "way"), [("studio", "rest"), ("hdx", "telnet")])
async def test_errands_that_wait_for_a_poly_unit_try_no_refused_password(
    outside: Outside, family: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    admits = Door.admits

    def counted(door: Door, name: str, password: str, now: datetime) -> bool:
        tries.append(name)
        return admits(door, name, password, now)

    monkeypatch.setattr(Door, "admits", counted)
    async with standing(outside, family, way, more={"password": Secret("wrong")}) as stand:
        await all_denied(stand.driven.facts, stand.driven.calls, stand.driven.hang_up)
    assert len(tries) == 1


@pytest.mark.fault("endpoint_password")
async def test_errands_that_wait_for_a_trio_try_no_refused_password(outside: Outside) -> None:
    async with refusing() as (address, seen):
        options = poly.Options(address=address, family="trio", **LOGIN)
        async with poly.connect(options, outside) as unit:
            assert isinstance(unit, Unit)
            await all_denied(unit.facts, unit.calls, unit.hang_up)
    assert len(seen) == 1


@pytest.mark.fault("endpoint_password")
async def test_errands_that_wait_for_a_tandberg_try_no_refused_password(outside: Outside) -> None:
    async with refusing() as (address, seen):
        options = tandberg.Options(address=address, **LOGIN)
        async with tandberg.connect(options, outside) as unit:
            await all_denied(unit.attempt, unit.calls, unit.hang_up)
    assert len(seen) == 1


@pytest.mark.fault("endpoint_password")
async def test_errands_that_wait_for_a_phone_try_no_refused_password(outside: Outside) -> None:
    async with refusing() as (address, seen):
        options = yealink.Options(address=address, family="phone", **LOGIN)
        async with yealink.connect(options, outside) as unit:
            assert isinstance(unit, yealink.Phone)
            await all_denied(unit.hang_up, unit.hang_up, lambda: unit.tones("12"))
    assert len(seen) == 1


@pytest.mark.fault("endpoint_password")
async def test_errands_that_wait_for_telnet_try_no_refused_password(outside: Outside) -> None:
    tries: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Password:")
        tries.append(await reader.readline())
        writer.write(b"\r\nPassword incorrect\r\n")
        await writer.drain()

    async with listening(talk) as port:
        options = tandberg.Options(
            address=f"127.0.0.1:{port}", transport="telnet", password=Secret("wrong")
        )
        async with tandberg.connect(options, outside) as unit:
            await all_denied(unit.attempt, unit.hang_up, lambda: unit.tones("1"))
    assert len(tries) == 1


async def test_who_signed_in_last_is_no_question(outside: Outside) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"login:")
        await reader.readline()
        writer.write(b"Password:")
        await reader.readline()
        writer.write(b"\r\nLast login: Sat Nov 21 12:00:00 on pts/0\r\nOK\r\n")
        while await reader.readline():
            writer.write(b"OK\r\n")
            await writer.drain()

    async with listening(talk) as port:
        options = tandberg.Options(address=f"127.0.0.1:{port}", transport="telnet", **LOGIN)
        async with tandberg.connect(options, outside) as unit:
            try:
                await unit.hang_up()
            except ConnectorError as error:
                pytest.fail(str(error))
