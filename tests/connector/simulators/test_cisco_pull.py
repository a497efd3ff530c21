"""A unit that asks a management system for its calendar."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

from connector.simulators.cisco.management import BadReply, read

from .cisco_room import Room, room, xml_booking

PATIENCE = 5.0
NS = "{http://www.tandberg.net/2004/11/SystemManagementService/}"
BOOKINGS = 'xmlns="http://www.cisco.com/TelePresence/Bookings/1.0"'
ON_CE = 'internal="true" xmlns=""'
ON_TC = 'xmlns="http://www.tandberg.com/XML/CUIL/2.0"'
NAME = "<SystemUnit><Name>Renamed</Name></SystemUnit>"


def reply(inner: str = "", interval: str = "<HeartBeatInterval>420</HeartBeatInterval>") -> str:
    return (
        '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<soap:Body><PostEventResponse xmlns="{NS[1:-1]}"><PostEventResult>'
        f"<Management>{inner}</Management>{interval}"
        "</PostEventResult></PostEventResponse></soap:Body></soap:Envelope>"
    )


def calendar(*bookings: str, namespace: str = BOOKINGS) -> str:
    return f"<Calendar><Bookings {namespace}>{''.join(bookings)}</Bookings></Calendar>"


class Manager:
    """A management system."""

    def __init__(self) -> None:
        self.says = reply()
        self.status = 200
        self.takes = 200
        self.url = ""
        self.asked: list[str] = []
        self.documents: list[str] = []
        self.news = asyncio.Event()

    async def service(self, request: web.Request) -> web.Response:
        root = etree.fromstring(await request.read())
        assert request.headers["SOAPAction"].endswith('/PostEvent"')
        event = root.findtext(f".//{NS}PostEvent/{NS}Event")
        assert event
        assert root.findtext(f".//{NS}Identification/{NS}SerialNumber") == "SIM00000001"
        assert root.findtext(f".//{NS}Identification/{NS}ProductType") == "TANDBERG Codec"
        self.asked.append(event)
        self.news.set()
        return web.Response(status=self.status, text=self.says, content_type="text/xml")

    async def document(self, request: web.Request) -> web.Response:
        self.documents.append(await request.text())
        self.news.set()
        return web.Response(status=self.takes)

    async def until(self, unit: Room, count: int, *, documents: int = 0) -> None:
        """Until the unit has posted so often, and heard what became of it."""
        async with asyncio.timeout(PATIENCE):
            while len(unit.codec.posted) < count + documents:
                self.news.clear()
                await unit.get("/Status/Audio/Volume")
        assert (len(self.asked), len(self.documents)) == (count, documents)


@asynccontextmanager
async def managed(**options: Any) -> AsyncIterator[tuple[Manager, Room]]:
    """A unit that has just started, and its management system."""
    manager = Manager()
    application = web.Application()
    application.router.add_post("/tms/service.asmx", manager.service)
    application.router.add_post("/tms/postdocument.aspx", manager.document)
    async with TestServer(application) as server, room(**options) as unit:
        manager.url = str(server.make_url("/tms/postdocument.aspx"))
        unit.codec.configure("Provisioning/ExternalManager/Path", "/tms/service.asmx")
        address = f"127.0.0.1:{server.port}"
        unit.codec.configure("Provisioning/ExternalManager/Address", address)
        unit.codec.configure("Provisioning/Mode", "TMS")
        yield manager, unit


async def test_a_unit_tells_of_its_start_and_then_asks_as_often_as_it_is_told() -> None:
    async with managed() as (manager, unit):
        unit.codec.life.tick()
        await manager.until(unit, 2)
        unit.clock.move(seconds=419)
        unit.codec.life.tick()
        assert manager.asked == ["Boot", "Register"]
        manager.says = reply(interval="<HeartBeatInterval>30</HeartBeatInterval>")
        unit.clock.move(seconds=1)
        unit.codec.life.tick()
        await manager.until(unit, 3)
        unit.clock.move(seconds=30)
        unit.codec.life.tick()
        await manager.until(unit, 4)
        assert manager.asked[2:] == ["Beat", "Beat"]
        unit.codec.reboot()
        await manager.until(unit, 6)
        assert manager.asked[4:] == ["Boot", "Register"]


async def test_a_calendar_replaces_the_list_and_no_calendar_leaves_it() -> None:
    async with managed() as (manager, unit):
        manager.says = reply(calendar(xml_booking("7")))
        unit.codec.life.tick()
        await manager.until(unit, 2)
        assert [one.id for one in unit.codec.bookings] == ["7"]
        assert unit.codec.received[-1].path == "tms"
        for says, left in (
            (reply(), 1),
            (reply("<Calendar/>"), 1),
            (reply(calendar(xml_booking("8"), namespace='xmlns=""')), 1),
            (reply(calendar("<Booking/>")), 1),
            (reply(calendar()), 0),
        ):
            manager.says = says
            unit.clock.move(seconds=420)
            unit.codec.life.tick()
            await manager.until(unit, len(manager.asked) + 1)
            assert len(unit.codec.bookings) == left


@pytest.mark.parametrize(
    ("version", "written", "name"),
    [
        ("RoomOS 26.4.1", ON_CE, "Renamed"),
        ("RoomOS 26.4.1", ON_TC, "Simulated codec"),
        ("RoomOS 26.4.1", 'xmlns=""', "Simulated codec"),
        ("TC7.3.9", ON_TC, "Renamed"),
        ("TC7.3.9", ON_CE, "Simulated codec"),
    ],
)
async def test_settings_are_written_as_the_version_reads_them(
    version: str, written: str, name: str
) -> None:
    inner = f"<Configuration><Configuration {written}>{NAME}</Configuration></Configuration>"
    async with managed(version=version) as (manager, unit):
        manager.says = reply(inner)
        unit.codec.life.tick()
        await manager.until(unit, 2)
        assert unit.codec.configuration["SystemUnit/Name"] == name


async def test_commands_are_done() -> None:
    dial = '<Dial command="True"><Number>1@example.com</Number></Dial>'
    async with managed() as (manager, unit):
        unit.codec.life.tick()
        await manager.until(unit, 2)
        manager.says = reply(f'<Command><Command xmlns="">{dial}</Command></Command>')
        unit.clock.move(seconds=420)
        unit.codec.life.tick()
        await manager.until(unit, 3)
        assert [call.number for call in unit.codec.calls.all()] == ["1@example.com"]


async def test_a_document_is_posted_until_it_is_taken() -> None:
    async with managed() as (manager, unit):
        unit.codec.life.tick()
        await manager.until(unit, 2)
        wanted = f"<Location>/Status/SystemUnit</Location><URL>{manager.url}</URL>"
        asks = f"<DocumentsToPost><DocumentToPost>{wanted}</DocumentToPost></DocumentsToPost>"
        manager.says, manager.takes = reply(asks), 503
        for beat, (says, takes, documents) in enumerate(
            ((reply(asks), 503, 1), (reply(), 503, 2), (reply(), 200, 3), (reply(), 200, 3)), 3
        ):
            manager.says, manager.takes = says, takes
            unit.clock.move(seconds=420)
            unit.codec.life.tick()
            await manager.until(unit, beat, documents=documents)
        root = etree.fromstring(manager.documents[-1].encode())
        assert root.tag == "Status"
        assert root.findtext("Identification/SerialNumber") == "SIM00000001"
        assert root.find("SystemUnit/Uptime") is not None


async def test_after_a_failure_a_unit_asks_again_in_a_minute() -> None:
    async with managed() as (manager, unit):
        manager.status = 500
        unit.codec.life.tick()
        await manager.until(unit, 2)
        manager.status, manager.says = 200, "<nonsense/>"
        for beat in (3, 4):
            unit.clock.move(seconds=60)
            unit.codec.life.tick()
            await manager.until(unit, beat)


async def test_turned_off_it_asks_nothing() -> None:
    async with managed() as (manager, unit):
        unit.codec.configure("Provisioning/Mode", "Off")
        unit.codec.life.tick()
        assert not unit.codec.awake
        assert manager.asked == []


@pytest.mark.parametrize("body", ["", "<a/>", "<!DOCTYPE a><a/>"])
def test_what_is_no_answer_is_refused(body: str) -> None:
    with pytest.raises(BadReply):
        read(body.encode())


def test_an_interval_that_is_none_is_the_usual_one() -> None:
    for interval in ("", "<HeartBeatInterval>soon</HeartBeatInterval>"):
        assert read(reply(interval=interval).encode()).interval == 420
