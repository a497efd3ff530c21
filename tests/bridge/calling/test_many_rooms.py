"""Many rooms that join by themselves at the same minute, whose systems answer nothing."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from bridge.settings.model import EndpointSettings
from rooms.agenda import Account, agenda_of
from rooms.model import Window
from rooms.room import AutoJoin
from tests.bridge.calling.world import CALL, MINUTE, Play, World
from tests.fakes.endpoints import FakeOptions
from tests.fakes.sources import room


@pytest.mark.fault("endpoint_half_open")
def test_a_room_whose_system_is_well_joins_in_time_however_many_are_silent(play: Play) -> None:
    async def story(world: World) -> None:
        policy = msgspec.structs.replace(room().policy, auto_join=AutoJoin(before=MINUTE))
        rooms = tuple(room(f"room-{number:03}", policy=policy) for number in range(200))
        settings = [
            EndpointSettings(id=one.id, kind="fake", room=one.id, options=FakeOptions())
            for one in rooms
        ]
        world.store.adopt(rooms)
        await world.dispatch.adopt(settings)
        world.joining.adopt(settings)
        *silent, well = world.drivers["fake"].made
        for codec in silent:
            codec.seconds = 10_000
        window = Window.around(world.clock.now(), timedelta(days=1), timedelta(days=7))
        async with world.auto.running():
            world.auto.adopt(rooms)
            for one in rooms:
                agenda, _ = agenda_of(one, [CALL], window=window, as_of=world.clock.now())
                await world.store.replace(one, agenda, Account())
                world.auto.changed(one.id)
            await world.until(9)
            await asyncio.sleep(10)
            assert len(well.dialled) == 1

    play(story)
