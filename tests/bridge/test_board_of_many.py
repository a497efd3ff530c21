"""A board of all rooms of a company: made once a second for everybody, and nobody waits for it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.views import board
from bridge.views.rooms import SLICE
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock

PATH = "/api/v1/lists/north/board"
MANY = 1000


@pytest.fixture
def told(views: Views, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A company of many rooms; of which of them it was asked how they stand."""
    names = [f"r{number:04}" for number in range(MANY)]
    views.house.rooms = {name: room(name, lists=("north",), floor="1") for name in names}
    asked: list[str] = []
    look = board._room

    def noted(house: Any, one: Any, now: Any) -> Any:
        asked.append(one.id)
        return look(house, one, now)

    monkeypatch.setattr(board, "_room", noted)
    return asked


async def test_displays_of_many_rooms_share_what_is_made_in_a_second(
    client: Client, views: Views, told: list[str], clock: FixedClock
) -> None:
    callers = [await views.token(room=f"r{number:04}") for number in range(5)]

    async def ask(headers: dict[str, str]) -> Any:
        async with client.get(PATH, headers=headers) as answer:
            assert answer.status == 200
            return await answer.json()

    boards = await asyncio.gather(*map(ask, callers))
    assert sorted(told) == list(views.house.rooms)
    assert all([one["id"] for one in told_["rooms"]] == told for told_ in boards)
    clock.move(timedelta(seconds=1))
    await ask(callers[0])
    assert len(told) == 2 * MANY
    assert len(views.boards._making) == 1


async def test_others_have_their_turn_while_it_is_made(
    client: Client, views: Views, told: list[str]
) -> None:
    caller = await views.token(room="r0001")
    asking = asyncio.create_task(client.get(PATH, headers=caller))
    seen = {0}
    while not asking.done():
        seen.add(len(told))
        await asyncio.sleep(0)
    assert (await asking).status == 200
    assert len(seen) >= MANY // SLICE


async def test_a_board_that_failed_is_made_again(
    client: Client, views: Views, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(board, "_room", None)
        assert (await client.get(PATH)).status == 500
    assert (await client.get(PATH)).status == 200
    assert len(told) == MANY
