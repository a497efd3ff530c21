"""What units and PBXs may do on the wire, by hand: forks, late answers, routes, odd notices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from connector.endpoints import sip
from connector.endpoints.sip.unit import Unit
from connector.errors import Malformed, Unavailable
from connector.outside import open_outside
from tests.connector.test_sip import order
from tests.fakes.sip import Wire, by_hand, field
from tests.fakes.virtual import VirtualClock, in_virtual_time

SDP = "Content-Type: application/sdp"


class Hands(NamedTuple):
    """A room, a meeting and the driver between them."""

    room: Wire
    meeting: Wire
    unit: Unit


@asynccontextmanager
async def hands(**more: Any) -> AsyncIterator[Hands]:
    async with by_hand() as room, by_hand() as meeting, open_outside(VirtualClock()) as outside:
        options = sip.Options(
            address=f"127.0.0.1:{room.port}", proxy=f"127.0.0.1:{meeting.port}", **more
        )
        async with sip.connect(options, outside) as unit:
            yield Hands(room, meeting, unit)


def contact(wire: Wire) -> str:
    return f"Contact: <sip:x@127.0.0.1:{wire.port}>"


def tag(text: str) -> str:
    return field(text, "To").rpartition("tag=")[2]


def test_an_answer_that_came_too_late_is_taken_back() -> None:
    async def late() -> None:
        async with hands(mode="3pcc") as (room, _, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            invite = await room.next("INVITE")
            room.answer(invite, "180 Ringing")
            await asyncio.sleep(0.1)
            await unit.hang_up()
            with pytest.raises(Unavailable):
                await dialling
            await room.next("CANCEL")
            room.answer(invite, "200 OK", contact(room), SDP, body="v=0\r\n")
            assert tag(await room.next("ACK")) == "room"
            bye = await room.next("BYE")
            assert tag(bye) == "room"
            room.answer(bye, "200 OK")

    in_virtual_time(late())


def test_a_call_is_not_cancelled_before_somebody_works_on_it() -> None:
    async def early() -> None:
        async with hands(mode="3pcc") as (room, _, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            invite = await room.next("INVITE")
            await unit.hang_up()
            with pytest.raises(Unavailable):
                await dialling
            await asyncio.sleep(0.1)
            assert not [one for one in room.got if one.startswith("CANCEL")]
            room.answer(invite, "100 Trying")
            cancel = await room.next("CANCEL")
            assert field(cancel, "Via") == field(invite, "Via")
            room.answer(cancel, "200 OK")
            room.answer(invite, "487 Request Terminated")
            assert field(await room.next("ACK"), "Via") == field(invite, "Via")

    in_virtual_time(early())


async def stood(room: Wire, meeting: Wire, *more: str) -> tuple[str, str]:
    """Answer both sides by hand; the two invitations."""
    first = await room.next("INVITE")
    room.answer(first, "200 OK", contact(room), SDP, body="v=0 room\r\n")
    second = await meeting.next("INVITE")
    assert second.endswith("v=0 room\r\n")
    meeting.answer(second, "200 OK", contact(meeting), SDP, *more, body="v=0 away\r\n")
    return first, second


def test_of_a_fork_one_stays_and_the_other_is_turned_away() -> None:
    async def forked() -> None:
        async with hands(mode="3pcc") as (room, meeting, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            _, second = await stood(room, meeting)
            await dialling
            await meeting.next("ACK")
            meeting.answer(second, "200 OK", contact(meeting), SDP, tag="other", body="v=0\r\n")
            assert tag(await meeting.next("ACK")) == "other"
            bye = await meeting.next("BYE")
            assert tag(bye) == "other"
            meeting.answer(bye, "200 OK")
            calls = await unit.calls()
            assert calls is not None
            assert [one.state for one in calls] == ["connected"]

    in_virtual_time(forked())


def test_a_unit_that_offers_no_media_cannot_be_connected() -> None:
    async def nothing() -> None:
        async with hands(mode="3pcc") as (room, meeting, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            room.answer(await room.next("INVITE"), "200 OK", contact(room))
            await room.next("ACK")
            room.answer(await room.next("BYE"), "200 OK")
            with pytest.raises(Malformed) as caught:
                await dialling
            assert caught.value.reason == "unsupported"
            assert not meeting.got

    in_virtual_time(nothing())


def test_an_answer_that_comes_again_is_confirmed_again() -> None:
    async def again() -> None:
        async with hands(mode="3pcc") as (room, meeting, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            first, _ = await stood(room, meeting)
            await dialling
            ack = await room.next("ACK")
            assert ack.endswith("v=0 away\r\n")
            room.answer(first, "200 OK", contact(room), SDP, body="v=0 room\r\n")
            assert await room.next("ACK") == ack

    in_virtual_time(again())


def test_who_stays_in_the_path_is_gone_through_and_who_does_not_is_not() -> None:
    async def routed() -> None:
        async with hands(mode="3pcc") as (room, meeting, unit), by_hand() as far, by_hand() as near:
            dialling = asyncio.create_task(unit.dial(order()))
            first = await room.next("INVITE")
            # The PBX stays out of the path: what follows goes to the unit itself.
            room.answer(first, "200 OK", contact(near), SDP, body="v=0 room\r\n")
            second = await meeting.next("INVITE")
            routes = [f"<sip:127.0.0.1:{port};lr>" for port in (1, far.port)]
            meeting.answer(
                second, "200 OK", "Contact: <sip:m@meet.invalid>", SDP,
                f"Record-Route: {', '.join(routes)}", body="v=0 away\r\n",
            )  # fmt: skip
            await dialling
            ack = await far.next("ACK sip:m@meet.invalid SIP/2.0")
            assert [one for one in ack.split("\r\n") if one.startswith("Route:")] == [
                f"Route: {route}" for route in reversed(routes)
            ]
            assert (await near.next("ACK")).endswith("v=0 away\r\n")
            ending = asyncio.create_task(unit.hang_up())
            for wire in (near, far):
                wire.answer(await wire.next("BYE"), "200 OK")
            await ending

    in_virtual_time(routed())


def notify(room: Wire, refer: str, body: str, state: str, *, event: str = "refer;id=1") -> None:
    """Tell how an ordered call goes; the unit's tag is `room`."""
    found = field(refer, "Contact")
    port = int(found.rpartition(":")[2].rstrip(">"))
    lines = [
        f"NOTIFY {found.strip('<>')} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{room.port};branch=z9hG4bK{hash((body, state, event))}",
        f"From: {field(refer, 'To')};tag=room",
        f"To: {field(refer, 'From')}",
        f"Call-ID: {field(refer, 'Call-ID')}",
        "CSeq: 7 NOTIFY",
        f"Event: {event}",
        f"Subscription-State: {state}",
        "Content-Type: message/sipfrag;version=2.0",
        f"Content-Length: {len(body)}",
        "",
        body,
    ]
    room.send("\r\n".join(lines), port)


def test_a_notice_may_come_before_the_answer_and_in_any_form() -> None:
    async def told() -> None:
        async with hands() as (room, _, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            refer = await room.next("REFER")
            notify(room, refer, "SIP/2.0 100 Trying", "active")
            assert "200" in await room.next("SIP/2.0")
            room.answer(refer, "202 Accepted", contact(room))
            notify(room, refer, "\r\nsip/2.0  183 Progress\r\nX: y\r\n", "Active;expires=60")
            await dialling
            calls = await unit.calls()
            assert calls is not None
            assert [one.state for one in calls] == ["ringing"]
            notify(room, refer, "nonsense", "active", event="presence")
            assert "489" in await room.next("SIP/2.0 4")
            notify(room, refer, "", "terminated;reason=timeout")
            await asyncio.sleep(0.1)
            assert await unit.calls() is None
            room.got.clear()
            notify(room, refer, "SIP/2.0 200 OK", "terminated")
            assert "481" in await room.next("SIP/2.0"), "nobody listens any more"

    in_virtual_time(told())


def test_a_call_that_failed_later_is_an_error_only_while_somebody_waits() -> None:
    async def failed() -> None:
        async with hands() as (room, meeting, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            refer = await room.next("REFER")
            room.answer(refer, "202 Accepted", contact(room))
            notify(room, refer, "SIP/2.0 486 Busy", "terminated")
            with pytest.raises(Unavailable, match="486"):
                await dialling
            assert not meeting.got, "the order was taken: nobody calls a second time"

    in_virtual_time(failed())


@pytest.mark.parametrize("body", ["", "\0", "SIP/2.0", "SIP/2.0 2000", "x" * 9000, "SIP/2.0 999 ?"])
def test_a_notice_that_says_nothing_changes_nothing(body: str) -> None:
    async def told() -> None:
        async with hands() as (room, _, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            refer = await room.next("REFER")
            room.answer(refer, "202 Accepted", contact(room))
            notify(room, refer, body, "active")
            assert "200" in await room.next("SIP/2.0")
            await dialling
            calls = await unit.calls()
            assert calls is not None
            assert [one.state for one in calls] == ["dialling"]

    in_virtual_time(told())


def test_a_unit_that_never_tells_the_end_is_not_listened_to_for_ever() -> None:
    async def told() -> None:
        async with hands() as (room, _, unit):
            dialling = asyncio.create_task(unit.dial(order()))
            room.answer(await room.next("REFER"), "202 Accepted", contact(room))
            await dialling
            assert await unit.calls()
            await asyncio.sleep(200)
            assert await unit.calls() is None
            assert not unit._ways.stack._hearers

    in_virtual_time(told())
