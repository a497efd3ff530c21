"""The PIN of a display: asked for what the policy names, and guessed in vain."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.displays.pins import FIRST_LOCK, LONGEST_LOCK, TRIES, WITHIN, Pins
from rooms.display import Offer
from tests.bridge.conftest import Client, Views
from tests.bridge.test_display_views import ACTS, BOOKINGS, let
from tests.bridge.test_views import code
from tests.fakes.virtual import FixedClock

PIN = "Display-Pin"
JOIN = f"{BOOKINGS}/x/join"
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def door(views: Views, client: Client) -> dict[str, str]:
    """The header of kestrel's display, whose joins need a PIN."""
    let(views, pin="4711", pin_for=("join",))
    return await views.token(room="kestrel")


async def typed(client: Client, door: dict[str, str], pin: str) -> tuple[int, str]:
    async with client.post(JOIN, headers=door | {PIN: pin}, json={}) as answer:
        return answer.status, (await answer.json()).get("code", "")


async def notes(views: Views) -> list[tuple[str, str, str]]:
    """What the audit log says of PINs."""
    return await views.database.change(
        lambda db: db.execute(
            "SELECT actor, object, detail FROM audit WHERE action = 'displays.pin_wrong'"
        ).fetchall()
    )


@pytest.mark.parametrize("offer", ACTS)
async def test_it_is_asked_of_displays_for_what_the_policy_names(
    views: Views, client: Client, offer: Offer
) -> None:
    pin: dict[str, Any] = {"pin": "4711", "pin_for": (offer,)}
    let(views, **pin)
    let(views, "heron", **pin)
    await views.keep(name="heron")
    path, body = ACTS[offer]
    door = await views.token(room="kestrel")
    assert await code(client, "POST", path, headers=door, json=body) == (403, "pin_required")
    for free, more in (ACTS[other] for other in ACTS if other in {"join", "report"} - {offer}):
        assert (await client.post(free, headers=door, json=more)).status == 200
    right = door | {PIN: "4711"}
    assert (await client.post(path, headers=right, json=body)).status in {200, 201}
    service = await views.token("read", "write")
    assert (await client.post(path, headers=service, json=body)).status in {200, 201}


async def test_who_may_not_book_without_it_books_no_other_room_without_it_either(
    views: Views, client: Client
) -> None:
    let(views, pin="4711", pin_for=("book",))
    let(views, "heron")
    await views.keep(name="heron")
    path, body = ACTS["find"]
    door = await views.token(room="kestrel")
    assert (await client.get(path, headers=door)).status == 200
    assert await code(client, "POST", path, headers=door, json=body) == (403, "pin_required")
    right = door | {PIN: "4711"}
    assert (await client.post(path, headers=right, json=body)).status == 201


@pytest.mark.parametrize("here", ["", "4712"])
async def test_another_rooms_pin_cannot_be_walked_around(
    views: Views, client: Client, here: str
) -> None:
    let(views, pin=here)
    let(views, "heron", pin="4711")
    await views.keep(name="heron")
    path, body = ACTS["find"]
    door = await views.token(room="kestrel") | {PIN: here}
    async with client.get(path, headers=door) as answer:
        assert (await answer.json())["rooms"] == []
    assert await code(client, "POST", path, headers=door, json=body) == (403, "not_offered")


@pytest.mark.parametrize("wrong", ["4712", "471", "47110", " ", "ÄÖÜß", "4711\t4711"])
async def test_a_wrong_one_is_told_and_written_down_without_its_digits(
    views: Views, client: Client, door: dict[str, str], caplog: Any, wrong: str
) -> None:
    came = await typed(client, door, wrong)
    missing = not wrong.strip()
    assert came == (403, "pin_required" if missing else "pin_wrong")
    assert await typed(client, door, "4711") == (200, "")
    expected = ("token:test", "kestrel", '{"offer":"join","locked_s":0}')
    assert await notes(views) == ([] if missing else [expected])
    assert "4711" not in caplog.text


async def test_guessing_closes_the_display_for_longer_each_time_and_the_room_with_it(
    views: Views, client: Client, door: dict[str, str], clock: FixedClock
) -> None:
    another = await views.token(room="kestrel")
    for minutes in (15, 30, 60):
        for _ in range(TRIES):
            assert await typed(client, door, "0000") == (403, "pin_wrong")
        for one in (door, another):
            assert await typed(client, one, "4711") == (429, "too_many_requests")
        async with client.post(JOIN, headers=door | {PIN: "4711"}, json={}) as answer:
            assert answer.headers["Retry-After"] == str(minutes * 60)
        free, body = ACTS["report"]
        assert (await client.post(free, headers=door, json=body)).status == 200
        clock.move(minutes * MINUTE - SECOND)
        assert await typed(client, door, "4711") == (429, "too_many_requests")
        clock.move(SECOND)
        assert await typed(client, door, "4711") == (200, "")
        assert await typed(client, another, "4711") == (200, "")
    assert len(await notes(views)) == 3 * TRIES
    clock.move(timedelta(days=1, seconds=1))
    for _ in range(TRIES):
        assert await typed(client, door, "0000") == (403, "pin_wrong")
    async with client.post(JOIN, headers=door | {PIN: "4711"}, json={}) as answer:
        assert answer.headers["Retry-After"] == "900", "a day later it begins anew"


async def test_guesses_at_several_displays_of_a_room_count_together(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    doors = [door, *[await views.token(room="kestrel") for _ in range(TRIES)]]
    for one in doors[:TRIES]:
        assert await typed(client, one, "0000") == (403, "pin_wrong")
    assert await typed(client, doors[-1], "4711") == (429, "too_many_requests")
    let(views, "heron", pin="4711", pin_for=("join",))
    heron = await views.token(room="heron") | {PIN: "4711"}
    there = JOIN.replace("kestrel", "heron")
    assert (await client.post(there, headers=heron, json={})).status == 200


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 2 * LONGEST_LOCK)), max_size=60),
)
def test_nobody_guesses_more_than_twenty_times_an_hour_and_five_times_in_a_row(
    steps: list[tuple[bool, float]],
) -> None:
    """Whatever is done when: guesses that count, and those that a lock keeps out."""
    clock = FixedClock()
    pins = Pins(clock)
    counted: list[float] = []
    for guesses, seconds in steps:
        clock.move(timedelta(seconds=min(seconds, seconds / 1000 if guesses else seconds)))
        now = clock.monotonic()
        if guesses and not pins.locked("a", "b"):
            assert len([one for one in counted if now - one < FIRST_LOCK]) < TRIES
            counted.append(now)
            wait = pins.wrong("a", "b")
            assert wait == pins.locked("a")
            assert wait <= LONGEST_LOCK
    recent = [one for one in counted if clock.monotonic() - one < WITHIN]
    assert len(recent) <= 4 * TRIES


async def test_another_pin_opens_what_wrong_ones_have_closed(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    for _ in range(TRIES):
        assert await typed(client, door, "0000") == (403, "pin_wrong")
    assert await typed(client, door, "4711") == (429, "too_many_requests")
    let(views, pin="1147", pin_for=("join",))
    assert (await typed(client, door, "1147"))[0] == 200
    let(views, pin="4711", pin_for=("join",))
    assert await typed(client, door, "4711") == (429, "too_many_requests"), "the old one stays shut"
