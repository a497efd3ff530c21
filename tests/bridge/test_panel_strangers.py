"""Pictures for electronic ink of what strangers write, and for who asks for too many."""

import asyncio
import threading

import pytest
from PIL import ImageFont

from bridge.views.faces import panel
from bridge.views.faces.drawing import Order
from bridge.views.faces.fonts import fonts_of
from bridge.views.faces.lettering import Lettering
from tests.bridge.conftest import Client, Views

PATH = "/api/v1/rooms/kestrel/panel.png"
MIXED = "aאбبΩ " * 60


def test_a_title_that_changes_its_script_with_each_letter_costs_no_more_than_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lettering = Lettering(fonts=fonts_of("en"), usual="ltr")
    asked = 0
    measure = ImageFont.FreeTypeFont.getlength

    def counted(font: ImageFont.FreeTypeFont, text: str, **more: str) -> float:
        nonlocal asked
        asked += 1
        return measure(font, text, **more)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(ImageFont.FreeTypeFont, "getlength", counted)
    lines = lettering.lines(MIXED, 31, 400, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(lettering.width(line, 31) <= 400 for line in lines)
    assert asked < 2 * len(MIXED)


@pytest.mark.parametrize("text", ["Weekly review of everything", MIXED, "W" * 90, "غرفة " * 30])
@pytest.mark.parametrize("width", [0, 7, 90, 333])
def test_as_much_of_a_text_stays_as_fits(text: str, width: int) -> None:
    lettering = Lettering(fonts=fonts_of("en"), usual="ltr")
    fits = lettering._fits(text, 20, width, bold=False)
    assert lettering.width(text[:fits], 20) <= width
    assert fits == len(text) or lettering.width(text[: fits + 1], 20) > width


async def test_who_asks_for_many_pictures_leaves_room_for_others(
    client: Client, views: Views
) -> None:
    goes_on = threading.Event()

    def slow(_order: Order) -> bytes:
        goes_on.wait(30)
        return b"picture"

    views.panels.draw = slow
    greedy, other = await views.token(room="kestrel"), await views.token(room="kestrel")

    async def ask(width: int, headers: dict[str, str]) -> int:
        answer = await client.get(PATH, params={"w": str(width)}, headers=headers)
        return answer.status

    asking = [asyncio.create_task(ask(200 + one, greedy)) for one in range(panel.SHARE + 3)]
    done, _ = await asyncio.wait(asking, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 3:
        done, _ = await asyncio.wait(asking, timeout=0.01)
    assert [one.result() for one in done] == [429] * 3
    others = asyncio.create_task(ask(300, other))
    goes_on.set()
    assert await others == 200
    assert sorted(await asyncio.gather(*asking)) == [200] * panel.SHARE + [429] * 3
    assert await ask(400, greedy) == 200
    assert not views.panels._waiting
