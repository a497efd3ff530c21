"""What callers want of one room system."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from bridge.health import Subject
from bridge.views.endpoint_shapes import DialOrder, NothingOrder, TonesOrder
from bridge.views.web import Problem
from connector import load
from connector.endpoint import Facade, PhoneCall
from connector.errors import Denied, Unavailable
from connector.secret import Secret
from tests.bridge.calling.world import CALL, Play, World
from tests.fakes.virtual import NOON

NOTHING = NothingOrder()


@dataclass
class Seen:
    """A unit that came for its calendar at noon."""

    last: datetime | None = NOON
    software: str = "Unit/1.0"
    bookings: int | None = 3
    refused: str = ""
    refused_at: datetime | None = None
    silent: bool = False


UNIT = Facade(username="kestrel", password=Secret("x"))


async def dial(world: World, **order: str) -> str:
    wanted = DialOrder(**order)  # type: ignore[arg-type]
    return (await world.desk.dial("fake", wanted, actor="control:root")).done


@pytest.mark.parametrize(
    ("address", "protocol", "dialled"),
    [
        ("room@example.com", "", ("sip", "room@example.com")),
        ("sip:room@example.com", "", ("sip", "room@example.com")),
        ("h323:gateway.example.com##123", "", ("h323", "gateway.example.com##123")),
        ("10.0.0.1##123#456", "", ("h323", "10.0.0.1##123#456")),
        ("room@example.com", "h323", ("h323", "room@example.com")),
    ],
)
def test_an_address_is_dialled_in_its_protocol(
    play: Play, address: str, protocol: str, dialled: tuple[str, str]
) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        more = {"protocol": protocol} if protocol else {}
        assert await dial(world, address=address, **more) == "dialled"
        (order,) = world.codec().dialled
        assert (order.dial.protocol, order.dial.address, order.booking) == (*dialled, "")
        (told,) = await world.audited()
        assert told == ("control:root", "endpoints.dial", "fake", "{}")

    play(story)


@pytest.mark.parametrize("address", ["", "no address", "a@b.c\r\nBye: x", "sip:", "x" * 400])
def test_what_is_no_address_is_not_dialled(play: Play, address: str) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        with pytest.raises(Problem, match="bad_body"):
            await dial(world, address=address)
        assert not world.codec().dialled

    play(story)


def test_a_system_in_a_call_dials_no_other_address(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().current = PhoneCall(id="1", state="ringing")
        with pytest.raises(Problem, match="endpoint_busy"):
            await dial(world, address="room@example.com")

    play(story)


def test_a_booking_is_dialled_by_its_rules(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        (booking,) = await world.keep(CALL)
        with pytest.raises(Problem, match="join_not_open"):
            await dial(world, booking=booking)
        await world.until(10)
        assert await dial(world, booking=booking) == "dialled"
        assert await dial(world, booking=booking) == "already"

    play(story)


def test_hanging_up_tones_and_what_a_kind_cannot_do(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        await dial(world, address="room@example.com")
        await world.desk.tones("fake", TonesOrder(digits="12#"), actor="a")
        await world.desk.hang_up("fake", NOTHING, actor="a")
        assert world.codec().sent == ["12#"]
        assert world.codec().current is None
        with pytest.raises(Problem, match="endpoint_unsupported"):
            await world.desk.push("fake", NOTHING, actor="a")
        with pytest.raises(Problem, match="unknown_endpoint"):
            await world.desk.hang_up("nobody", NOTHING, actor="a")

    play(story)


def test_a_push_has_one_that_refused_the_login_and_takes_no_list_signed_in_to(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().errors = [Denied("refused", reason="credentials_refused")]
        with pytest.raises(Problem, match="endpoint_denied"):
            await dial(world, address="room@example.com")
        assert (await world.desk.push("fake", NOTHING, actor="a")).done == "signed_in"
        assert await dial(world, address="room@example.com") == "dialled"

    play(story)


def test_what_fails_is_told_with_its_words_and_audited(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.codec().errors = [Unavailable("no connection", reason="unreachable", fix="look")]
        with pytest.raises(Problem, match="endpoint_unreachable") as caught:
            await world.desk.hang_up("fake", NOTHING, actor="a")
        assert caught.value.detail == "no connection; look"
        (told,) = await world.audited()
        assert "endpoint_unreachable" in told[3]
        error = world.desk.one("fake").last_error
        assert error is not None
        assert error.code == "unreachable"

    play(story)


def test_provisioning_needs_a_url_and_the_units_credentials(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        with pytest.raises(Problem, match="not_provisionable") as caught:
            await world.desk.provision("fake", NOTHING, actor="a")
        assert "public_url" in caught.value.detail
        assert "facade of endpoint fake" in caught.value.detail
        monkeypatch.setattr("tests.fakes.endpoints.FakeOptions.facade", UNIT, raising=False)
        await world.adopt(public_url="https://rooms.example.com/")
        done = await world.desk.provision("fake", NOTHING, actor="a")
        assert done.settings == ("calendar.url", "calendar.user")
        (calendar,) = world.codec().calendars
        assert calendar.url == "https://rooms.example.com/EWS/Exchange.asmx"
        assert calendar.mailbox == "kestrel@example.com"
        assert (await world.audited())[-1][1:3] == ("endpoints.provision", "fake")

    play(story)


def test_a_unit_that_reads_the_facade_is_provisioned_while_it_does(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        assert world.clock.now() == NOON
        await world.adopt()
        assert world.desk.one("fake").provisioned is None
        monkeypatch.setattr("tests.fakes.endpoints.FakeOptions.facade", UNIT, raising=False)
        assert world.desk.one("fake").provisioned is False
        assert world.desk.doubts("fake") == ["endpoint_unprovisioned"]
        seen = Seen()
        world.desk.visits = lambda _name: seen
        assert world.desk.one("fake").provisioned is True
        assert world.desk.doubts("fake") == []
        seen.silent = True
        assert world.desk.one("fake").provisioned is False

    play(story)


def test_the_notice_of_a_kind_is_there_until_it_is_acknowledged(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        driver = load.endpoint("fake")
        monkeypatch.setattr(driver, "acknowledge", "cisco_permitted_use")
        monkeypatch.setattr(driver, "notice", "read this")
        await world.adopt()
        notice = world.desk.one("fake").notice
        assert notice is not None
        assert (notice.acknowledge, notice.words) == ("cisco_permitted_use", "read this")
        await world.adopt(acknowledge=("cisco_permitted_use",))
        assert world.desk.one("fake").notice is None

    play(story)


def test_what_fails_of_a_system_stands_with_it_and_rooms_are_told_apart(play: Play) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        world.health.bad(Subject("endpoint", "fake"), "endpoint_unreachable")
        (one,) = await world.desk.every("kestrel")
        assert [trouble.code for trouble in one.health] == ["endpoint_unreachable"]
        assert await world.desk.every("heron") == []
        assert one.can == ("dials", "tones", "provisions")

    play(story)
