"""What a broker is sent: each room once, then what changes, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.health import BRIDGE
from bridge.occupancy.faces import Face
from bridge.occupancy.feed import LONGEST_RETRY, Feed
from bridge.occupancy.retained import Retained
from bridge.settings.model import Site
from bridge.views.house import Presence
from connector.feeds.broker import Broker
from tests.bridge.occupancy.test_presence import World, played
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

SECRET = "the name of a person"
SCHEMA = Path(__file__).parents[3] / "docs" / "mqtt-state.schema.json"
MINUTE = timedelta(minutes=1)
FACES = [
    Face(),
    Face(state="busy", until=NOON, next_start=NOON + MINUTE, stale=False),
    Face(state="check_in", until=NOON, presence=Presence("in_call", NOON), stale=False),
    Face(state="free", presence=Presence("free", NOON), stale=False),
]


def sent(retained: Retained) -> dict[str, Any]:
    """Everything that is due, taken by the broker."""
    found = {}
    for topic, payload, mark in retained.due():
        found[topic] = json.loads(payload) if payload else None
        retained.sent(topic, mark)
    return found


def test_only_what_differs_in_more_than_its_age_is_sent() -> None:
    retained = Retained()
    retained.put("a", FACES[1], NOON)
    assert sent(retained) == {
        "a": {
            "state": "busy",
            "until": "2026-11-23T12:00:00Z",
            "next_start": "2026-11-23T12:01:00Z",
            "presence": "unknown",
            "stale": False,
            "as_of": "2026-11-23T12:00:00Z",
        }
    }
    retained.put("a", FACES[1], NOON + MINUTE)
    assert sent(retained) == {}
    retained.put("a", FACES[3], NOON + MINUTE)
    assert sent(retained)["a"]["as_of"] == "2026-11-23T12:01:00Z"
    retained.forgotten()
    assert sent(retained)["a"]["state"] == "free"
    retained.keep([])
    assert sent(retained) == {"a": None}
    assert sent(retained) == {}


def test_every_state_is_as_the_schema_says() -> None:
    check = jsonschema.Draft202012Validator(
        json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker()
    )
    for face in FACES:
        for as_of in (None, NOON):
            retained = Retained()
            retained.put("a", face, as_of)
            check.validate(sent(retained)["a"])


def test_what_a_broker_may_have_from_an_earlier_time_is_taken_away_once() -> None:
    retained = Retained()
    retained.leave(["gone", "back"])
    retained.put("back", FACES[1], NOON)
    assert {topic: bool(state) for topic, state in sent(retained).items()} == {
        "back": True,
        "gone": False,
    }
    assert sent(retained) == {}


STEPS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from("abc"), st.sampled_from(FACES)),
    st.tuples(st.just("keep"), st.frozensets(st.sampled_from("abc")), st.none()),
    st.tuples(st.just("send"), st.integers(0, 3), st.none()),
    st.tuples(st.just("outage"), st.none(), st.none()),
)


@given(st.lists(STEPS, max_size=30))
def test_whatever_happens_the_broker_ends_with_what_is_so(steps: list[Any]) -> None:
    retained = Retained()
    broker: dict[str, str] = {}
    wanted: dict[str, str] = {}

    def send(most: int = 99) -> None:
        for topic, payload, mark in list(retained.due())[:most]:
            if payload:
                broker[topic] = json.loads(payload)["state"]
            else:
                broker.pop(topic, None)
            retained.sent(topic, mark)

    for what, which, face in steps:
        if what == "put":
            retained.put(which, face, NOON)
            wanted[which] = face.state
        elif what == "keep":
            retained.keep(which)
            wanted = {topic: state for topic, state in wanted.items() if topic in which}
        elif what == "send":
            send(which)
        else:
            retained.forgotten()
    send()
    assert broker == wanted
    assert not retained.due()


def test_a_broker_forgets_rooms_that_left_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[tuple[str, bytes]] = []

    class Session:
        async def put(self, topic: str, payload: bytes) -> None:
            put.append((topic, payload))

        async def lost(self) -> None:
            await asyncio.Event().wait()

    @asynccontextmanager
    async def connected(*_: object) -> AsyncIterator[Session]:
        yield Session()

    async def story(world: World) -> None:
        world.house.rooms = {"owl": room("owl")}  # taken out of a file while nothing ran
        await world.meet(NOON, of=room("owl"))
        world.house.retired = {"wren": "wren@example.com", "kestrel": "kestrel@example.com"}
        feed = Feed(world.house, world.house.health, world.clock)
        running = asyncio.create_task(feed.run())
        feed.adopt(Site(data_dir=tmp_path, mqtt=Broker(url="mqtt://127.0.0.1:1")), [room()])
        await asyncio.sleep(1)
        running.cancel()

    monkeypatch.setattr("connector.feeds.mqtt.connected", connected)
    played(tmp_path, story)
    assert sorted(put) == [
        ("roombridge/rooms/owl/state", b""),
        ("roombridge/rooms/wren/state", b""),
    ]


def test_a_fault_of_the_feed_is_told_and_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[str] = []

    def gone(name: str) -> None:
        tries.append(name)
        raise ImportError(SECRET)

    async def story(world: World) -> None:
        feed = Feed(world.house, world.house.health, world.clock)
        running = asyncio.create_task(feed.run())
        feed.adopt(Site(data_dir=tmp_path, mqtt=Broker(url="mqtt://127.0.0.1:1")), [room()])
        await asyncio.sleep(1)
        ((subject, trouble),) = world.house.health.all()
        assert (subject, trouble.code) == (BRIDGE, "mqtt_failing")
        assert trouble.fix
        await asyncio.sleep(LONGEST_RETRY * 3)
        assert not running.done()
        assert len(tries) > 1
        running.cancel()

    monkeypatch.setattr("importlib.import_module", gone)
    played(tmp_path, story)
    assert "mqtt: ImportError" in caplog.text
    assert SECRET not in caplog.text
