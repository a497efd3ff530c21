"""How a room stands, worked out by the page: against the same rules in plain Python."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from playwright.async_api import Browser

from bridge.views.render import Standing
from rooms.model import Agenda, Booking, Window
from tests.fakes.virtual import NOON
from tests.process.stage import MONDAY, Json, asked, booking, scene, staged

pytestmark = pytest.mark.browser

MINUTE = timedelta(minutes=1)
SOON = 10 * MINUTE
BATCHES, CASES = 6, 120

JUDGE = """
async (cases) => {
  const { read, stand } = await import("/static/display/standing.js");
  return cases.map(([bookings, at]) => {
    const { busy, current, next, until, soon, checkIn, state } = stand(read(bookings), new Date(at));
    return { busy, current: current && current.id, next: next && next.id, soon, state,
             until: until && until.getTime() / 1000, check_in: checkIn && checkIn.id };
  });
}
"""


class One(NamedTuple):
    """A booking, in minutes from an instant."""

    id: str
    start: int
    end: int
    all_day: bool
    show_as: str
    checked_in: bool
    check_in: tuple[int, int] | None

    def told(self) -> Json:
        """As the API tells it."""
        more: Json = {"id": self.id, "all_day": self.all_day, "show_as": self.show_as}
        if self.check_in:
            more |= asked(NOON, opens=self.check_in[0], until=self.check_in[1])
        start = NOON + self.start * MINUTE
        length = self.end - self.start
        return booking(start, length, checked_in=self.checked_in, **more)


def model(bookings: list[One]) -> Json:
    """How the room stands at minute 0, by sets of minutes rather than by walking along."""
    taken = [one for one in bookings if one.show_as == "busy" and one.start < one.end]
    running = [one for one in taken if one.start <= 0 < one.end]
    current = next((one for one in running if not one.all_day), running[0] if running else None)
    coming = [one for one in taken if one.start > 0]
    soonest = min(coming, key=lambda one: (one.start, one.all_day), default=None)
    minutes = {minute for one in taken for minute in range(one.start, one.end)}
    end = next((minute for minute in range(3000) if minute not in minutes), None)
    until = end if running else soonest and soonest.start
    waits = [
        one
        for one in taken
        if one.check_in and not one.checked_in and one.check_in[0] <= 0 < one.check_in[1]
    ]
    here = [one for one in waits if one in running] or waits
    check_in = min(here, key=lambda one: (one.start, one.all_day), default=None)
    soon = not running and soonest is not None and soonest.start * MINUTE <= SOON
    if check_in and (not running or check_in.start <= 0):
        state = "check_in"
    else:
        state = "busy" if running else "soon" if soon else "free"
    return {
        "busy": bool(running),
        "current": current and current.id,
        "next": soonest and soonest.id,
        "soon": soon,
        "state": state,
        "until": until if until is None else (NOON + until * MINUTE).timestamp(),
        "check_in": check_in and check_in.id,
    }


@st.composite
def agendas(draw: st.DrawFn) -> list[One]:
    """Up to seven bookings around an instant: back-to-back, overlapping, of no length, of days."""
    edges = st.sampled_from([-1500, -120, -60, -30, -1, 0, 1, 9, 10, 11, 30, 60, 600])
    found = []
    for number in range(draw(st.integers(0, 7))):
        start = draw(edges)
        length = draw(st.sampled_from([0, 1, 15, 30, 60, 90, 1440]))
        window = draw(st.none() | st.tuples(st.integers(-20, 5), st.integers(0, 20)))
        found.append(
            One(
                f"b{number}",
                start,
                start + length,
                draw(st.booleans()) and length == 1440,
                draw(st.sampled_from(["busy", "busy", "busy", "free"])),
                draw(st.booleans()),
                window,
            )
        )
    return sorted(found, key=lambda one: one.start)


def cases(seed: int) -> list[list[One]]:
    """Many agendas, the same for the same seed."""
    found: list[list[One]] = []

    @seeded(seed)
    @settings(
        max_examples=CASES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(agendas())
    def collect(bookings: list[One]) -> None:
        found.append(bookings)

    collect()
    return found


async def test_the_page_knows_how_the_room_stands(browser: Browser, tmp_path: Path) -> None:
    agendas_ = [one for seed in range(BATCHES) for one in cases(seed)]
    assert len(agendas_) >= BATCHES * CASES // 2
    asked_ = [[[one.told() for one in bookings], NOON.isoformat()] for bookings in agendas_]
    async with staged(browser, tmp_path) as stage:
        await stage.open(scene(MONDAY))
        found = await stage.page.evaluate(JUDGE, asked_)
    states = set()
    for bookings, told in zip(agendas_, found, strict=True):
        assert told == model(bookings), bookings
        states.add(told["state"])
    assert states == {"free", "busy", "soon", "check_in"}


@pytest.mark.parametrize("seed", range(3))
def test_the_model_agrees_with_the_bridge(seed: int) -> None:
    for bookings in cases(seed):
        real = [one for one in bookings if one.start < one.end]
        kept = [known(one) for one in real]
        window = Window(start=NOON - timedelta(days=3), end=NOON + timedelta(days=3))
        agenda = Agenda(room="kestrel", window=window, as_of=NOON, bookings=tuple(kept))
        standing = Standing(agenda, NOON)
        told = model(real)
        assert standing.busy == told["busy"]
        assert (standing.until and standing.until.timestamp()) == told["until"]


def known(one: One) -> Booking:
    """As the store has it."""
    more: Any = {"all_day": one.all_day, "blocks": one.show_as == "busy"}
    start, end = NOON + one.start * MINUTE, NOON + one.end * MINUTE
    return Booking(id=one.id, start=start, end=end, title="", organizer="", **more)


LOCAL = """
async (asked) => {
  const { hours, instant } = await import("/static/display/zone.js");
  return asked.map(([at, zone, days, hour]) => {
    const day = [instant(new Date(at), zone, { days }), instant(new Date(at), zone, { days: days + 1 })];
    return { at: instant(new Date(at), zone, { days, hours: hour }).toISOString(),
             hours: hours(day[0], day[1], zone).length };
  });
}
"""


DAYS = [
    ("2026-06-15T10:00Z", "Europe/London", 8, "2026-06-15T07:00", 25),
    ("2026-03-29T10:00Z", "Europe/London", 0, "2026-03-29T00:00", 24),  # 23 hours
    ("2026-03-29T10:00Z", "Europe/London", 8, "2026-03-29T07:00", 24),
    ("2026-10-25T10:00Z", "Europe/London", 0, "2026-10-24T23:00", 26),  # 25 hours
    ("2026-10-25T10:00Z", "Europe/London", 1, "2026-10-25T00:00", 26),  # the first of two
    ("2026-10-25T23:30Z", "Europe/London", 18, "2026-10-25T18:00", 26),
    ("2026-11-21T20:00Z", "Asia/Kolkata", 0, "2026-11-21T18:30", 25),
    ("2026-11-21T20:00Z", "America/St_Johns", 8, "2026-11-21T11:30", 25),
    ("2026-03-29T10:00Z", "Asia/Beirut", 0, "2026-03-28T22:00", 24),  # begins at one
    ("2026-11-01T12:00Z", "America/Havana", 0, "2026-11-01T04:00", 26),  # midnight twice
    ("2026-04-05T12:00Z", "Australia/Lord_Howe", 8, "2026-04-04T21:30", 25),
]
"""An instant, its zone, an hour of that day and when that is; full hours from midnight to midnight."""


async def test_days_have_as_many_hours_as_their_zone_gives_them(
    browser: Browser, tmp_path: Path
) -> None:
    questions = [[at.replace("Z", ":00Z"), zone, 0, hour] for at, zone, hour, _, _ in DAYS]
    async with staged(browser, tmp_path) as stage:
        await stage.open(scene(MONDAY))
        found = await stage.page.evaluate(LOCAL, questions)
    for (at, zone, hour, instant, hours), told in zip(DAYS, found, strict=True):
        then = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        assert datetime.fromisoformat(told["at"]) == then, (at, zone, hour)
        assert told["hours"] == hours, (at, zone, "both midnights count")
