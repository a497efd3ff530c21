"""What every driver promises that makes a device call; a driver's test says how to build one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, ClassVar, Literal

import pytest

from connector.checkup import Tried
from connector.endpoint import Described, Dials, Order, Provisioned, Tones
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside, open_outside
from rooms.join import DialString
from tests.connector.endpoint_contract import ZOOM
from tests.connector.poly_unit import CALENDAR
from tests.fakes.virtual import FixedClock

assert ZOOM.sip
assert ZOOM.h323

ADDRESSES = [
    DialString("sip", ZOOM.sip),
    DialString("sip", "board.room-2_a+1~x@vc.example.com"),
    DialString("h323", ZOOM.h323),
    DialString("h323", "0044123"),
]

LONG = 10_000
Place = Literal["here", "nowhere", "by name"]
HOSTILE = {
    "line": "1@x.com\r\nxCommand SystemUnit Boot",
    "feed": "1@x.com\nhangup all",
    "return": "1@x.com\rreboot now",
    "separator": "1@x.com\u2028reboot\x85now",
    "quote": '1@x.com" "h323"',
    "escaped": '1@x.com\\" | resultId="7"',
    "bar": '1@x.com | resultId="7"',
    "nul": "1@x.com\x00reboot",
    "bell": "1@x.com\x07\x1b[2J",
    "telnet": "1@x.com\xff\xf4\xff\xfd",
    "word": "1@x.com CallRate: 64",
    "markup": "1@x.com</Number><Boot/>",
    "query": "1@x.com&key=CALLEND#x",
    "header": "1@x.com?Replaces=a%3Bb",
    "long": "1" * LONG + "@x.com",
    "empty": "",
    "unpaired": "1\ud800@x.com",
}


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A device, and the endpoint that the bridge has of it."""

    endpoint: Any
    dialled: Callable[[], Sequence[str]]
    """What the device called, as it understood it."""
    asked: Callable[[], int]
    """How often anything at all reached it."""
    refused: Callable[[], int] = lambda: 0
    """How often it refused a login."""
    tones: Callable[[], str] = lambda: ""
    """What it sent into calls."""


def harmless(address: str, dialled: str) -> bool:
    """Whether a device calls what was said, if need be without what no line can hold."""
    kept = "".join(one for one in address if one.isprintable())
    return dialled in {address, kept, address.replace("\ud800", "")}


def said(error: ConnectorError) -> str:
    """All that a person is told."""
    return f"{error} {error.fix} {error.reason}"


class CallingContract:
    """Subclasses bring `rig`, and say what is left out."""

    protocols: ClassVar[tuple[str, ...]] = ("sip", "h323")
    """What such a device can be told to call."""
    hangs_up: ClassVar[bool] = True

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        """A device whose password is `right`, and at which address it is said to be."""
        raise NotImplementedError

    @pytest.mark.parametrize("dial", ADDRESSES, ids=lambda dial: dial.address)
    async def test_an_order_arrives_with_exactly_the_dial_string(
        self, outside: Outside, dial: DialString
    ) -> None:
        async with self.rig(outside) as rig:
            assert isinstance(rig.endpoint, Dials)
            order = Order(dial=dial, booking="b1", title="Board")
            if dial.protocol not in self.protocols:
                with pytest.raises(Malformed):
                    await rig.endpoint.dial(order)
                assert not rig.dialled()
                return
            await rig.endpoint.dial(order)
            assert list(rig.dialled()) == [dial.address]

    async def test_hanging_up_ends_the_call_and_without_one_is_fine(self, outside: Outside) -> None:
        if not self.hangs_up:
            pytest.skip("such a unit is not told to hang up")
        async with self.rig(outside) as rig:
            await rig.endpoint.hang_up()
            await rig.endpoint.dial(Order(dial=ADDRESSES[0]))
            await rig.endpoint.hang_up()
            assert not await rig.endpoint.calls()
            await rig.endpoint.hang_up()

    @pytest.mark.fault("endpoint_control_characters")
    @pytest.mark.parametrize("kind", HOSTILE)
    @pytest.mark.parametrize("protocol", ["sip", "h323"])
    async def test_a_hostile_dial_string_is_refused_or_arrives_as_nothing_but_a_number(
        self, outside: Outside, kind: str, protocol: Any
    ) -> None:
        address = HOSTILE[kind]
        async with self.rig(outside) as rig:
            told = ""
            try:
                await rig.endpoint.dial(Order(dial=DialString(protocol, address)))
            except Malformed as error:
                told = said(error)
            assert all(harmless(address, one) for one in rig.dialled())
            assert len(rig.dialled()) == (0 if told else 1)
            assert not address or address not in told
            before = len(rig.dialled())
            if self.hangs_up:
                await rig.endpoint.hang_up()
            await rig.endpoint.dial(Order(dial=ADDRESSES[0]))
            assert len(rig.dialled()) in {1, before + 1}
            assert rig.dialled()[-1] == ADDRESSES[0].address

    async def test_a_unit_that_is_off_is_unavailable(self, outside: Outside) -> None:
        async with self.rig(outside, at="nowhere") as rig:
            with pytest.raises(Unavailable) as caught:
                await rig.endpoint.dial(Order(dial=ADDRESSES[0]))
            assert caught.value.reason == "unreachable"

    @pytest.mark.parametrize(("network", "reached"), [("10.0.0.0/8", False), ("127.0.0.0/8", True)])
    async def test_a_name_that_leads_outside_the_endpoint_networks_is_not_followed(
        self, clock: FixedClock, network: str, *, reached: bool
    ) -> None:
        async with (
            open_outside(clock, networks=[ip_network(network)]) as inside,
            self.rig(inside, at="by name") as rig,
        ):
            if reached:
                await rig.endpoint.dial(Order(dial=ADDRESSES[0]))
                assert rig.dialled()
                return
            with pytest.raises(Unavailable):
                await rig.endpoint.dial(Order(dial=ADDRESSES[0]))
            assert rig.asked() == 0

    async def test_it_says_what_it_is_in_few_words(self, outside: Outside) -> None:
        async with self.rig(outside) as rig:
            if not isinstance(rig.endpoint, Described):
                pytest.skip("such a unit does not say what it is")
            facts = await rig.endpoint.facts()
            assert facts.way
            for words in (facts.product, facts.software, facts.serial, facts.calendar):
                assert len(words) <= 200
            assert facts.product or facts.software

    async def test_every_tone_is_sent_in_order(self, outside: Outside) -> None:
        async with self.rig(outside) as rig:
            if not issubclass(type(rig.endpoint), Tones):
                pytest.skip("such a unit sends no tones")
            await rig.endpoint.dial(Order(dial=ADDRESSES[0]))
            await rig.endpoint.tones("0123456789*#")
            assert rig.tones() == "0123456789*#"


class SigningInContract(CallingContract):
    """The same of a device that asks for a login."""

    @pytest.mark.fault("endpoint_password")
    async def test_after_a_wrong_password_nothing_more_is_sent(self, outside: Outside) -> None:
        async with self.rig(outside, password="wrong") as rig:
            asks: list[Any] = [lambda: rig.endpoint.dial(Order(dial=ADDRESSES[0]))]
            asks += [rig.endpoint.hang_up] if self.hangs_up else []
            if isinstance(rig.endpoint, Described):
                asks.append(rig.endpoint.facts)
            if isinstance(rig.endpoint, Tones):
                asks.append(lambda: rig.endpoint.tones("1"))
            if isinstance(rig.endpoint, Tried):
                asks.append(rig.endpoint.attempt)
            if isinstance(rig.endpoint, Provisioned):
                asks.append(lambda: rig.endpoint.provision(CALENDAR))
            first, *rest = asks
            with pytest.raises(Denied) as caught:
                await first()
            assert caught.value.reason in {"credentials_refused", "access_denied"}
            assert "wrong" not in said(caught.value)
            assert rig.refused() == 1
            asked = rig.asked()
            for ask in (first, *rest):
                with suppress(Denied):  # where nothing need be sent, that is fine too
                    await ask()
            assert rig.asked() == asked
            assert not rig.dialled()


class ProvisionedContract:
    """Subclasses bring `rig`."""

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        """As in `CallingContract`."""
        raise NotImplementedError

    async def test_what_was_set_is_told_by_name_only(self, outside: Outside) -> None:
        async with self.rig(outside) as rig:
            assert isinstance(rig.endpoint, Provisioned)
            made = await rig.endpoint.provision(CALENDAR)
            assert made
            told = " ".join(made)
            for value in (CALENDAR.facade.password.reveal(), CALENDAR.mailbox):
                assert value not in told

    async def test_pointing_twice_is_fine(self, outside: Outside) -> None:
        async with self.rig(outside) as rig:
            assert await rig.endpoint.provision(CALENDAR) == await rig.endpoint.provision(CALENDAR)
