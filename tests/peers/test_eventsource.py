"""A room's event stream, heard by the `eventsource` package."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.peers.conftest import line, node, started
from tests.process.conftest import until
from tests.process.test_demo import Demo

Heard = dict[str, Any]


class Wire:
    """What a listener and the appliance are connected by; it can be cut, and mended later."""

    def __init__(self, port: int) -> None:
        self.heads: list[str] = []
        """The head of each request."""
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()
        self._ends: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """Break every connection; new ones get no answer."""
        self._whole.clear()
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """Answer again."""
        self._whole.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until an end is gone."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            await self._whole.wait()
            answer, far = await asyncio.open_connection("127.0.0.1", self._port)
            self._ends += [writer, far]
            far.write(head)
            while some := await answer.read(65536):
                writer.write(some)
        writer.close()

    def asked(self, request: int, header: str) -> str | None:
        """A header of a request."""
        lines = (one.partition(": ") for one in self.heads[request].splitlines())
        return next((value for name, _, value in lines if name.lower() == header), None)


class Listener:
    """The package, listening in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self) -> Heard:
        heard = await line(self._process)
        assert isinstance(heard, dict)
        return heard

    async def types(self, count: int) -> list[str]:
        return [(await self.hear())["type"] for _ in range(count)]

    async def agenda(self) -> Heard:
        """The next `agenda`; what `status` may come before it is passed over."""
        while (heard := await self.hear())["type"] == "status":
            pass
        assert heard["type"] == "agenda"
        return heard


def titles(agenda: Heard) -> list[str]:
    return [one["title"] for one in agenda["data"]["bookings"]]


@pytest.fixture
def wire(demo: Demo) -> Wire:
    port = urlsplit(demo.told["api"]).port
    assert port
    return Wire(port)


@asynccontextmanager
async def listening(wire: Wire, token: str) -> AsyncIterator[Listener]:
    """The package, told to listen to kestrel over this wire."""
    program = node("listen.js", "eventsource")
    async with await asyncio.start_server(wire.carry, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}/api/v1/rooms/kestrel/stream"
        try:
            async with started(*program, address, token) as process:
                yield Listener(process)
        finally:
            wire.cut()


async def emptied(demo: Demo) -> None:
    """Take every meeting out of kestrel's calendar, and see that the appliance knows."""
    await demo.clear()

    async def empty() -> bool:
        return await shown(demo) == []

    await until(empty, "an empty agenda")


async def shown(demo: Demo) -> list[str]:
    """The titles that the API tells."""
    async with demo.http.get(f"{demo.told['api']}/rooms/kestrel/agenda") as answer:
        return [one["title"] for one in (await answer.json())["bookings"]]


async def test_a_listener_hears_the_agenda_its_status_and_each_change_on_one_connection(
    demo: Demo, wire: Wire
) -> None:
    await emptied(demo)
    async with listening(wire, demo.told["token"]) as listener:
        assert (await listener.hear())["type"] == "open"
        agenda, status = await listener.hear(), await listener.hear()
        assert (agenda["type"], status["type"]) == ("agenda", "status")
        assert titles(agenda) == []
        assert set(status["data"]) >= {"as_of", "age_s", "stale", "health"}
        await demo.book("Review", 60)
        changed = await listener.agenda()
        assert titles(changed) == ["Review"]
        assert changed["id"] not in {"", agenda["id"]}
        assert len(wire.heads) == 1


async def test_a_listener_that_was_cut_off_resumes_where_it_was(demo: Demo, wire: Wire) -> None:
    await emptied(demo)
    async with listening(wire, demo.told["token"]) as listener:
        assert await listener.types(1) == ["open"]
        agenda = await listener.agenda()
        assert await listener.types(1) == ["status"]
        wire.cut()
        wire.mend()
        assert await listener.types(3) == ["error", "open", "status"], "it has the agenda already"
        assert wire.asked(0, "last-event-id") is None
        assert wire.asked(1, "last-event-id") == agenda["id"]
        await demo.book("Review", 60)
        assert titles(await listener.agenda()) == ["Review"]
        assert len(wire.heads) == 2


async def test_a_listener_hears_what_changed_while_it_was_cut_off(demo: Demo, wire: Wire) -> None:
    await emptied(demo)
    async with listening(wire, demo.told["token"]) as listener:
        assert await listener.types(3) == ["open", "agenda", "status"]
        wire.cut()
        await demo.book("Review", 60)

        async def known() -> bool:
            return await shown(demo) == ["Review"]

        await until(known, "the new meeting")
        wire.mend()
        assert await listener.types(2) == ["error", "open"]
        assert titles(await listener.agenda()) == ["Review"]


async def test_a_listener_with_a_wrong_token_is_refused_for_good(demo: Demo, wire: Wire) -> None:
    async with listening(wire, "rb_wrong") as listener:
        assert await listener.hear() == {"type": "error", "code": 401, "over": True}
