"""HttpFeedback: where a unit posts what is new, in which form, and when it gives up."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

from connector.certificates import Certificate, self_signed
from connector.simulators.cisco import User

from .cisco_room import Room, booking, command, login, room

PATIENCE = 5.0
DIAL = command("<Dial><Number>1@example.com</Number></Dial>")
HANG_UP = command("<Call><Disconnect/></Call>")


class Receiver:
    """Who gets the posts."""

    def __init__(self) -> None:
        self.status = 200
        self.url = ""
        self.got: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        await self.got.put((request.content_type, await request.text()))
        return web.Response(status=self.status)

    async def next(self) -> tuple[str, str]:
        async with asyncio.timeout(PATIENCE):
            return await self.got.get()

    async def xml(self) -> etree._Element:
        kind, body = await self.next()
        assert kind == "text/xml"
        return etree.fromstring(body.encode())


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    one = Receiver()
    application = web.Application()
    application.router.add_post("/hooks/cisco/secret", one.take)
    server = TestServer(application, scheme="https" if tls else "http")
    await server.start_server(ssl=tls)
    async with server:
        one.url = str(server.make_url("/hooks/cisco/secret"))
        yield one


def register(url: str, *expressions: str, slot: int = 3, more: str = "") -> str:
    wanted = "".join(
        f'<Expression item="{n}">{escape(text)}</Expression>'
        for n, text in enumerate(expressions, 1)
    )
    return command(
        f"<HttpFeedback><Register><FeedbackSlot>{slot}</FeedbackSlot>"
        f"<ServerUrl>{escape(url)}</ServerUrl>{wanted}{more}</Register></HttpFeedback>"
    )


async def until(unit: Room, check: Callable[[], bool]) -> None:
    """Wait until a post has come back, while the loop turns."""
    async with asyncio.timeout(PATIENCE):
        while not check():
            await unit.get("/Status/Audio/Volume")


async def test_events_are_posted_with_who_posts_them() -> None:
    async with receiver() as one, room(name="Atrium") as unit:
        answer = await unit.tell(
            register(one.url, "/Event/CallDisconnect", "/Event/CallSuccessful")
        )
        assert answer[0].tag == "HttpFeedbackRegisterResult"
        await unit.tell(DIAL)
        told = await one.xml()
        assert told.tag == "Event"
        assert [child.tag for child in told] == ["Identification", "CallSuccessful"]
        assert told.findtext("Identification/SerialNumber") == "SIM00000001"
        assert told.findtext("Identification/SystemName") == "Atrium"
        assert told.findtext("CallSuccessful/RemoteURI") == "sip:1@example.com"
        unit.clock.move(minutes=2)
        await unit.tell(HANG_UP)
        ended = await one.xml()
        assert ended.findtext("CallDisconnect/Duration") == "120"
        assert ended.findtext("CallDisconnect/CallId") == "1"


async def test_changes_of_the_status_are_posted_and_ghosts() -> None:
    async with receiver() as one, room() as unit:
        await unit.tell(register(one.url, "/Status/Call/Status"))
        await unit.tell(DIAL)
        states = [(await one.xml()).findtext("Call/Status") for _ in range(4)]
        assert states == ["Dialling", "Ringing", "Connecting", "Connected"]
        await unit.tell(HANG_UP)
        call = (await one.xml()).find("Call")
        assert call is not None
        assert (call.get("item"), call.get("ghost")) == ("1", "True")


async def test_posts_may_be_json() -> None:
    async with receiver() as one, room() as unit:
        await unit.tell(register(one.url, "/Event/Bookings", more="<Format>JSON</Format>"))
        await unit.put(booking("7"))
        kind, body = await one.next()
        assert kind == "application/json"
        told: dict[str, Any] = json.loads(body)["Event"]
        assert told["Identification"]["SerialNumber"] == {"Value": "SIM00000001"}
        assert told["Bookings"] == {"Updated": {}}
        started = json.loads((await one.next())[1])["Event"]["Bookings"]
        assert started == {"StartTimeBuffer": {"Id": {"Value": "7"}, "MeetingId": {"Value": ""}}}


async def test_a_slot_shows_what_it_was_registered_for() -> None:
    async with room() as unit:
        await unit.tell(register("http://127.0.0.1:9/x", "/Event/Bookings", "/Status/Call"))
        status = await unit.get("/Status/HttpFeedback")
        (slot,) = status.findall("HttpFeedback")
        assert slot.get("item") == "3"
        assert slot.findtext("Status") == "OK"
        assert slot.findtext("URL") == "http://127.0.0.1:9/x"
        found = [one.text for one in slot.findall("Expression")]
        assert found == ["/Event/Bookings", "/Status/Call"]
        gone = (
            "<HttpFeedback><Deregister><FeedbackSlot>3</FeedbackSlot></Deregister></HttpFeedback>"
        )
        assert (await unit.tell(command(gone)))[0].get("status") == "OK"
        assert (await unit.tell(command(gone)))[0].get("status") == "Error"
        assert not unit.codec.news.wanted


async def test_a_slot_fails_after_refusals_until_it_is_enabled() -> None:
    async with receiver() as one, room(feedback_failures=2) as unit:
        one.status = 500
        await unit.tell(register(one.url, "/Event/Bookings/SyncRequired"))
        slot = unit.codec.slots.all()[3]
        for _ in range(3):
            unit.codec.news.event("Bookings/SyncRequired")
        await until(unit, lambda: slot.failed)
        status = await unit.get("/Status/HttpFeedback/Status")
        assert status.findtext("HttpFeedback/Status") == "Failed"
        assert len(unit.codec.posted) == 2
        one.status = 204
        enable = "<HttpFeedback><Enable><FeedbackSlot>3</FeedbackSlot></Enable></HttpFeedback>"
        await unit.tell(command(enable))
        unit.codec.news.event("Bookings/SyncRequired")
        await until(unit, lambda: len(unit.codec.posted) == 3)
        assert unit.codec.posted[-1].status == 204
        assert slot.failures == 0


async def test_nobody_there_counts_as_a_refusal() -> None:
    async with room(feedback_failures=1) as unit:
        await unit.tell(register("http://127.0.0.1:1/", "/Event"))
        unit.codec.news.event("Bookings/SyncRequired")
        await until(unit, lambda: bool(unit.codec.posted))
        assert unit.codec.posted[-1].status == 0
        assert unit.codec.slots.all()[3].failed


async def test_a_post_may_lie_about_its_serial_number() -> None:
    async with receiver() as one, room(posted_serial="OTHER") as unit:
        await unit.tell(register(one.url, "/Event/BootEvent"))
        unit.codec.reboot()
        told = await one.xml()
        assert told.findtext("Identification/SerialNumber") == "OTHER"
        assert told.findtext("BootEvent/Action") == "Restart"


async def test_slots_survive_a_restart_and_the_start_is_told_when_it_is_up() -> None:
    async with receiver() as one, room() as unit:
        await unit.tell(register(one.url, "/Event/BootEvent"))
        unit.codec.reboot(timedelta(seconds=90))
        unit.codec.life.tick()
        unit.clock.move(seconds=90)
        unit.codec.life.tick()
        assert (await one.xml()).find("BootEvent") is not None
        assert one.got.empty()


@pytest.mark.parametrize(("version", "status"), [("RoomOS 26.4.1", "Error"), ("ce9.15", "OK")])
async def test_room_os_26_takes_fifty_expressions_in_all(version: str, status: str) -> None:
    async with room(version=version) as unit:
        many = [f"/Event/Number{n}" for n in range(15)]
        for slot in (1, 2, 3):
            await unit.tell(register("http://127.0.0.1:9/", *many, slot=slot))
        answer = await unit.tell(register("http://127.0.0.1:9/", *many[:6], slot=4))
        assert answer[0].get("status") == status
        answer = await unit.tell(register("http://127.0.0.1:9/", *many, "/Event", slot=1))
        assert answer[0].get("status") == "Error"


async def test_tc_knows_no_format_and_registering_is_for_admins() -> None:
    text = register("http://127.0.0.1:9/", "/Event", more="<Format>XML</Format>")
    async with room(version="TC7.3.9") as unit:
        assert len(await unit.tell(text)) == 0
        text = register("http://127.0.0.1:9/", "/Event")
        assert (await unit.tell(text))[0].get("status") == "OK"
    async with room(users={"guest": User(password="x", roles=("User",))}) as unit:
        answer = await unit.tell(text, headers=login("guest", "x"))
        assert answer[0].get("status") == "Error"


@pytest.fixture
def made() -> Certificate:
    return self_signed(["127.0.0.1"], days=1, now=datetime.now(UTC))


@pytest.fixture
def context(made: Certificate, tmp_path: Path) -> ssl.SSLContext:
    file = tmp_path / "server.pem"
    file.write_bytes(made.pem + made.key)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(file)
    return found


async def test_a_certificate_is_verified_unless_that_is_turned_off(
    made: Certificate, context: ssl.SSLContext
) -> None:
    async with receiver(context) as one, room(feedback_failures=9) as unit:
        await unit.tell(register(one.url, "/Event/Bookings/SyncRequired"))
        for status in (0, 200, 200):
            count = len(unit.codec.posted)
            unit.codec.news.event("Bookings/SyncRequired")
            await until(unit, lambda count=count: len(unit.codec.posted) > count)  # type: ignore[misc]
            assert unit.codec.posted[-1].status == status
            if not count:
                await unit.control("PUT", "/authority", {"pem": made.pem.decode()})
            else:
                await unit.control("PUT", "/authority", {})
                unit.codec.configure("HttpFeedback/TlsVerify", "Off")
        told = await unit.control("GET", "/feedback")
        assert [post["status"] for post in told["posts"]] == [0, 200, 200]
