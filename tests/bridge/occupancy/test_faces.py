"""How rooms stand, told at the instant when that changes, and only then."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.occupancy.faces import Face, Faces
from connector.endpoint import PhoneCall
from rooms.agenda import agenda_of
from rooms.model import Window
from tests.bridge.occupancy.test_presence import World, played
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CALL = (PhoneCall(id="1", state="connected"),)


def test_a_day_is_told_minute_by_minute_where_it_changes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        faces, told = Faces(world.house, world.clock), []
        faces.on_change.append(
            lambda name, face: told.append(
                (name, face.state, round((world.clock.now() - NOON) / MINUTE), face.stale)
            )
        )
        world.house.stale_after = 24 * HOUR
        running = asyncio.create_task(faces.run())
        faces.adopt([room()])
        assert told == [("kestrel", "unknown", 0, True)]
        await world.meet(NOON + HOUR, NOON + 2 * HOUR)
        faces.heard("kestrel")
        faces.heard("kestrel")
        faces.look("heron")
        await asyncio.sleep(5 * 3600)
        assert told[1:] == [
            ("kestrel", "free", 0, False),
            ("kestrel", "soon", 50, False),
            ("kestrel", "busy", 60, False),
            ("kestrel", "busy", 120, False),
            ("kestrel", "free", 180, False),
        ], "the second meeting begins as the first ends: there is no other one coming then"
        await asyncio.sleep(24 * 3600)
        assert told[-1] == ("kestrel", "free", 24 * 60, True)
        running.cancel()

    played(tmp_path, story)


def test_a_note_and_what_has_no_length_are_not_told_as_next(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        faces = Faces(world.house, world.clock)
        told: list[Face] = []
        faces.on_change.append(lambda _, face: told.append(face))
        events = [
            event("note", NOON + HOUR, 30, blocks=False),
            event("moment", NOON + HOUR, 0),
            event("talk", NOON + 2 * HOUR, 30),
        ]
        window = Window(start=NOON - 24 * HOUR, end=NOON + 24 * HOUR)
        agenda, account = agenda_of(room(), events, window=window, as_of=NOON)
        await world.store.replace(room(), agenda, account)
        faces.adopt([room()])
        assert [(one.state, one.until, one.next_start) for one in told] == [
            ("free", NOON + 2 * HOUR, NOON + 2 * HOUR)
        ]

    played(tmp_path, story)


def test_the_fault_of_one_room_ends_nothing_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        world.house.rooms = {name: room(name) for name in ("kestrel", "heron")}
        world.house.stale_after = 24 * HOUR
        faces = Faces(world.house, world.clock)
        told: list[tuple[str, str, int]] = []
        broken = True

        def tell(name: str, face: Face) -> None:
            minute = round((world.clock.now() - NOON) / MINUTE)
            if name == "kestrel" and minute >= 50 and broken:
                raise ValueError(name)
            told.append((name, face.state, minute))

        faces.on_change.append(tell)
        for one in (room("kestrel"), room("heron")):
            await world.meet(NOON + HOUR, of=one)
        faces.adopt([room("kestrel"), room("heron")])
        running = asyncio.create_task(faces.run())
        await asyncio.sleep(55 * 60)
        broken = False
        await asyncio.sleep(20 * 60)
        assert not running.done()
        assert sorted(told[2:], key=lambda one: one[2]) == [
            ("heron", "soon", 50),
            ("kestrel", "soon", 55),
            ("heron", "busy", 60),
            ("kestrel", "busy", 60),
        ]
        running.cancel()

    played(tmp_path, story)
    assert "face of room kestrel: ValueError" in caplog.text


def test_presence_is_part_of_a_face_and_rooms_that_nobody_wants_cost_nothing(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        faces: Faces = Faces(world.house, world.clock)
        told: list[Face] = []
        faces.on_change.append(lambda _, face: told.append(face))
        world.occupancy.called("codec", CALL)
        faces.look("kestrel")
        assert told == []
        faces.adopt([room()])
        faces.adopt([room()])
        assert [face.presence.state for face in told] == ["in_call", "in_call"]
        faces.adopt([])
        faces.look("kestrel")
        faces.heard("kestrel")
        assert len(told) == 2

    played(tmp_path, story)
