"""A codec over SSH: for units whose web interface is switched off."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from connector.endpoint import Order
from connector.endpoints import cisco
from connector.endpoints.cisco.talk import SSH_FOR
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.lines import SshTrust, presented
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.cisco import Address, Codec, Fault, serve
from rooms.join import DialString
from tests.connector.cisco_units import Screen, codec, comes, device, options, trust
from tests.connector.endpoint_contract import ListsContract, ShowsContract, agenda, booking
from tests.fakes.virtual import FixedClock

__all__ = ["codec", "device"]  # fixtures

NOWHERE = "http://127.0.0.1:9"
ORDER = Order(dial=DialString("sip", "91234567890@zoomcrc.com"), booking="one", title='A "B" \\ C')


@pytest.fixture
async def address(codec: Codec) -> AsyncIterator[Address]:
    async with serve(codec, ssh=0) as served:
        yield served


@pytest.fixture
async def endpoint(outside: Outside, address: Address) -> AsyncIterator[Any]:
    settings = options(address, transport="ssh", ssh=trust(address))
    async with cisco.connect(settings, outside) as opened:
        yield opened


class TestOverSsh(ShowsContract, ListsContract):
    """What a codec is told by Bookings Put in its terminal."""


async def test_all_that_is_asked_goes_over_the_terminal(codec: Codec, endpoint: Any) -> None:
    await endpoint.attempt()
    await endpoint.show(agenda(booking("one")))
    assert await endpoint.lists(agenda(booking("one")))
    await endpoint.dial(ORDER)
    assert [call.booking_id for call in codec.calls.all()] == ["one"]
    assert [call.booking for call in await endpoint.calls()] == ["one"]
    await endpoint.hang_up()
    facts = await endpoint.facts()
    assert (facts.way, facts.serial) == ("ssh", codec.serial)
    assert {seen.method for seen in codec.requests} == {"SSH"}


async def test_a_title_that_a_terminal_would_take_for_lines_arrives(
    codec: Codec, endpoint: Any
) -> None:
    title = "one\u2028two\x85three"
    await endpoint.show(agenda(booking("one", title=title)))
    assert codec.bookings[0].title == title


async def test_each_session_is_ended(codec: Codec, endpoint: Any) -> None:
    for _ in range(3):
        await endpoint.facts()
    await comes(lambda: not codec.lines)


async def test_nothing_is_listened_to_over_ssh(codec: Codec, endpoint: Any) -> None:
    await endpoint.attend(lambda _: None)
    assert not codec.requests


async def test_a_unit_without_web_interface_is_reached_over_ssh_and_that_is_remembered(
    codec: Codec, outside: Outside, address: Address, device: Screen
) -> None:
    settings = options(address, address=NOWHERE, ssh=trust(address))
    async with cisco.connect(settings, outside) as unit:
        endpoint: Any = unit
        await endpoint.show(agenda(booking("one")))
        assert device.listed()
        assert (await endpoint.facts()).way == "ssh"
        codec.reboot()
        codec.faults.add(Fault(kind="drop", path="ssh/", times=None))
        with pytest.raises(Unavailable):
            await endpoint.show(agenda(booking("one")))
        codec.faults.clear()
        await endpoint.show(agenda(booking("one")))
        assert device.listed()


async def test_after_an_hour_over_ssh_the_web_interface_is_asked_again(
    codec: Codec, outside: Outside, address: Address, clock: FixedClock
) -> None:
    settings = options(address, ssh=trust(address))
    async with cisco.connect(settings, outside) as unit:
        endpoint: Any = unit
        endpoint._talk._over_ssh = True
        endpoint._talk._ssh_until = clock.monotonic() + SSH_FOR
        assert (await endpoint.facts()).way == "ssh"
        clock.move(timedelta(seconds=SSH_FOR))
        await endpoint.show(agenda(booking("one")))
        assert (await endpoint.facts()).way == "put"


async def test_a_unit_without_web_interface_and_without_a_known_key_says_what_is_missing(
    outside: Outside, address: Address, codec: Codec
) -> None:
    async with cisco.connect(options(address, address=NOWHERE), outside) as unit:
        endpoint: Any = unit
        with pytest.raises(Unavailable) as caught:
            await endpoint.show(agenda(booking("one")))
    assert caught.value.reason == "unreachable"
    assert "`ssh`" in caught.value.fix
    assert not codec.requests


@pytest.mark.parametrize("transport", ["auto", "ssh"])
async def test_without_a_fingerprint_its_key_can_be_looked_at_and_nobody_signs_in(
    outside: Outside, address: Address, codec: Codec, transport: Any
) -> None:
    settings = options(
        address, address=NOWHERE, transport=transport, ssh=SshTrust(port=address.ssh_port)
    )
    assert not list(settings.problems())
    async with cisco.connect(settings, outside) as unit:
        endpoint: Any = unit
        for _ in range(2):
            with pytest.raises(Denied if transport == "ssh" else Unavailable) as caught:
                await endpoint.show(agenda(booking("one")))
    reasons = {"ssh": "certificate_untrusted", "auto": "unreachable"}
    assert caught.value.reason == reasons[transport]
    assert "`roombridge endpoints show`" in caught.value.fix
    assert not codec.requests
    key = await presented(outside, "127.0.0.1", address.ssh_port)
    assert key == trust(address).fingerprint


async def test_software_without_bookings_put_is_not_told_over_ssh(
    codec: Codec, endpoint: Any
) -> None:
    codec.upgrade("TC7.3.9")
    with pytest.raises(Malformed) as caught:
        await endpoint.show(agenda(booking("one")))
    assert caught.value.reason == "unsupported"


@pytest.mark.fault("endpoint_password")
async def test_a_wrong_password_is_tried_once(
    codec: Codec, outside: Outside, address: Address
) -> None:
    wrong = options(address, transport="ssh", ssh=trust(address), password=Secret("wrong"))
    async with cisco.connect(wrong, outside) as unit:
        endpoint: Any = unit
        for _ in range(3):
            with pytest.raises(Denied) as caught:
                await endpoint.show(agenda(booking("one")))
            assert caught.value.reason == "credentials_refused"
    assert len(codec.requests) == 1


@pytest.mark.fault("endpoint_certificate")
async def test_a_changed_host_key_is_not_told_the_password(
    codec: Codec, outside: Outside, address: Address
) -> None:
    other = SshTrust(port=address.ssh_port, fingerprint="SHA256:" + "A" * 43)
    async with cisco.connect(options(address, transport="ssh", ssh=other), outside) as unit:
        endpoint: Any = unit
        with pytest.raises(Malformed) as caught:
            await endpoint.show(agenda(booking("one")))
    assert caught.value.reason == "certificate_changed"
    assert not codec.requests


FAULTS: list[tuple[Fault, type[ConnectorError]]] = [
    (Fault(kind="drop", path="ssh/xCommand"), Unavailable),
    (Fault(kind="hang", path="ssh/xCommand"), Unavailable),
    (Fault(kind="malformed", path="ssh/xCommand"), Unavailable),
    (Fault(kind="huge", path="ssh/xCommand"), Malformed),
    (Fault(kind="error", path="ssh/xCommand", times=None), Malformed),
    (Fault(kind="parameter_error", path="ssh/xCommand", times=None), Malformed),
]


@pytest.mark.fault("endpoint_error_inside", "endpoint_half_open")
@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: str(value)[:30])
async def test_what_goes_wrong_in_the_terminal_is_one_of_the_four(
    codec: Codec,
    endpoint: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    kind: type[ConnectorError],
) -> None:
    monkeypatch.setattr("connector.endpoints.cisco.terminal.SECONDS", 0.5)
    codec.faults.add(fault)
    with pytest.raises(kind):
        await endpoint.show(agenda(booking("one")))
