"""Agendas as bytes: made once for all who see the same, and not kept for those who only listen."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bridge.callers import Caller
from bridge.views import instants
from bridge.views.instants import LocalTimes
from bridge.views.rendered import Rendered
from tests.bridge.conftest import Client, Views
from tests.bridge.test_stream import listening
from tests.bridge.test_views import CALL, SECRET

DISPLAY = Caller(name="display", scopes=frozenset(["read", "write"]), room="kestrel")
ZONES = st.sampled_from(["Europe/London", "America/St_Johns", "Asia/Kathmandu", "UTC"])
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds UTC


def of_kestrel(views: Views) -> Rendered:
    """Its agenda as its display hears of it, perhaps without bytes."""
    return views.house.outline(views.house.rooms["kestrel"], DISPLAY, views.clock.now())


def asked(views: Views) -> Rendered:
    """The same as an answer."""
    return views.house.agenda(views.house.rooms["kestrel"], DISPLAY, views.clock.now())


@given(ZONES, st.lists(INSTANTS, max_size=5))
def test_an_instant_is_told_in_the_rooms_time(zone: str, found: list[datetime]) -> None:
    where = ZoneInfo(zone)
    times = LocalTimes(where)
    for instant in [*found, *found]:
        assert bytes(times[instant]) == msgspec.json.encode(instant.astimezone(where))


def test_only_so_many_instants_are_remembered() -> None:
    times, first = LocalTimes(ZoneInfo("Europe/London")), datetime(2026, 11, 23, tzinfo=UTC)
    for minute in range(3 * instants.KNOWN):
        times[first + timedelta(minutes=minute)]
        assert len(times) <= instants.KNOWN


async def test_a_stream_that_was_told_keeps_no_bytes(client: Client, views: Views) -> None:
    await views.keep(CALL)
    async with listening(client, **await views.token(room="kestrel")) as listener:
        told = await listener.next()
        assert of_kestrel(views).tail is None
        assert told["id"] == of_kestrel(views).etag
        await views.keep(CALL, SECRET)
        await listener.next()  # how old it was
        again = await listener.next()
        assert of_kestrel(views).tail is None
        assert again["id"] == of_kestrel(views).etag == asked(views).etag


async def test_what_was_asked_for_is_made_once(views: Views) -> None:
    await views.keep(CALL)
    first = asked(views)
    assert asked(views) is first
    await views.keep(CALL)
    later = asked(views)
    assert later.etag == first.etag
    assert later.tail is first.tail, "only the time of the read is another one"


async def test_bytes_that_are_made_again_are_the_same(views: Views) -> None:
    await views.keep(CALL, SECRET)
    now, first = views.clock.now(), asked(views)
    views.house.let_go("kestrel", DISPLAY)
    assert of_kestrel(views).tail is None
    again = asked(views)
    assert (again.etag, again.body(now)) == (first.etag, first.body(now))


async def test_an_outline_follows_the_time_of_the_read(views: Views) -> None:
    await views.keep(CALL)
    assert of_kestrel(views).tail is not None
    first = of_kestrel(views)
    views.clock.move(timedelta(minutes=1))
    await views.keep(CALL)
    later = of_kestrel(views)
    assert first.kept is not None
    assert later.kept is not None
    assert later.kept.as_of == first.kept.as_of + timedelta(minutes=1)
    assert (later.etag, later.tail) == (first.etag, None)
