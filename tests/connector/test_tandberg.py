"""The driver for TANDBERG MXP, against small servers that speak as the reference says."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.checkup import Tried
from connector.endpoint import Described, Dials, Order, Shows, Tones
from connector.endpoints import tandberg
from connector.errors import ConnectorError, Malformed, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from rooms.join import DialString
from tests.connector.tandberg_unit import Mxp, over_http, over_telnet
from tests.connector.tcp_unit import listening

SIP = Order(dial=DialString("sip", "123@example.com"))
H323 = Order(dial=DialString("h323", "10.0.0.1##123"))


WAYS: list[Any] = [over_http, over_telnet]
ADMIN: dict[str, Any] = {"username": "admin", "password": Secret("right")}


@pytest.mark.parametrize("way", WAYS)
async def test_a_unit_is_told_to_dial_and_to_hang_up(outside: Outside, way: Any) -> None:
    unit = Mxp()
    async with way(outside, unit) as endpoint:
        for offered in (Dials, Tones, Tried):
            assert isinstance(endpoint, offered)
        assert not isinstance(endpoint, Shows)
        await endpoint.attempt()
        await endpoint.dial(SIP)
        assert unit.calls == ["123@example.com"]
        await endpoint.tones("12#")
        assert unit.tones == ["1", "2", "#"]
        await endpoint.hang_up()
        await endpoint.hang_up()
        assert unit.calls == []
        await endpoint.dial(H323)
        assert unit.calls == ["10.0.0.1##123"]


@pytest.mark.parametrize("as_elements", [True, False])
async def test_calls_are_read_in_both_forms(outside: Outside, *, as_elements: bool) -> None:
    unit = Mxp(as_elements=as_elements)
    async with over_http(outside, unit) as endpoint:
        assert await endpoint.calls() == []
        await endpoint.dial(SIP)
        calls = await endpoint.calls()
    assert [(one.state, one.direction) for one in calls] == [("connected", "out")]


async def test_over_telnet_calls_are_not_told(outside: Outside) -> None:
    async with over_telnet(outside, Mxp()) as endpoint:
        told: Dials = endpoint
        assert await told.calls() is None


async def test_a_unit_says_what_it_is(outside: Outside) -> None:
    async with over_http(outside, Mxp()) as endpoint:
        assert isinstance(endpoint, Described)
        facts = await endpoint.facts()
    assert (facts.product, facts.software, facts.way) == ("TANDBERG MXP", "F9.3.1", "http")


@pytest.mark.parametrize("way", WAYS)
async def test_a_login_is_given_where_it_is_asked_for(outside: Outside, way: Any) -> None:
    unit = Mxp(login=("admin", "right"))
    async with way(outside, unit, **ADMIN) as endpoint:
        await endpoint.dial(SIP)
    assert unit.calls


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("way", WAYS)
async def test_a_result_that_is_no_success_is_told(outside: Outside, way: Any) -> None:
    async with way(outside, Mxp(result="Error")) as endpoint:
        with pytest.raises(Malformed) as caught:
            await endpoint.dial(SIP)
    assert caught.value.reason == "request_refused"


@pytest.mark.fault("endpoint_error_inside", "endpoint_control_characters")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<Command/>", "request_refused"),
        (b"<html><body>Sign in", "not_xml"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Command>&a;</Command>", "not_xml"),
        (b"\x07<Command><DialResult status='OK'/></Command>", ""),
    ],
)
async def test_odd_answers_are_told_apart(outside: Outside, body: bytes, reason: str) -> None:
    async with over_http(outside, Mxp(body=body)) as endpoint:
        if not reason:
            await endpoint.dial(SIP)
            return
        with pytest.raises(Malformed) as caught:
            await endpoint.dial(SIP)
    assert caught.value.reason == reason


@pytest.mark.parametrize("status", [500, 404])
async def test_other_statuses_are_errors_too(outside: Outside, status: int) -> None:
    async with over_http(outside, Mxp(status=status)) as endpoint:
        with pytest.raises(ConnectorError):
            await endpoint.dial(SIP)


@pytest.mark.fault("endpoint_half_open")
async def test_a_silent_unit_is_given_up(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tandberg, "ERRAND_LIMIT", 0.3)

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as port:
        options = tandberg.Options(address=f"127.0.0.1:{port}", transport="telnet")
        async with tandberg.connect(options, outside) as endpoint:
            with pytest.raises(Unavailable) as caught:
                await endpoint.dial(SIP)
    assert caught.value.reason == "timeout"


@given(st.binary(max_size=300))
def test_any_bytes_are_xml_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        tandberg.calls_of(tandberg.xml(body))


PROBLEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({"address": "http://10.0.0.1", "transport": "telnet"}, ["address"]),
    ({"address": "10.0.0.1/x"}, ["address"]),
    ({"address": "10.0.0.1", "username": "a"}, ["password"]),
    ({"address": "10.0.0.1", "password": Secret("a")}, ["username"]),
    ({"address": "10.0.0.1", "password": Secret("a"), "transport": "telnet"}, []),
]


@pytest.mark.parametrize(("given_", "keys"), PROBLEMS, ids=str)
def test_settings_that_cannot_work_are_told(given_: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in tandberg.Options(**given_).problems()] == keys
