"""A password that is changed at the codec: few wrong tries, however much is asked at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.endpoints import cisco
from connector.errors import Denied
from connector.outside import Outside
from connector.secret import Secret


class Unit:
    """A codec that takes a moment for each answer, and counts the logins that are under way."""

    def __init__(self) -> None:
        self.password = "right"
        self.wrong = 0
        self.now = 0
        self.most = 0

    async def getxml(self, request: web.Request) -> web.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        if request.headers["Authorization"] != aiohttp.encode_basic_auth("bridge", self.password):
            self.wrong += 1
            return web.Response(status=401)
        return web.Response(text="<Status/>", content_type="text/xml")


@asynccontextmanager
async def talking(outside: Outside, unit: Unit) -> AsyncIterator[Any]:
    app = web.Application()
    app.add_routes([web.get("/getxml", unit.getxml)])
    async with TestServer(app) as server:
        options = cisco.Options(
            address=f"http://127.0.0.1:{server.port}",
            username="bridge",
            password=Secret("right"),
            transport="http",
        )
        async with cisco.connect(options, outside) as codec:
            yield codec


@pytest.mark.fault("endpoint_password")
async def test_a_password_that_was_changed_at_the_codec_is_tried_twice_at_most(
    outside: Outside,
) -> None:
    unit = Unit()
    async with talking(outside, unit) as codec:
        await codec.calls()
        unit.password = "another"
        ended = await asyncio.gather(*(codec.calls() for _ in range(8)), return_exceptions=True)
        assert all(isinstance(one, Denied) for one in ended)
        assert unit.wrong <= 2


async def test_one_login_at_a_time_until_it_was_accepted_and_two_from_then_on(
    outside: Outside,
) -> None:
    unit = Unit()
    async with talking(outside, unit) as codec:
        await codec.calls()
        assert unit.most == 1
        await asyncio.gather(*(codec.calls() for _ in range(6)))
        assert unit.most == 2
