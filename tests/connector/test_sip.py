"""The driver for any SIP unit, against the simulated one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from connector.checkup import Tried
from connector.endpoint import Described, Dials, Order
from connector.endpoints import sip
from connector.endpoints.sip.unit import Unit
from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside, open_outside
from connector.secret import Secret
from connector.simulators.sip import Address, Agent, Meeting, Switches, serve
from rooms.join import DialString, dial_string
from tests.connector.endpoint_contract import ZOOM
from tests.fakes.virtual import VirtualClock, in_virtual_time

DIAL = dial_string(ZOOM, ["sip"])
assert DIAL is not None


class Site(NamedTuple):
    """A unit, a meeting that it reaches, and where both are."""

    agent: Agent
    meeting: Meeting
    room: Address
    away: Address


@asynccontextmanager
async def opened(**switches: Any) -> AsyncIterator[Site]:
    agent, meeting = Agent(switches=Switches(**switches)), Meeting()
    async with serve(agent) as room, serve(meeting) as away:
        agent.route = away
        yield Site(agent, meeting, room, away)


@asynccontextmanager
async def looked_after(site: Site, **more: Any) -> AsyncIterator[Unit]:
    async with (
        open_outside(VirtualClock()) as outside,
        sip.connect(options(site, **more), outside) as unit,
    ):
        yield unit


def options(site: Site, **more: Any) -> sip.Options:
    usual: dict[str, Any] = {"address": str(site.room), "proxy": str(site.away)}
    return sip.Options(**{**usual, **more})


def order(dial: DialString = DIAL) -> Order:
    return Order(dial=dial, booking="b1")


async def until(true: Callable[[], object]) -> None:
    """Wait in virtual time."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it never came true")


def test_it_keeps_the_protocols_it_can() -> None:
    for protocol in (Dials, Described, Tried):
        assert issubclass(Unit, protocol)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("tells", ["as_asked", "always", "never"])
def test_a_told_unit_calls_exactly_what_is_dialled(transport: str, tells: str) -> None:
    async def told() -> None:
        async with opened(tells=tells) as site, looked_after(site, transport=transport) as unit:
            await unit.dial(order())
            await until(lambda: site.meeting.joined)
            assert site.meeting.joined == [f"sip:{ZOOM.sip}"] == site.agent.called
            (refer,) = (one for one in site.agent.requests if one.method == "REFER")
            assert refer.transport == transport
            assert refer.text["Refer-To"] == f"<sip:{ZOOM.sip}>"
            assert refer.text["Refer-Sub"] == "false"
            assert "norefersub" in refer.text["Supported"]
            assert refer.text["Referred-By"] == "<sip:bridge@127.0.0.1>"
            assert not site.agent.unknown

    in_virtual_time(told())


def test_what_the_unit_tells_of_its_call_is_told_on_and_then_nobody_knows() -> None:
    async def told() -> None:
        async with opened(tells="always", refer="ask") as site, looked_after(site) as unit:
            await unit.dial(order())
            calls = await unit.calls()
            assert calls is not None
            assert [(one.state, one.booking) for one in calls] == [("dialling", "b1")]
            site.meeting.switches.rings = 10
            site.agent.pressed.put_nowait(True)
            await asyncio.sleep(5)
            calls = await unit.calls()
            assert calls is not None
            assert [one.state for one in calls] == ["ringing"]
            await asyncio.sleep(10)
            assert await unit.calls() is None

    in_virtual_time(told())


def test_no_said_on_the_screen_is_an_error_and_no_reason_to_call_otherwise() -> None:
    async def declined() -> None:
        async with opened(tells="always", refer="ask") as site, looked_after(site) as unit:
            site.agent.pressed.put_nowait(False)
            with pytest.raises(Malformed, match="declined") as caught:
                await unit.dial(order())
            assert caught.value.reason == "request_refused"
            assert [one.method for one in site.agent.requests] == ["REFER"]

    in_virtual_time(declined())


def test_a_meeting_that_does_not_answer_is_no_fault_of_the_unit() -> None:
    async def busy() -> None:
        async with opened(tells="always") as site, looked_after(site) as unit:
            site.meeting.switches.answers = 404
            with pytest.raises(Unavailable, match="the meeting did not take the call"):
                await unit.dial(order())

    in_virtual_time(busy())


@pytest.mark.parametrize("status", [403, 405, 420, 481, 489, 501, 603])
def test_a_unit_that_takes_no_orders_is_connected_by_the_bridge(status: int) -> None:
    async def connected() -> None:
        async with opened(refer=status) as site, looked_after(site) as unit:
            await unit.dial(order())
            calls = await unit.calls()
            assert calls is not None
            assert [(one.state, one.booking) for one in calls] == [("connected", "b1")]
            assert site.meeting.joined == [f"sip:{ZOOM.sip}"]
            await unit.hang_up()
            assert not await unit.calls()
            await unit.dial(order())
            asked = [one.method for one in site.agent.requests]
            assert asked.count("REFER") == 1, "what a unit refuses is kept in mind"

    in_virtual_time(connected())


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (403, Denied, "access_denied"),
        (404, NotFound, "not_found"),
        (486, Unavailable, "service_error"),
        (501, Malformed, "unsupported"),
        (503, Unavailable, "service_error"),
        (603, Malformed, "request_refused"),
    ],
)
def test_refusals_are_named_after_who_must_act(
    status: int, error: type[ConnectorError], reason: str
) -> None:
    async def refused() -> None:
        async with opened(refer=status) as site, looked_after(site, mode="refer") as unit:
            with pytest.raises(error) as caught:
                await unit.dial(order())
            assert caught.value.reason == reason
            assert "91234567890" not in f"{caught.value}{caught.value.fix}"

    in_virtual_time(refused())


def test_who_calls_by_itself_cannot_be_told_to_hang_up() -> None:
    async def told() -> None:
        async with opened() as site, looked_after(site) as unit:
            await unit.dial(order())
            with pytest.raises(Malformed) as caught:
                await unit.hang_up()
            assert caught.value.reason == "unsupported"
        async with opened() as site, looked_after(site, mode="3pcc") as unit:
            await unit.hang_up()

    in_virtual_time(told())


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "none"])
@pytest.mark.parametrize("mode", ["refer", "3pcc"])
def test_a_login_is_given_where_it_is_asked_for(algorithm: str, mode: str) -> None:
    async def signed() -> None:
        login = {"username": "bridge", "password": Secret('r"ight')}
        async with (
            opened(password='r"ight', algorithm=algorithm, stale=1) as site,
            looked_after(site, mode=mode, **login) as unit,
        ):
            await unit.dial(order())
            await until(lambda: site.meeting.joined)
            assert site.agent.gate.failures == 0

    in_virtual_time(signed())


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("mode", ["auto", "3pcc"])
def test_a_wrong_password_is_tried_once(mode: str) -> None:
    async def tried() -> None:
        login = {"username": "bridge", "password": Secret("wrong")}
        async with (
            opened(password="right") as site,
            looked_after(site, mode=mode, **login) as unit,
        ):
            with pytest.raises(Denied) as caught:
                await unit.dial(order())
            assert caught.value.reason == "credentials_refused"
            assert site.agent.gate.failures == 1

    in_virtual_time(tried())


def test_a_login_that_is_not_configured_is_said_to_be_missing() -> None:
    async def asked() -> None:
        async with opened(password="right") as site, looked_after(site) as unit:
            with pytest.raises(Denied) as caught:
                await unit.attempt()
            assert caught.value.reason == "credentials_missing"

    in_virtual_time(asked())


def test_it_can_be_tried_and_says_what_it_is() -> None:
    async def tried() -> None:
        async with opened() as site, looked_after(site) as unit:
            await unit.attempt()
            assert (await unit.facts()).product == "Simulated/1.0"
            assert {one.method for one in site.agent.requests} == {"OPTIONS"}

    in_virtual_time(tried())


def test_lost_packets_are_sent_again() -> None:
    async def lost() -> None:
        async with opened(lose=3) as site, looked_after(site) as unit:
            await unit.dial(order())
            await until(lambda: site.meeting.joined)
            assert site.agent.called == [f"sip:{ZOOM.sip}"]

    in_virtual_time(lost())


@pytest.mark.fault("endpoint_slow")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_an_answer_after_twenty_seconds_counts(transport: str) -> None:
    async def late() -> None:
        async with opened(late=19.5) as site, looked_after(site, transport=transport) as unit:
            await unit.dial(order())
            await until(lambda: site.agent.called)
            assert [one.method for one in site.agent.requests] == ["REFER"], "asked once"

    in_virtual_time(late())


@pytest.mark.fault("endpoint_half_open")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_silence_ends_after_half_a_minute(transport: str) -> None:
    async def silent() -> None:
        async with opened(refer="silent") as site, looked_after(site, transport=transport) as unit:
            with pytest.raises(Unavailable) as caught:
                await unit.dial(order())
            assert caught.value.reason == "timeout"
            assert 30 < asyncio.get_running_loop().time() < 40

    in_virtual_time(silent())


def test_nobody_there_is_unreachable() -> None:
    async def nobody() -> None:
        async with opened() as site:
            pass
        async with looked_after(site, transport="tcp") as unit:
            with pytest.raises(Unavailable) as caught:
                await unit.attempt()
            assert caught.value.reason == "unreachable"

    in_virtual_time(nobody())


@pytest.mark.parametrize(
    "dial",
    [
        DialString("h323", "162.255.37.11##91234567890"),
        DialString("sip", "a@example.com>\r\nX: y"),
        DialString("sip", "a@example.com?Replaces=x"),
        DialString("sip", "a b@example.com"),
        DialString("sip", ""),
    ],
)
def test_what_is_no_sip_address_is_never_sent(dial: DialString) -> None:
    async def refused() -> None:
        async with opened() as site, looked_after(site) as unit:
            with pytest.raises(Malformed):
                await unit.dial(order(dial))
            assert not site.agent.requests

    in_virtual_time(refused())


async def test_all_units_share_one_socket_and_the_last_one_closes_it(outside: Outside) -> None:
    async with opened() as site:
        async with sip.connect(options(site), outside) as one:
            async with sip.connect(options(site), outside) as two:
                assert one._ways.stack is two._ways.stack
                await one.attempt()
                await two.attempt()
                assert len({seen.text["Via"].split(";")[0] for seen in site.agent.requests}) == 1
            assert outside.shared
        assert not outside.shared


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"address": "a b"}, "address"),
        ({"address": "room@pbx"}, "address"),
        ({"address": "pbx", "aor": "room"}, "aor"),
        ({"address": "pbx", "proxy": "x:99999"}, "proxy"),
        ({"address": "pbx", "sender": "<sip:x@y>"}, "from"),
        ({"address": "pbx", "local": "name:5060"}, "local"),
        ({"address": "pbx", "username": "x"}, "password"),
        ({"address": "pbx", "password": Secret("x")}, "username"),
    ],
)
def test_settings_that_make_no_sense_are_said(settings: dict[str, Any], key: str) -> None:
    assert key in [named for named, _ in sip.Options(**settings).problems()]


@pytest.mark.parametrize("address", ["pbx.example.com", "10.0.0.7:5062", "[2001:db8::7]:5060"])
def test_addresses_are_hosts_with_or_without_a_port(address: str) -> None:
    settings = sip.Options(address=address, local="192.0.2.7:5062", aor="sip:room@pbx")
    assert not list(settings.problems())
    assert settings.host in {"pbx.example.com", "10.0.0.7", "2001:db8::7"}
