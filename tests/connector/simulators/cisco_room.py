"""What the tests of the simulated codec share: a clock, a caller, and lists of bookings."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer
from lxml import etree

from connector.simulators.cisco import Codec, app

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)


def login(name: str, password: str) -> dict[str, str]:
    """The header that logs a user in."""
    return {"Authorization": aiohttp.encode_basic_auth(name, password)}


LOGIN = login("bridge", "secret")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)


class Room:
    """A codec that answers, and somebody who talks to it."""

    def __init__(self, codec: Codec, clock: Clock, http: "TestClient[Any, Any]") -> None:
        self.codec = codec
        self.clock = clock
        self.http = http

    async def push(self, body: str, **more: Any) -> aiohttp.ClientResponse:
        """Use the private API."""
        more.setdefault("headers", LOGIN)
        return await self.http.post("/bookingsputxml", data=body.encode(), **more)

    async def tell(self, body: str, **more: Any) -> etree._Element:
        """Post to /putxml and read what comes back."""
        more.setdefault("headers", LOGIN)
        answer = await self.http.post("/putxml", data=body.encode(), **more)
        assert answer.status == 200
        return etree.fromstring(await answer.read())

    async def put(self, *bookings: dict[str, Any]) -> etree._Element:
        """Give the command `Bookings Put`."""
        return await self.tell(put(*bookings))

    async def get(self, location: str) -> etree._Element:
        """Read a part of a document."""
        answer = await self.http.get("/getxml", params={"location": location}, headers=LOGIN)
        assert answer.status == 200
        return etree.fromstring(await answer.read())

    async def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Use the control API."""
        answer = await self.http.request(method, f"/control{path}", json=body)
        assert answer.status == status, await answer.text()
        return await answer.json()


@asynccontextmanager
async def room(**options: Any) -> AsyncIterator[Room]:
    """A codec at noon, and somebody who talks to it over plain HTTP."""
    clock = Clock()
    codec = Codec(clock=clock, **options)
    async with TestClient(TestServer(app(codec))) as http:
        yield Room(codec, clock, http)


def instant(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def booking(
    identity: str = "1",
    *,
    start: datetime = NOON,
    minutes: int = 60,
    number: str = "123@example.com",
    **more: Any,
) -> dict[str, Any]:
    """An entry for `Bookings Put` with all that is required."""
    return {
        "Id": identity,
        "Title": "Weekly",
        "Number": number,
        "Protocol": "SIP",
        "Organizer": {"Name": "Ann Baker"},
        "Time": {
            "StartTime": instant(start),
            "Duration": minutes,
            "StartTimeBuffer": 300,
            "EndTimeBuffer": 0,
        },
        **more,
    }


def body(*bookings: dict[str, Any]) -> str:
    return json.dumps({"Bookings": bookings})


def put(*bookings: dict[str, Any]) -> str:
    """The command as it stands in a request."""
    text = escape(body(*bookings))
    return f'<Command><Bookings><Put command="True"><body>{text}</body></Put></Bookings></Command>'


def command(inner: str) -> str:
    return f"<Command>{inner}</Command>"


def xml_list(*bookings: str) -> str:
    """A list for the private API."""
    return f"<?xml version='1.0'?><Bookings>{''.join(bookings)}</Bookings>"


def xml_booking(
    identity: str = "1",
    *,
    start: datetime = NOON,
    end: datetime = NOON + timedelta(hours=1),
    buffers: tuple[int, int] = (300, 0),
    call: str = "<Call><Number>123@example.com</Number><Protocol>SIP</Protocol></Call>",
    mode: str = "OBTP",
    more: str = "",
) -> str:
    """One booking for the private API."""
    return (
        f"<Booking><Id>{identity}</Id><Title>Weekly</Title><Privacy>Public</Privacy>"
        "<Organizer><FirstName>Ann</FirstName><LastName>Baker</LastName>"
        "<Email>ann@example.com</Email></Organizer>"
        f"<Time><StartTime>{instant(start)}</StartTime>"
        f"<StartTimeBuffer>{buffers[0]}</StartTimeBuffer>"
        f"<EndTime>{instant(end)}</EndTime><EndTimeBuffer>{buffers[1]}</EndTimeBuffer></Time>"
        f"<DialInfo><Calls>{call}</Calls><ConnectMode>{mode}</ConnectMode></DialInfo>{more}"
        "</Booking>"
    )


CLEAR = "<?xml version='1.0'?><Bookings><Clear command=\"True\"></Clear></Bookings>"
