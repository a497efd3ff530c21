"""Rounds of delta of the driver for Microsoft 365, against the simulated tenant."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.simulators.graph import Recurrence
from connector.sources.graph import marks, sensing
from tests.connector.graph_site import DAY, LONG, Site, played
from tests.fakes.sources import room


def test_a_first_baseline_gives_no_hints() -> None:
    async def work(site: Site) -> None:
        site.add()
        site.add(100)
        async with site.watching() as watch:
            await site.settled()
            assert not watch.hints
            assert not watch.beyonds
            assert not watch.failures

    played(work)


def test_the_first_baseline_waits_until_agendas_are_read() -> None:
    async def work(site: Site) -> None:
        async with site.watching():
            await asyncio.sleep(sensing.FIRST - 1)
            assert not site.tenant.journal.requests()

    played(work)


def test_a_change_that_is_served_is_a_hint_with_its_mark() -> None:
    async def work(site: Site) -> None:
        moved, gone = site.add(1), site.add(2)
        async with site.watching() as watch:
            await site.settled()
            changes: list[Callable[[], object]] = [
                lambda: site.add(3),
                lambda: site.kestrel.move(moved, site.tenant.now() + 4 * DAY),
                lambda: site.kestrel.edit(moved, subject="Renamed"),
                lambda: site.kestrel.delete(gone),
                lambda: site.kestrel.move(moved, site.tenant.now() + 90 * DAY),
            ]
            for number, change in enumerate(changes, start=1):
                change()
                await site.hinted(number)
            name, mark = watch.hints[-1]
            assert name == "kestrel"
            assert mark == watch.marks["kestrel"]
            assert not watch.hinted("osprey")

    played(work)


def test_a_change_beyond_is_told_and_gives_no_hint() -> None:
    async def work(site: Site) -> None:
        far = site.add(100)
        async with site.watching() as watch:
            await site.settled()
            changes: list[Callable[[], object]] = [
                lambda: site.add(200),
                lambda: site.kestrel.edit(far, subject="Renamed"),
                lambda: site.kestrel.delete(far),
            ]
            for number, change in enumerate(changes, start=1):
                before = len(watch.kept)
                change()
                await site.beyonds(number)
                assert len(watch.kept) == before + 1
            assert set(watch.beyonds) == {"kestrel"}
            assert not watch.hints

    played(work)


def test_a_series_is_told_wherever_it_is_changed() -> None:
    async def work(site: Site) -> None:
        series = site.add(-30, recurrence=Recurrence(type="daily"))
        async with site.watching():
            await site.settled()
            site.kestrel.edit(series, subject="Renamed")
            await site.hinted(1)
            day = (site.tenant.now() + 3 * DAY).date()
            site.kestrel.cancel(site.kestrel.on(series, day).id)
            await site.hinted(2)

    played(work)


def test_quiet_rooms_are_looked_at_and_nothing_is_told() -> None:
    async def work(site: Site) -> None:
        site.add()
        async with site.watching() as watch:
            await site.settled()
            await site.rounds(8)
            assert not watch.hints
            assert not watch.beyonds
            spent = site.outside.meter.spent
            assert spent["watch"] == len(site.asked()) + len(
                site.asked(mailbox="osprey@example.com")
            )
            assert not spent["read"]

    played(work)


def test_a_link_lasts_over_a_restart() -> None:
    async def work(site: Site) -> None:
        gone = site.add()
        async with site.watching():
            await site.settled()
        site.kestrel.delete(gone)
        baselines = sum("startDateTime" in one.query for one in site.asked())
        async with site.watching():
            await site.hinted(1)
        assert sum("startDateTime" in one.query for one in site.asked()) == baselines

    played(work)


def test_a_mark_never_overtakes_the_read_that_it_waits_for() -> None:
    async def work(site: Site) -> None:
        async with site.watching() as watch:
            await site.settled()
            watch.commits = False
            before = watch.marks["kestrel"]
            site.add()
            await watch.until(lambda: watch.hinted("kestrel"), LONG)
            site.add(100)
            await watch.until(lambda: watch.beyonds, LONG)
            await site.rounds(8)
            assert watch.marks["kestrel"] == before
            watch.commit("kestrel")
            site.add(100)
            kept = len(watch.kept)
            await watch.until(lambda: len(watch.kept) > kept, LONG)

    played(work)


def test_a_baseline_is_made_anew_each_week() -> None:
    async def work(site: Site) -> None:
        async with site.watching() as watch:
            await site.settled()
            (first,) = {one.query for one in site.asked() if "startDateTime" in one.query}
            await asyncio.sleep(7.5 * 86_400)
            second = {one.query for one in site.asked() if "startDateTime" in one.query} - {first}
            assert len(second) == 1
            assert not watch.hints

    played(work)


def test_a_wider_span_needs_a_new_baseline() -> None:
    async def work(site: Site) -> None:
        async with site.watching() as watch:
            await site.settled()
            before = len([one for one in site.asked() if "startDateTime" in one.query])
            watch.arrange(room(), past=timedelta(days=400))
            await site.rounds(3)
            assert len([one for one in site.asked() if "startDateTime" in one.query]) == before + 1

    played(work)


def test_what_comes_to_be_served_as_time_goes_by_is_known_when_it_is_removed() -> None:
    async def work(site: Site) -> None:
        later = site.add(11)  # served in five days
        async with site.watching() as watch:
            await site.settled()
            marked = marks.unpacked(watch.marks["kestrel"])
            assert marked is not None
            assert len(marks.known_of(marked)) == 1
            await asyncio.sleep(4.4 * 86_400)
            site.kestrel.delete(later)
            await site.hinted(1)

    played(work)


def test_rooms_come_and_go_and_change_their_mailbox() -> None:
    async def work(site: Site) -> None:
        merlin = site.tenant.add_mailbox("merlin@example.com")
        async with site.watching() as watch:
            await site.settled()
            watch.arrange(room(mailbox="merlin@example.com"))
            watch.marks.clear()
            await site.settled(1)
            asked = len(site.asked(mailbox="osprey@example.com"))
            site.add(to=merlin)
            await site.hinted(1)
            assert len(site.asked(mailbox="osprey@example.com")) == asked

    played(work)


def test_a_mark_of_another_mailbox_is_of_no_use() -> None:
    async def work(site: Site) -> None:
        async with site.watching() as watch:
            await site.settled()
        site.tenant.add_mailbox("merlin@example.com")
        watch.arrange(room(mailbox="merlin@example.com"))
        async with site.watching():
            await site.settled()
            await asyncio.sleep(3600)
        asked = site.asked(mailbox="merlin@example.com")
        assert "startDateTime" in asked[0].query

    played(work)


@pytest.mark.parametrize("raw", [b"", b"\xff\xff", b"\x93\x01\x02\x03"])
def test_a_mark_that_makes_no_sense_is_like_none(raw: bytes) -> None:
    async def work(site: Site) -> None:
        site.watch.marks["kestrel"] = raw
        async with site.watching() as watch:
            await watch.until(lambda: ("kestrel", watch.marks["kestrel"]) in watch.kept, LONG)

    played(work)


def test_every_page_carries_all_preferences() -> None:
    async def work(site: Site) -> None:
        for number in range(250):
            site.add(number / 100)
        async with site.watching():
            await site.settled()
            await site.rounds(1)
        pages = site.asked()
        assert len(pages) >= 4
        for page in pages:
            for wanted in ('IdType="ImmutableId"', "odata.maxpagesize=100", "timezone"):
                assert wanted in page.prefer

    played(work)


def test_twelve_meetings_a_day_make_a_mark_of_a_few_kilobytes() -> None:
    async def work(site: Site) -> None:
        for number in range(12 * 60):
            site.add(number / 12)
        async with site.watching() as watch:
            await site.settled()
            assert len(watch.marks["kestrel"]) < 5000

    played(work)


def test_nothing_is_ever_written_to_a_calendar() -> None:
    async def work(site: Site) -> None:
        site.add()
        async with site.watching():
            await site.settled()
            await site.rounds(4)
        assert {one.method for one in site.asked()} == {"GET"}

    played(work)
