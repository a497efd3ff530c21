"""A façade over a real socket, whose every answer is checked against Exchange's own schema."""

import os
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from lxml import etree

from bridge.readers import Reader
from bridge.views.ews.routes import Ews
from bridge.views.site import site
from rooms.model import Person
from tests.bridge.conftest import Views
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

Client = TestClient[Any, Any]
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
HOUR = timedelta(hours=1)
ADA = Person(name="Ada Lovelace", address="ada@example.com")
ZOOM = "Join Zoom Meeting\nhttps://zoom.us/j/91234567890\nJoin by SIP\n91234567890@zoomcrc.com\n"
CALL = event("call", NOON + HOUR, body=ZOOM, organizer=ADA, subject="Plans & <schemes>")
QUIET = event("quiet", NOON + 3 * HOUR, organizer=ADA, subject="Lunch")
SECRET = event(
    "merger", NOON + 5 * HOUR, body=ZOOM, organizer=ADA, private=True, subject="The merger"
)
READER = Reader(endpoint="kestrel-x30", room="kestrel", username="kestrel", secret="pass word")
OTHER = Reader(endpoint="heron-hdx", room="heron", username="CORP\\heron", secret="other")
MAILBOX = "kestrel@example.com"
ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope'
    ' xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">'
    '<soap:Header><t:RequestServerVersion Version="Exchange2010"/>{header}</soap:Header>'
    "<soap:Body>{body}</soap:Body></soap:Envelope>"
)


def basic(username: str = "kestrel", password: str = "pass word") -> dict[str, str]:
    """The header of a unit that signs in by Basic."""
    return {"Authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


@cache
def schema() -> etree.XMLSchema | None:
    """Exchange's published schema, where it is at hand."""
    folder = os.environ.get("BRIDGE_CONTRACTS")
    path = Path(folder or "../shared") / "schema" / "ews" / "messages.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.exists() else None


def valid(body: bytes) -> etree._Element:
    """The part of an answer that an operation makes, checked."""
    root = etree.fromstring(body)
    inside = root.find(f"{SOAP}Body")
    assert inside is not None
    answer = etree.fromstring(etree.tostring(inside[0]))
    checked = schema()
    if checked is not None and answer.tag != f"{SOAP}Fault":
        # The schema has these in another namespace than Exchange sends and its clients read.
        told = etree.fromstring(etree.tostring(answer))
        for one in told.iter(f"{M}Notifications"):
            for notification in one:
                notification.tag = f"{T}Notification"
        assert checked.validate(told), checked.error_log
    return answer


class Unit:
    """A room system that reads the façade."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.headers = basic() | {"Content-Type": "text/xml; charset=utf-8"}
        self.raw = b""

    async def ask(self, body: str, header: str = "", status: int = 200) -> etree._Element:
        """Ask; the answer was checked."""
        sent = ENVELOPE.format(body=body, header=header).encode()
        async with self.client.post("/EWS/Exchange.asmx", data=sent, headers=self.headers) as told:
            self.raw = await told.read()
            assert told.status == status, self.raw
            assert told.headers["Content-Type"] == "text/xml; charset=utf-8"
            return valid(self.raw)

    async def codes(self, body: str, **more: Any) -> list[str | None]:
        """The response codes of an answer."""
        answer = await self.ask(body, **more)
        return [one.text for one in answer.iter(f"{M}ResponseCode")]


def find(
    inside: str = "<t:BaseShape>IdOnly</t:BaseShape>",
    view: str = "",
    folder: str = '<t:DistinguishedFolderId Id="calendar"/>',
) -> str:
    """A FindItem, by default of all that a day around now holds."""
    view = view or (
        f'<m:CalendarView StartDate="{NOON - 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}"'
        f' EndDate="{NOON + 24 * HOUR:%Y-%m-%dT%H:%M:%SZ}"/>'
    )
    return (
        f'<m:FindItem Traversal="Shallow"><m:ItemShape>{inside}</m:ItemShape>{view}'
        f"<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindItem>"
    )


def get(*ids: str, inside: str = "<t:BaseShape>AllProperties</t:BaseShape>") -> str:
    """A GetItem."""
    items = "".join(f'<t:ItemId Id="{one}"/>' for one in ids)
    return (
        f"<m:GetItem><m:ItemShape>{inside}</m:ItemShape><m:ItemIds>{items}</m:ItemIds></m:GetItem>"
    )


def ids(answer: etree._Element) -> list[str]:
    """The ids of the items in an answer."""
    return [one.get("Id", "") for one in answer.iter(f"{T}ItemId")]


def texts(answer: etree._Element, name: str) -> list[str]:
    """What the elements of a name hold."""
    return [one.text or "" for one in answer.iter(f"{T}{name}")]


@pytest.fixture
def ews(views: Views) -> Ews:
    """The façade for two units."""
    schema()  # read before the loop runs
    views.house.readers.adopt([READER, OTHER], views.clock.now())
    made = Ews(views.house)
    views.hub.beside = made.streams
    return made


@pytest.fixture
async def client(views: Views, ews: Ews) -> AsyncIterator[Client]:
    async with TestClient(TestServer(site(views.house, [*views.routes(), *ews.routes]))) as opened:
        yield opened
        views.hub.close()


@pytest.fixture
async def unit(client: Client, views: Views) -> Unit:
    """A unit whose room has three meetings."""
    await views.keep(CALL, QUIET, SECRET)
    return Unit(client)
