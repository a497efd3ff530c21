"""A room's other faces, as the program itself serves them."""

import io

import icalendar
import pytest
from PIL import Image

from tests.process.conftest import until
from tests.process.test_demo import Demo, demo

__all__ = ["demo"]  # a fixture


@pytest.mark.process
async def test_a_meeting_of_the_calendar_service_reaches_every_face(demo: Demo) -> None:
    room = f"{demo.told['api']}/rooms/kestrel"
    await demo.clear()
    await demo.book("Choir practice", -5)

    async def calendar() -> str:
        async with demo.http.get(f"{room}/calendar.ics") as answer:
            assert answer.status == 200
            return await answer.text()

    async def shown() -> bool:
        events = icalendar.Calendar.from_ical(await calendar()).walk("VEVENT")
        return [str(one["summary"]) for one in events] == ["Choir practice"]

    await until(shown)
    params = {"variant": "colour7", "w": "600", "h": "448"}
    async with demo.http.get(f"{room}/panel.png", params=params) as answer:
        assert answer.status == 200
        assert 60 <= int(answer.headers["Next-Wake"]) <= 1800
        with Image.open(io.BytesIO(await answer.read())) as picture:
            assert picture.size == (600, 448)
            inks = {colour for _, colour in picture.convert("RGB").getcolors() or ()}
        assert (255, 0, 0) in inks, "in use"
        etag = answer.headers["ETag"]
    again = {"If-None-Match": etag}
    async with demo.http.get(f"{room}/panel.png", params=params, headers=again) as answer:
        assert answer.status == 304
    async with demo.http.get(f"{demo.told['api']}/lists/harbour-house/board") as answer:
        states = {one["id"]: one["state"] for one in (await answer.json())["rooms"]}
    assert (len(states), states["kestrel"]) == (4, "busy")
    async with demo.http.get(f"{demo.told['api']}/lists/none/board") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_list")
