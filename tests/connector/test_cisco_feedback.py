"""A codec that posts to the bridge: registered, looked after, believed only with its serial."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from connector.endpoint import (
    BookingWanted,
    CallsChanged,
    CheckedIn,
    ExtensionWanted,
    Lost,
    Order,
    ReleaseWanted,
)
from connector.endpoints import cisco
from connector.endpoints.cisco import documents, feedback, notices
from connector.errors import Denied, Malformed
from connector.outside import Outside
from connector.simulators.cisco import Address, Codec, Fault, person
from connector.simulators.cisco.slots import Slot
from connector.watching import Call as Post
from connector.watching import Reply
from rooms.join import DialString
from tests.connector.attended_contract import AttendedContract
from tests.connector.cisco_units import address, attended, codec, comes, options
from tests.connector.endpoint_contract import HOUR, agenda, booking
from tests.fakes.virtual import NOON, FixedClock

__all__ = ["address", "codec"]  # fixtures

SIP = DialString("sip", "91234567890@zoomcrc.com")
SECRET = "h" * 43


class Hook:
    """Where the unit posts to: hands on to whoever hears."""

    def __init__(self) -> None:
        self.endpoint: Any = None
        self.url = URL()
        self.replies: list[Reply] = []
        self.refuses = False

    async def answer(self, request: web.Request) -> web.Response:
        post = Post(query={}, headers=dict(request.headers), body=await request.read())
        reply = Reply(status=500) if self.refuses else self.endpoint.hear(post)
        self.replies.append(reply)
        return web.Response(status=reply.status)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    application = web.Application()
    application.router.add_post("/hooks/cisco/{secret}", made.answer)
    async with TestServer(application) as server:
        made.url = server.make_url(f"/hooks/cisco/{SECRET}")
        yield made


@asynccontextmanager
async def posting(hook: Hook, outside: Outside, unit: Address, **more: Any) -> AsyncIterator[Any]:
    """An endpoint whose unit has no WebSocket, and can post."""
    settings = options(unit, **{"transport": "http", **more})
    async with cisco.connect(settings, replace(outside, hook=hook.url)) as endpoint:
        hook.endpoint = endpoint
        yield endpoint


@pytest.fixture
async def endpoint(hook: Hook, outside: Outside, address: Address) -> AsyncIterator[Any]:
    async with posting(hook, outside, address) as made:
        yield made


class TestListening(AttendedContract):
    """What a codec posts."""


async def test_it_registers_for_what_is_worth_having_and_takes_its_leave(
    codec: Codec, endpoint: Any, hook: Hook
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        slot = codec.slots.all()[1]
        assert slot.url == str(hook.url)
        assert "/Event/Bookings" in slot.expressions
        assert not {"/Status", "/Event", "/"} & set(slot.expressions)
        people = [one for one in slot.expressions if "RoomAnalytics" in one]
        assert sorted(people) == [
            "/Status/RoomAnalytics/PeopleCount/Current",
            "/Status/RoomAnalytics/PeoplePresence",
        ]
    assert not codec.slots.all()


@pytest.mark.parametrize("version", ["TC7.3.9", "ce9.15.17.4", "RoomOS 26.4.1"])
async def test_every_version_is_registered_in_its_words(
    codec: Codec, endpoint: Any, version: str
) -> None:
    codec.upgrade(version)
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        assert codec.slots.all()[1].format == "XML"


async def test_what_happens_at_the_unit_is_told(codec: Codec, endpoint: Any) -> None:
    codec.configuration.change("Bookings/AdhocBooking/Enabled", "True")
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        await endpoint.show(agenda(booking("two", 2)))
        person.touch(codec, "Bookings Book", Title="Stand-up", Duration="15")
        wish = await ear.hears(BookingWanted)
        assert (wish.start, wish.end - wish.start) == (NOON, HOUR / 4)
        assert wish.title == "Stand-up"
        codec.news.event("Bookings/SyncRequired")
        assert await ear.hears(Lost) == Lost(why="sync_required")
        codec.news.event("Standby/Reset", Delay="10")
        assert await ear.hears(Lost) == Lost(why="standby")
        await endpoint.show(agenda(booking("one", 0), booking("two", 2)))
        codec.news.event(
            "Bookings/ExtensionRequested",
            Id="one",
            Duration="15",
            NewEndTime="2026-11-23T13:15:00Z",
        )
        assert await ear.hears(ExtensionWanted) == ExtensionWanted(
            booking="one", end=NOON + HOUR * 1.25
        )
        codec.life.check_in(codec.bookings[0])
        assert (await ear.hears(CheckedIn)).booking == "one"


async def test_calls_are_read_when_the_unit_hints_at_them(codec: Codec, endpoint: Any) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        await endpoint.dial(Order(dial=SIP, booking="one"))
        await ear.hears(CallsChanged, lambda told: bool(told.calls))
        codec.calls.hang_up_all()
        await ear.hears(Lost, lambda lost: lost.why == "call_ended")


# --- a room given back


@pytest.mark.parametrize("cause", ["NoShow", "ManualCheckOut", "Deleted"])
async def test_a_booking_that_goes_alone_is_given_back(
    codec: Codec, endpoint: Any, cause: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        await endpoint.show(agenda(booking("one", 0), booking("two", 2)))
        codec.life.delete(codec.bookings[0], cause)
        assert await ear.hears(ReleaseWanted) == ReleaseWanted(booking="one", why=cause)


async def test_a_list_that_was_found_there_counts_like_one_that_was_shown(
    codec: Codec, endpoint: Any
) -> None:
    told = agenda(booking("one", 0))
    await endpoint.show(told)
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        assert await endpoint.lists(told)
        codec.life.delete(codec.bookings[0], "NoShow")
        assert (await ear.hears(ReleaseWanted)).booking == "one"


async def test_a_list_that_another_system_replaced_gives_no_room_back(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        await endpoint.show(agenda(booking("one", 0), booking("two", 2)))
        ear.heard.clear()
        first, second = codec.bookings
        codec.bookings = ()
        for one in (first, second):
            codec.life.delete(one, "Deleted")
        assert await ear.hears(Lost) == Lost(why="sync_required")
        assert await ear.hears(Lost) == Lost(why="sync_required")
        assert not ear.heard


async def test_the_only_booking_of_an_emptied_list_is_shown_again_and_not_given_back(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        await endpoint.show(agenda(booking("one", 0)))
        ear.heard.clear()
        codec.life.delete(codec.bookings[0], "Deleted")
        assert await ear.hears(Lost) == Lost(why="sync_required")
        assert not ear.heard


async def test_what_the_bridge_itself_took_off_the_list_is_not_given_back(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        await endpoint.show(agenda(booking("one", 0)))
        gone = codec.bookings[0]
        await endpoint.show(agenda())
        ear.heard.clear()
        codec.life.delete(gone, "NoShow")
        codec.news.event("Bookings/SyncRequired")
        assert await ear.hears(Lost) == Lost(why="sync_required")
        assert not ear.heard


# --- who posts


async def test_another_serial_number_is_not_believed(
    codec: Codec, endpoint: Any, hook: Hook, outside: Outside
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.switch(posted_serial="SOMEBODY")
        codec.news.event("Bookings/SyncRequired")
        await comes(lambda: hook.replies)
        assert not ear.heard
    assert [reply.status for reply in hook.replies] == [403]
    assert outside.meter.told["forged"] == 1


def test_a_post_before_anybody_listens_is_taken_and_dropped(
    outside: Outside,
) -> None:
    unit: Any = cisco.codec.Codec(cisco.Options(address="codec"), outside)
    body = b"<Event><Identification><SerialNumber>X</SerialNumber></Identification></Event>"
    assert unit.hear(Post(query={}, headers={}, body=body)).status == 200
    assert outside.meter.told["unknown"] == 1


@pytest.mark.fault("endpoint_control_characters")
@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b'{"Else": 1}', b"<a>" * 9999, b" " * (1 << 21)],
    ids=range(6),
)
def test_a_post_that_is_none_is_refused(outside: Outside, body: bytes) -> None:
    unit: Any = cisco.codec.Codec(cisco.Options(address="codec"), outside)
    assert unit.hear(Post(query={}, headers={}, body=body)).status == 400
    assert outside.meter.told["malformed"] == 1


async def test_posts_in_json_are_read_too(codec: Codec, endpoint: Any) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        slot = codec.slots.all()[1]
        slot.format = "JSON"
        codec.news.event("Bookings/SyncRequired")
        assert await ear.hears(Lost) == Lost(why="sync_required")


# --- the slot


async def test_a_slot_that_belongs_to_something_else_is_left_alone(
    codec: Codec, endpoint: Any, hook: Hook, outside: Outside, address: Address
) -> None:
    theirs = feedback_slot("https://tms.example.com/tms/public/feedback/code.aspx")
    codec.slots.register(1, theirs)
    with pytest.raises(Malformed) as caught:
        await endpoint.attend(lambda _: None)
    assert caught.value.reason == "feedback_slot_taken"
    assert "tms" not in str(caught.value)
    assert codec.slots.all()[1] is theirs
    async with (
        posting(hook, outside, address, feedback_slot=2) as other,
        attended(other) as ear,
    ):
        await ear.hears(CallsChanged)
        assert codec.slots.all()[2].url == str(hook.url)


def feedback_slot(url: str) -> Slot:
    return Slot(url=url, expressions=("/Event/Bookings",))


async def test_the_slot_of_before_the_last_start_is_used_again(
    codec: Codec, endpoint: Any, hook: Hook
) -> None:
    codec.slots.register(1, feedback_slot(str(hook.url.parent / "another-secret")))
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        assert codec.slots.all()[1].url == str(hook.url)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots are looked at as often as can be."""
    monkeypatch.setattr(feedback, "CHECK_EVERY", 0.001)


@pytest.mark.usefixtures("quick")
async def test_a_failed_slot_is_enabled_again_at_most_hourly(
    codec: Codec, endpoint: Any, hook: Hook, clock: FixedClock
) -> None:
    enabled: list[int] = []
    enable = codec.slots.enable

    def counted(number: int) -> bool:
        enabled.append(number)
        return enable(number)

    codec.slots.enable = counted  # type: ignore[method-assign]
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.slots.all()[1].failed = True
        await ear.hears(Lost)
        assert enabled == [1]
        codec.slots.all()[1].failed = True
        codec.requests.clear()
        await comes(lambda: len(codec.requests) > 5)
        assert enabled == [1]
        clock.move(HOUR)
        await ear.hears(Lost)
        assert enabled == [1, 1]


@pytest.mark.usefixtures("quick")
async def test_a_slot_that_was_emptied_is_taken_again(codec: Codec, endpoint: Any) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.slots.deregister(1)
        await ear.hears(Lost)
        assert 1 in codec.slots.all()


async def test_leaving_a_unit_that_is_gone_does_not_take_long(codec: Codec, endpoint: Any) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.faults.add(Fault(kind="drop", times=None))


@pytest.mark.fault("endpoint_password")
async def test_once_refused_a_slot_is_not_given_back_either(codec: Codec, endpoint: Any) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.faults.add(Fault(kind="sign_in"))
        with pytest.raises(Denied):
            await endpoint.show(agenda())
        seen = len(codec.requests)
    assert len(codec.requests) == seen


async def test_a_user_who_may_not_register_is_no_fault(codec: Codec, endpoint: Any) -> None:
    codec.faults.add(Fault(kind="unknown", path="/putxml"))
    async with attended(endpoint) as ear:
        await endpoint.facts()
        await comes(lambda: len(codec.requests) > 5)
        assert not ear.heard


def test_unknown_events_are_logged_once_by_name_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    told = {"Bookings": {"BrandNew": {"Title": "Secret plans"}}, "Elsewhere": {"Name": "Ada"}}
    for _ in range(3):
        assert not list(notices.read(documents.element("Event", told)))
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "BrandNew" in line]) == 1
    assert "Secret" not in caplog.text
    assert "Ada" not in caplog.text
