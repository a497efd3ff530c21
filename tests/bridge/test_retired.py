"""What displays and callers are told of a room that is no longer in use, or has another id."""

from typing import Any

import pytest

from rooms.changeover import Changeover
from tests.bridge.conftest import Client, Views
from tests.bridge.test_stream import listening
from tests.bridge.test_views import code

ROOM = "/api/v1/rooms/kestrel"


def retire(views: Views) -> None:
    """Take kestrel out of the inventory."""
    views.house.rooms = {name: one for name, one in views.house.rooms.items() if name != "kestrel"}
    views.house.retired = {"kestrel": "kestrel@example.com"}
    views.hub.gone("kestrel")


@pytest.mark.parametrize("path", ["", "/agenda", "/display", "/stream", "/calendar.ics"])
async def test_everything_of_a_retired_room_is_gone(
    client: Client, views: Views, path: str
) -> None:
    door = await views.token(room="kestrel")
    retire(views)
    told = await code(client, "GET", ROOM + path, headers=door)
    assert told == (410, "room_retired")
    assert await code(client, "GET", ROOM + path) == (410, "room_retired")


async def test_a_display_is_told_though_nothing_is_remembered_of_its_room(
    client: Client, views: Views
) -> None:
    door = await views.token(room="kestrel")
    retire(views)
    views.house.retired = {}
    assert await code(client, "GET", f"{ROOM}/agenda", headers=door) == (410, "room_retired")
    assert await code(client, "GET", f"{ROOM}/agenda") == (404, "unknown_room")


async def test_displays_of_other_rooms_hear_nothing_of_it(client: Client, views: Views) -> None:
    other = await views.token(room="heron")
    retire(views)
    assert await code(client, "GET", f"{ROOM}/agenda", headers=other) == (403, "forbidden")


async def test_its_streams_end_at_once(client: Client, views: Views) -> None:
    door = await views.token(room="kestrel")
    async with listening(client, **door) as listener:
        await listener.next()
        retire(views)
        assert await listener.ended()


async def test_its_page_says_so_in_the_language_of_the_browser(
    client: Client, views: Views
) -> None:
    door = await views.token(room="kestrel")
    retire(views)
    async with client.get("/display/kestrel", headers=door | {"Accept-Language": "de"}) as answer:
        assert answer.status == 410
        text = await answer.text()
    assert "Dieser Raum wird nicht mehr genutzt" in text
    assert "<script" not in text


async def test_electronic_ink_shows_that_and_no_meeting(client: Client, views: Views) -> None:
    door = await views.token(room="kestrel")
    retire(views)
    async with client.get(f"{ROOM}/panel.png", headers=door) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert answer.headers["Agenda-As-Of"] == "never"
    async with client.get(
        f"{ROOM}/panel.png", headers=door | {"If-None-Match": answer.headers["ETag"]}
    ) as answer:
        assert answer.status == 304


async def test_the_page_of_a_room_with_another_id_leads_there(client: Client, views: Views) -> None:
    door = await views.token(room="kestrel")
    views.house.rooms = {"hawk": views.house.rooms["kestrel"], "heron": views.house.rooms["heron"]}
    views.tokens.follow(Changeover(renamed={"kestrel": "hawk"}))
    assert await code(client, "GET", f"{ROOM}/agenda", headers=door) == (403, "forbidden")
    more: dict[str, Any] = {"headers": door, "allow_redirects": False}
    async with client.get("/display/kestrel", **more) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/display/hawk"
