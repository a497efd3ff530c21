"""Calls that the bridge connects: third-party call control (RFC 3725), against two user agents."""

import asyncio
from typing import Any

import pytest

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.secret import Secret
from connector.simulators.sip import Call, Phone
from rooms.join import DialString
from tests.connector.endpoint_contract import ZOOM
from tests.connector.test_sip import looked_after, opened, order, until
from tests.fakes.virtual import in_virtual_time

MODE: dict[str, Any] = {"mode": "3pcc"}


def only(phone: Phone) -> Call:
    (call,) = phone.calls.values()
    return call


def asked(phone: Phone) -> list[str]:
    return [one.method for one in phone.requests]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_each_end_gets_the_description_of_the_other(transport: str) -> None:
    async def connected() -> None:
        async with opened() as site, looked_after(site, transport=transport, **MODE) as unit:
            await unit.dial(order())
            await until(lambda: only(site.agent).state == "up" == only(site.meeting).state)
            room, away = only(site.agent), only(site.meeting)
            assert not site.agent.requests[0].text.body, "the unit offers"
            assert room.local == away.remote
            assert away.local == room.remote
            assert site.meeting.joined == [f"sip:{ZOOM.sip}"]
            assert asked(site.agent) == asked(site.meeting) == ["INVITE", "ACK"]

    in_virtual_time(connected())


@pytest.mark.parametrize("ender", ["agent", "meeting"])
def test_when_one_end_hangs_up_so_does_the_other(ender: str) -> None:
    async def ended() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            await unit.dial(order())
            phone: Phone = getattr(site, ender)
            assert await phone.hang_up(only(phone)) == 200
            await until(lambda: not site.agent.calls and not site.meeting.calls)
            assert await unit.calls() is None

    in_virtual_time(ended())


def test_leaving_ends_what_the_bridge_connected() -> None:
    async def left() -> None:
        async with opened() as site:
            async with looked_after(site, **MODE) as unit:
                await unit.dial(order())
            assert not site.agent.calls
            assert not site.meeting.calls

    in_virtual_time(left())


def test_hanging_up_while_it_rings_takes_the_call_back() -> None:
    async def rings() -> None:
        async with opened(rings=50) as site, looked_after(site, **MODE) as unit:
            await unit.dial(order())  # a unit that rings has taken the order
            assert asyncio.get_running_loop().time() < 25
            calls = await unit.calls()
            assert calls is not None
            assert [one.state for one in calls] == ["ringing"]
            await unit.hang_up()
            assert await unit.calls() is None
            await until(lambda: not site.agent.calls)
            assert asked(site.agent) == ["INVITE", "CANCEL", "ACK"]
            assert not site.meeting.requests

    in_virtual_time(rings())


def test_hanging_up_while_the_meeting_rings_leaves_nobody_in_a_call() -> None:
    async def rings() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            site.meeting.switches.rings = 15
            dialling = asyncio.create_task(unit.dial(order()))
            await until(lambda: site.meeting.requests)
            await asyncio.sleep(1)
            await unit.hang_up()
            with pytest.raises(Unavailable):
                await dialling
            await until(lambda: not site.agent.calls and not site.meeting.calls)
            assert asked(site.agent) == ["INVITE", "ACK", "BYE"]
            assert asked(site.meeting) == ["INVITE", "CANCEL", "ACK"]

    in_virtual_time(rings())


def test_a_room_that_hangs_up_while_the_meeting_rings_ends_that_too() -> None:
    async def left() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            site.meeting.switches.rings = 15
            dialling = asyncio.create_task(unit.dial(order()))
            await until(lambda: site.meeting.requests)
            await asyncio.sleep(1)
            await site.agent.hang_up(only(site.agent))
            with pytest.raises(Unavailable, match="hung up"):
                await dialling
            await until(lambda: not site.meeting.calls)
            assert asked(site.meeting) == ["INVITE", "CANCEL", "ACK"]

    in_virtual_time(left())


def test_whom_nobody_answers_is_not_rung_for_ever() -> None:
    async def rings() -> None:
        async with opened(rings=500) as site, looked_after(site, **MODE) as unit:
            await unit.dial(order())
            await asyncio.sleep(60)
            assert await unit.calls() is None
            assert "CANCEL" in asked(site.agent)

    in_virtual_time(rings())


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (403, Denied, "access_denied"),
        (404, NotFound, "not_found"),
        (486, Unavailable, "service_error"),
    ],
)
def test_a_unit_that_refuses_the_call_is_named_after_who_must_act(
    status: int, error: type[ConnectorError], reason: str
) -> None:
    async def refused() -> None:
        async with opened(answers=status) as site, looked_after(site, **MODE) as unit:
            with pytest.raises(error) as caught:
                await unit.dial(order())
            assert caught.value.reason == reason
            assert asked(site.agent) == ["INVITE", "ACK"]
            assert not site.meeting.requests

    in_virtual_time(refused())


@pytest.mark.parametrize("status", [401, 403, 404, 486, 503])
def test_a_meeting_that_refuses_leaves_nobody_in_a_call_and_blames_no_unit(status: int) -> None:
    async def refused() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            site.meeting.switches.answers = status
            with pytest.raises(Unavailable):
                await unit.dial(order())
            await until(lambda: not site.agent.calls)
            assert asked(site.agent) == ["INVITE", "ACK", "BYE"]

    in_virtual_time(refused())


def test_a_meeting_that_is_silent_leaves_nobody_in_a_call() -> None:
    async def silent() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            site.meeting.switches.lose = 1000
            with pytest.raises(Unavailable) as caught:
                await unit.dial(order())
            assert caught.value.reason == "timeout"
            await until(lambda: not site.agent.calls)

    in_virtual_time(silent())


@pytest.mark.parametrize("ender", ["agent", "meeting"])
@pytest.mark.parametrize("with_offer", [True, False])
def test_other_media_in_mid_call_reach_the_other_end(ender: str, with_offer: bool) -> None:
    async def changed() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            await unit.dial(order())
            phone: Phone = getattr(site, ender)
            other = site.meeting if phone is site.agent else site.agent
            before = only(other).remote
            assert await phone.change(only(phone), with_offer=with_offer) == 200
            await until(lambda: only(other).remote == only(phone).local)
            assert only(other).remote != before
            assert only(phone).remote == only(other).local
            assert asked(other)[-2:] == ["INVITE", "ACK"]

    in_virtual_time(changed())


def test_what_is_said_in_mid_call_reaches_the_other_end() -> None:
    async def said() -> None:
        async with opened() as site, looked_after(site, **MODE) as unit:
            await unit.dial(order())
            kind, body = "application/media_control+xml", "<media_control/>"
            assert await site.meeting.say(only(site.meeting), "INFO", kind, body) == 200
            last = site.agent.requests[-1]
            assert (last.method, last.text.body, last.text["Content-Type"]) == ("INFO", body, kind)
            assert await site.meeting.say(only(site.meeting), "REFER", "", "") == 501

    in_virtual_time(said())


def test_lost_packets_are_sent_again_on_both_sides() -> None:
    async def lost() -> None:
        async with opened(lose=2) as site, looked_after(site, **MODE) as unit:
            site.meeting.switches.lose = 2
            await unit.dial(order())
            site.agent.switches.lose = 1
            await until(lambda: only(site.agent).state == only(site.meeting).state == "up")
            await unit.hang_up()
            await until(lambda: not site.agent.calls and not site.meeting.calls)

    in_virtual_time(lost())


def test_without_a_proxy_a_meeting_is_called_directly_where_that_is_allowed() -> None:
    async def direct() -> None:
        async with opened() as site, looked_after(site, proxy="", **MODE) as unit:
            dial = DialString("sip", f"1.2@127.0.0.1:{site.away.port}")
            await unit.dial(order(dial))
            assert site.meeting.joined == [f"sip:1.2@127.0.0.1:{site.away.port}"]
            assert not [one for one in site.meeting.requests if one.text["Authorization"]]

    in_virtual_time(direct())


def test_a_meeting_that_asks_for_a_login_gets_none_of_the_site() -> None:
    async def asked_for() -> None:
        login = {"username": "bridge", "password": Secret("right")}
        async with opened() as site, looked_after(site, proxy="", **MODE, **login) as unit:
            site.meeting.switches.password = "right"
            dial = DialString("sip", f"1.2@127.0.0.1:{site.away.port}")
            with pytest.raises(Unavailable, match="the meeting"):
                await unit.dial(order(dial))
            assert not [one for one in site.meeting.requests if one.text["Authorization"]]
            assert site.meeting.gate.failures == 0

    in_virtual_time(asked_for())


def test_a_meeting_that_cannot_be_reached_is_no_riddle() -> None:
    async def outside_of_networks() -> None:
        async with opened() as site, looked_after(site, proxy="", **MODE) as unit:
            dial = DialString("sip", "1.2@meeting.invalid")
            with pytest.raises(Malformed) as caught:
                await unit.dial(order(dial))
            assert caught.value.reason == "unsupported"
            assert "proxy" in caught.value.fix
            assert not site.agent.calls

    in_virtual_time(outside_of_networks())
