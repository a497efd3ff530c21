"""A codec over its WebSocket: what is said, what is heard, and every way in which it fails."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.checkup import Tried
from connector.endpoint import (
    Attended,
    CallsChanged,
    Connected,
    Described,
    Dials,
    Hears,
    Lists,
    Lost,
    Order,
    Shows,
    Tones,
)
from connector.endpoints import cisco
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.cisco import Address, Codec, Fault
from rooms.join import DialString
from tests.connector.attended_contract import AttendedContract
from tests.connector.cisco_units import (
    Screen,
    address,
    attended,
    codec,
    comes,
    device,
    endpoint,
    options,
)
from tests.connector.endpoint_contract import ZOOM, ListsContract, ShowsContract, agenda, booking

__all__ = ["address", "codec", "device", "endpoint"]  # fixtures

SIP = DialString("sip", "91234567890@zoomcrc.com")


class TestOverWebSocket(ShowsContract, ListsContract):
    """What a codec is told by Bookings Put over a WebSocket of its own each time."""

    @pytest.fixture
    async def endpoint(self, outside: Outside, address: Address) -> AsyncIterator[Any]:
        async with cisco.connect(options(address, transport="websocket"), outside) as opened:
            yield opened


class TestListening(AttendedContract):
    """What a codec tells over the WebSocket that stays open."""


def said(codec: Codec) -> list[str]:
    return [seen.path for seen in codec.requests if seen.method == "WS"]


def opened(codec: Codec) -> int:
    return sum(seen.path == "/ws" for seen in codec.requests)


def test_a_codec_keeps_every_protocol_but_provisioning(
    outside: Outside,
) -> None:
    unit = cisco.codec.Codec(cisco.Options(address="codec"), outside)
    for protocol in (Shows, Lists, Dials, Tones, Described, Attended, Hears, Tried):
        assert isinstance(unit, protocol), protocol


async def test_while_it_is_open_everything_goes_over_the_websocket(
    codec: Codec, endpoint: Any, device: Screen
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(Lost)
        codec.requests.clear()
        await endpoint.show(agenda(booking("one")))
        assert await endpoint.lists(agenda(booking("one")))
        await endpoint.dial(Order(dial=SIP, booking="one"))
        await endpoint.hang_up()
        assert (await endpoint.facts()).way == "websocket"
    assert {seen.method for seen in codec.requests} == {"WS"}
    assert "/ws/xCommand/Bookings/Put" in said(codec)
    assert [one.dial for one in device.listed()] == [ZOOM.sip]


async def test_after_each_connection_the_list_is_to_be_shown_again(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        assert await ear.hears(Connected) == Connected(up=True)
        assert await ear.hears(Lost) == Lost(why="connected")


async def test_the_whole_status_is_never_listened_to(codec: Codec, endpoint: Any) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        assert 0 < sum(map(len, codec.subscribed)) <= 15
        codec.news.tell({"Status": {"Audio": {"Volume": "51"}}})
        await ear.quiet(endpoint)
        assert not ear.heard


async def test_calls_are_told_as_they_change_and_their_end_loses_the_list(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        assert (await ear.hears(CallsChanged)).calls == ()
        await endpoint.dial(Order(dial=SIP, booking="one"))
        told = await ear.hears(CallsChanged, lambda told: bool(told.calls))
        assert [(call.direction, call.booking) for call in told.calls] == [("out", "one")]
        codec.calls.hang_up_all()
        await ear.hears(Lost, lambda lost: lost.why == "call_ended")
        await ear.hears(CallsChanged, lambda told: not told.calls)


@pytest.mark.fault("endpoint_reboot")
async def test_a_reboot_ends_the_connection_and_the_next_one_says_so(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.reboot()
        assert await ear.hears(Connected) == Connected(up=False)
        with pytest.raises(Unavailable) as caught:
            await ear.ends()
    assert caught.value.reason == "broken_off"
    async with attended(endpoint) as ear:
        assert (await ear.hears(Lost)).why == "connected"
        assert (await ear.hears(CallsChanged)).calls == ()


@pytest.mark.fault("endpoint_websocket_refused", "endpoint_password")
async def test_a_wrong_password_is_tried_once_and_never_again(
    codec: Codec, outside: Outside, address: Address
) -> None:
    wrong = options(address, password=Secret("wrong"), transport="websocket")
    async with cisco.connect(wrong, outside) as unit:
        endpoint: Any = unit
        for ask in (endpoint.attend, endpoint.attend):
            with pytest.raises(Denied) as caught:
                await ask(lambda _: None)
            assert caught.value.reason == "credentials_refused"
        with pytest.raises(Denied):
            await endpoint.show(agenda(booking("one")))
    assert [seen.status for seen in codec.requests] == [403]


@pytest.mark.fault("endpoint_password")
async def test_many_who_start_at_once_try_a_wrong_password_once(
    codec: Codec, outside: Outside, address: Address
) -> None:
    async with cisco.connect(options(address, password=Secret("wrong")), outside) as unit:
        endpoint: Any = unit
        tries = [
            endpoint.show(agenda(booking("one"))),
            endpoint.facts(),
            endpoint.attend(lambda _: None),
            endpoint.calls(),
        ]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(outcome, Denied) for outcome in outcomes)
    assert len(codec.requests) == 1


REFUSALS = [
    (401, Denied, "credentials_refused"),
    (403, Denied, "credentials_refused"),
    (502, Unavailable, "service_error"),
    (503, Unavailable, "throttled"),
    (504, Malformed, "unsupported"),
    (404, Malformed, "unsupported"),
    (200, Malformed, "unsupported"),
]


@pytest.mark.fault("endpoint_websocket_refused")
@pytest.mark.parametrize(("status", "kind", "reason"), REFUSALS)
async def test_every_refusal_of_the_upgrade_is_told_apart(
    codec: Codec,
    outside: Outside,
    address: Address,
    status: int,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    codec.faults.add(Fault(kind="status", status=status, path="/ws", times=None))
    async with cisco.connect(options(address, transport="websocket"), outside) as unit:
        endpoint: Any = unit
        with pytest.raises(kind) as caught:
            await endpoint.attend(lambda _: None)
    assert caught.value.reason == reason
    if status == 503:
        assert caught.value.retry_after == timedelta(seconds=60)


@pytest.mark.fault("endpoint_websocket_refused")
async def test_a_websocket_that_is_switched_off_leads_to_http_and_is_remembered(
    codec: Codec, endpoint: Any, device: Screen
) -> None:
    codec.configuration.change("NetworkServices/Websocket", "Off")
    async with attended(endpoint) as ear:
        await endpoint.show(agenda(booking("one")))
        await endpoint.show(agenda(booking("two")))
        assert (await endpoint.facts()).way == "put"
        assert not ear.heard
    assert opened(codec) == 1
    assert [one.id for one in device.listed()] == ["two"]


async def test_a_websocket_that_is_switched_on_is_found_after_the_unit_was_away(
    codec: Codec, endpoint: Any
) -> None:
    codec.configuration.change("NetworkServices/Websocket", "Off")
    async with attended(endpoint) as ear:
        await endpoint.show(agenda(booking("one")))
        codec.configuration.change("NetworkServices/Websocket", "FollowHTTPService")
        codec.faults.add(Fault(kind="drop", path="/putxml"))
        with pytest.raises(Unavailable):
            await endpoint.show(agenda(booking("one")))
        await ear.hears(Connected)


async def test_older_software_is_not_asked_for_a_websocket_it_has_switched_off(
    codec: Codec, endpoint: Any
) -> None:
    codec.upgrade("ce9.15.17.4")
    async with attended(endpoint):
        await endpoint.show(agenda(booking("one")))
    assert opened(codec) == 0


async def test_with_http_alone_and_no_hook_nothing_is_listened_to(
    codec: Codec, outside: Outside, address: Address
) -> None:
    async with cisco.connect(options(address, transport="http"), outside) as unit:
        endpoint: Any = unit
        await endpoint.attend(lambda _: None)
    assert not codec.requests


async def test_for_one_use_a_websocket_is_opened_and_closed_again(
    codec: Codec, outside: Outside, address: Address, device: Screen
) -> None:
    async with cisco.connect(options(address, transport="websocket"), outside) as unit:
        endpoint: Any = unit
        await endpoint.show(agenda(booking("one")))
        assert device.listed()
        assert opened(codec) == 1  # for the version and the list together
        await comes(lambda: not codec.lines)
        await endpoint.show(agenda())
        assert not device.listed()
        assert opened(codec) == 2


RPC = [
    (-31999, Denied, "access_denied"),
    (-31997, Unavailable, "service_error"),
    (-32603, Unavailable, "service_error"),
    (-32600, Malformed, "request_refused"),
    (-32700, Malformed, "request_refused"),
]


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize(("code", "kind", "reason"), RPC)
async def test_every_error_of_json_rpc_is_one_of_the_four(
    codec: Codec, endpoint: Any, code: int, kind: type[ConnectorError], reason: str
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.faults.add(Fault(kind="rpc", code=code, path="/ws/xCommand"))
        with pytest.raises(kind) as caught:
            await endpoint.show(agenda(booking("one")))
        assert caught.value.reason == reason


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("kind", ["malformed", "huge", "drop"])
async def test_messages_that_are_none_end_the_connection(
    codec: Codec, endpoint: Any, kind: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.faults.add(Fault(kind=kind, path="/ws/xCommand"))
        with pytest.raises((Malformed, Unavailable)):
            await endpoint.show(agenda(booking("one")))
        with pytest.raises((Malformed, Unavailable)):
            await ear.ends()
    await comes(lambda: not codec.lines)
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("code", [-32601, -32602, 1])
async def test_a_put_that_is_refused_leads_to_the_private_interface(
    codec: Codec, endpoint: Any, device: Screen, code: int
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.switch(private_api=True)
        codec.faults.add(Fault(kind="rpc", code=code, path="/ws/xCommand/Bookings"))
        await endpoint.show(agenda(booking("one")))
        assert codec.received[-1].path == "/bookingsputxml"
        assert (await endpoint.facts()).way == "private"


async def test_what_a_version_does_not_tell_is_left_out(codec: Codec, endpoint: Any) -> None:
    codec.faults.add(Fault(kind="rpc", code=-32602, path="/ws/xFeedback/Subscribe", times=2))
    async with attended(endpoint) as ear:
        await ear.hears(Connected)


@pytest.mark.fault("endpoint_websocket_refused")
async def test_a_codec_that_takes_no_subscription_is_tried_again_later(
    codec: Codec, endpoint: Any
) -> None:
    codec.faults.add(Fault(kind="rpc", code=-31998, path="/ws/xFeedback", times=None))
    with pytest.raises(Unavailable):
        await endpoint.attend(lambda _: None)


async def test_a_user_who_may_not_listen_at_all_is_told_so(codec: Codec, endpoint: Any) -> None:
    codec.faults.add(Fault(kind="rpc", code=-31999, path="/ws/xFeedback", times=None))
    with pytest.raises(Denied) as caught:
        await endpoint.attend(lambda _: None)
    assert caught.value.reason == "access_denied"


async def test_who_waits_for_an_answer_is_told_when_listening_ends(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.faults.add(Fault(kind="hang", path="/ws/xCommand"))
        push = asyncio.create_task(endpoint.show(agenda(booking("one"))))
        await comes(lambda: not codec.faults.all())
    with pytest.raises(Unavailable):
        await push


async def test_a_codec_that_was_upgraded_is_asked_for_its_version_again(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        codec.upgrade("RoomOS 10.19.4.2")
        with pytest.raises(Unavailable):
            await ear.ends()
    await endpoint.show(agenda(booking("one")))
    assert codec.received[-1].path == "/bookingsputxml"


async def test_nothing_follows_a_redirect_to_another_host(
    outside: Outside,
) -> None:
    seen: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(status=403)

    other = web.Application()
    other.router.add_get("/ws", elsewhere)
    async with TestServer(other) as there:

        async def redirect(_request: web.Request) -> web.Response:
            raise web.HTTPFound(there.make_url("/ws"))

        unit = web.Application()
        unit.router.add_get("/ws", redirect)
        async with TestServer(unit) as here:
            settings = cisco.Options(
                address=f"http://localhost:{here.port}",
                username="bridge",
                password=Secret("right"),
                transport="websocket",
            )
            async with cisco.connect(settings, outside) as made:
                endpoint: Any = made
                with pytest.raises((Denied, Malformed)):
                    await endpoint.attempt()
    assert not seen
