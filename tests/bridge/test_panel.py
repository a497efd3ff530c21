"""Pictures for electronic ink: what they are made of, and when they change."""

import asyncio
import io
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bridge.views import pages
from bridge.views.faces import panel
from bridge.views.faces.content import Content, Scene, content, next_change
from bridge.views.faces.drawing import Order, draw
from bridge.views.faces.fonts import fonts_of, unwritten
from bridge.views.faces.inks import INKS, VARIANTS
from bridge.views.faces.lettering import Lettering
from bridge.views.faces.wording import Wording, spoken
from bridge.views.house import AskedToCheckIn, Attendance
from rooms.agenda import agenda_of
from rooms.display import LANGUAGES, DisplayPolicy
from rooms.model import Days, Event, Person, Window
from rooms.room import Policy, Room
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON

PATH = "/api/v1/rooms/kestrel/panel.png"
ZOOM = "https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"


def at(hour: int, minute: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute)


def scene(
    *events: Event,
    now: datetime = NOON,
    of: Room | None = None,
    stale: bool = False,
    asked: Sequence[str] = (),
) -> Scene:
    """A room at noon, or at another time."""
    of = of or room(building="Harbour House", floor="2")
    window = Window.around(now, timedelta(days=2), timedelta(days=7))
    as_of = now - timedelta(hours=1) if stale else now
    agenda, _ = agenda_of(of, events, window=window, as_of=as_of)
    ids = {one.title: one.id for one in agenda.bookings}
    until = AskedToCheckIn(now - timedelta(minutes=5), now + timedelta(minutes=5), True)
    return Scene(
        room=of,
        agenda=agenda,
        attendance=Attendance(asked={ids[title]: until for title in asked}),
        stale=stale,
        has_systems=True,
        now=now,
    )


def told(shown: Scene, language: str = "en") -> Content:
    pages.files()
    return content(shown, Wording(language, shown.room.policy.display.clock))


# --- what it says


def test_each_state_has_its_word_and_until_when() -> None:
    review = event("review", at(11, 30), 60)
    assert (told(scene(review)).word, told(scene(review)).until) == ("In use", "until 12:30")
    talk = event("talk", at(14), 60)
    assert (told(scene(talk)).word, told(scene(talk)).until) == ("Free", "until 14:00")
    soon = told(scene(event("talk", at(12, 8), 60)))
    assert (soon.state, soon.until) == ("soon", "12:08 – 13:08")
    assert told(scene()).until == "for the rest of the day"
    waits = told(scene(review, asked=["Review"]))
    assert (waits.state, waits.until) == ("check_in", "Please check in by 12:05")
    never = Scene(
        room=room(), agenda=None, attendance=Attendance(), stale=True, has_systems=False, now=NOON
    )
    assert (told(never).state, told(never).until) == ("unknown", "The calendar was not read yet")


def test_what_does_not_take_the_room_is_neither_next_nor_announced() -> None:
    note, moment = event("note", at(12, 5), 60, blocks=False), event("moment", at(12, 6), 0)
    shown = told(scene(note, moment, event("talk", at(14), 60)))
    assert (shown.state, shown.until) == ("free", "until 14:00")
    assert shown.entry is not None
    assert shown.entry.title == "Talk"
    assert [one.title for one in shown.later] == ["Note", "Moment"]
    assert len(shown.line) == 1


def test_nobody_is_asked_to_check_in_during_the_meeting_before() -> None:
    review, talk = event("review", at(11, 30), 33), event("talk", at(12, 3), 60)
    assert told(scene(review, talk, asked=["Talk"])).state == "busy"
    assert told(scene(talk, asked=["Talk"])).state == "check_in"


def test_meetings_one_after_another_are_one_and_nothing_is_free_at_midnight() -> None:
    shown = scene(event("a", at(11), 60), event("b", at(12), 60), event("c", at(13), 30))
    assert told(shown).until == "until 13:30"
    late = scene(event("night", at(23), 120), now=at(23, 30))
    assert told(late).until == "until Tue, 01:00"
    assert told(late).entry is not None
    assert told(late).line[0].end == 24 * 60
    early = scene(event("night", at(23), 120), now=at(23) + timedelta(hours=1, minutes=30))
    assert told(early).until == "until 01:00"
    assert told(early).line[0].start == 0


def test_whole_days_and_the_day_that_clocks_change() -> None:
    days = Days(first=date(2026, 11, 22), after=date(2026, 11, 25))
    shut = told(scene(event("shut", when=days)))
    assert shut.entry is not None
    assert (shut.state, shut.entry.times) == ("busy", "All day")
    assert shut.until == "until Wed 25 Nov"
    today = Days(first=date(2026, 11, 23), after=date(2026, 11, 24))
    assert told(scene(event("shut", when=today))).until == "for the rest of the day"
    assert shut.hours == (8, 18), "a whole day does not stretch the line"
    berlin = room(time_zone="Europe/Berlin")
    back = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    shown = told(scene(event("night", back, 120), now=back - timedelta(hours=1), of=berlin))
    assert shown.entry is not None
    assert shown.entry.times == "02:30 – 03:30", "two hours, as clocks are set back between"


def test_it_tells_how_to_join_or_why_not() -> None:
    joined = told(scene(event("a", at(11, 30), 60, body=ZOOM)))
    assert joined.entry is not None
    assert joined.entry.note == "Online meeting: join at the room system"
    plain = told(scene(event("a", at(11, 30), 60)))
    assert plain.entry is not None
    assert plain.entry.note == ""
    teams = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0"
    closed = told(scene(event("a", at(11, 30), 60, body=teams)))
    assert closed.entry is not None
    assert closed.entry.note.startswith("No join button")


def test_words_hidden_by_policy_are_not_drawn() -> None:
    quiet = room(policy=Policy(display=DisplayPolicy(titles=False, organizers=False)))
    shown = told(scene(event("a", at(11, 30), 60, organizer=Person(name="Ada")), of=quiet))
    assert shown.entry is not None
    assert (shown.entry.title, shown.entry.organizer) == ("Meeting", "")
    private = told(scene(event("secret", at(11, 30), 60, private=True)))
    assert "Secret" not in repr(private)


def test_it_says_how_old_it_is_only_when_that_matters() -> None:
    assert told(scene()).old == ""
    assert told(scene(stale=True)).old == "Calendar as of 11:00 · not up to date"


def test_times_are_as_the_language_and_the_room_have_them() -> None:
    talk = event("talk", at(14), 60)
    twelve = room(policy=Policy(display=DisplayPolicy(clock="12")))
    assert told(scene(talk, of=twelve)).until == "until 2:00 pm"
    assert (
        told(scene(talk), "de").until == "bis 14:00 Uhr" or "14:00" in told(scene(talk), "de").until
    )
    assert spoken("pt-BR", "auto") == "pt"
    assert spoken("xx", "fr") == "fr"
    assert spoken("", "auto") == "en"


# --- when it changes


def test_it_changes_at_starts_ends_midnight_and_never_by_the_minute() -> None:
    meetings = [event("a", at(12, 30), 30), event("b", at(15), 60)]
    shown = scene(*meetings)
    assert next_change(shown, None) == at(12, 20)
    moment = NOON
    seen = set()
    while moment < at(12, 20):
        seen.add(repr(told(scene(*meetings, now=moment))))
        moment += timedelta(minutes=1)
    assert len(seen) == 1
    assert next_change(scene(*meetings, now=at(12, 20)), None) == at(12, 30)
    assert next_change(scene(*meetings, now=at(12, 30)), None) == at(13)
    assert next_change(scene(*meetings, now=at(17)), None) == at(0) + timedelta(days=1)
    assert next_change(shown, at(12, 5)) == at(12, 5), "when it becomes old"


@given(
    starts=st.lists(
        st.tuples(st.integers(-600, 2000), st.integers(1, 400)), max_size=6, unique=True
    ),
    minute=st.integers(0, 1440),
)
@settings(deadline=None)
def test_between_two_changes_nothing_changes(starts: list[tuple[int, int]], minute: int) -> None:
    meetings = [
        event(f"m{number}", at(0) + timedelta(minutes=start), length)
        for number, (start, length) in enumerate(starts)
    ]
    now = at(0) + timedelta(minutes=minute)
    here = scene(*meetings, now=now)
    then = next_change(here, None)
    assert then > now
    almost = Scene(
        room=here.room,
        agenda=here.agenda,
        attendance=here.attendance,
        stale=False,
        has_systems=True,
        now=then - timedelta(seconds=1),
    )
    assert told(almost) == told(here)


# --- the picture


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_holds_only_the_inks_that_there_are(variant: str) -> None:
    for known in VARIANTS:
        if known != variant:
            continue
        shown = told(scene(event("a", at(11, 30), 60, body=ZOOM), event("b", at(14), 60)))
        body = draw(Order(shown, "en", 600, 448, known, 0))
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.size == (600, 448)
            assert picture.mode == ("1" if known == "mono" else "P")
            colours = {one[1] for one in picture.convert("RGB").getcolors(1 << 20) or () if one[0]}
        allowed = set(INKS[known].palette) or {(0, 0, 0), (255, 255, 255)}
        assert colours <= allowed
        assert body[24] == INKS[known].bits, "bits of a pixel, in the PNG's header"
        assert len(body) < 20_000


def test_in_colour_each_state_has_its_own_and_in_black_its_own_shape() -> None:
    states = {
        "free": scene(),
        "busy": scene(event("a", at(11, 30), 60)),
        "soon": scene(event("a", at(12, 5), 60)),
        "check_in": scene(event("a", at(11, 58), 60), asked=["A"]),
    }
    colours = {}
    shapes = set()
    for state, shown in states.items():
        body = draw(Order(told(shown), "en", 600, 448, "colour7", 0))
        with Image.open(io.BytesIO(body)) as picture:
            counts = {pixel: count for count, pixel in picture.convert("RGB").getcolors() or ()}
        colours[state] = max(
            (one for one in counts if one not in {(0, 0, 0), (255, 255, 255)}),
            key=lambda one: counts[one],
        )
        mono = draw(Order(told(shown), "en", 600, 448, "mono", 0))
        with Image.open(io.BytesIO(mono)) as picture:
            shapes.add(picture.crop((10, 60, 150, 200)).tobytes())
    assert colours == {
        "free": (0, 255, 0),
        "busy": (255, 0, 0),
        "soon": (255, 128, 0),
        "check_in": (255, 255, 0),
    }
    assert len(shapes) == 4


def test_a_turned_picture_is_the_same_picture_turned() -> None:
    shown = told(scene(event("a", at(11, 30), 60)))
    upright = draw(Order(shown, "en", 480, 800, "mono", 0))
    turned = draw(Order(shown, "en", 800, 480, "mono", 90))
    with Image.open(io.BytesIO(upright)) as one, Image.open(io.BytesIO(turned)) as other:
        assert other.size == (800, 480)
        assert one.transpose(Image.Transpose.ROTATE_270).tobytes() == other.tobytes()


EVIL = st.text(
    st.one_of(
        st.characters(blacklist_categories=()),
        st.sampled_from("\u202e\u2066\u200d\u0301\u0650\ufe0f🎉👩‍👩‍👧 שלוםمرحبا会议\x00\x1b\n"),
    ),
    max_size=120,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    title=EVIL,
    repeated=st.sampled_from([1, 100]),
    width=st.integers(100, 700),
    height=st.integers(100, 700),
    variant=st.sampled_from(VARIANTS),
    language=st.sampled_from(["en", "he"]),
)
def test_no_title_and_no_size_break_it(
    title: str, repeated: int, width: int, height: int, variant: str, language: str
) -> None:
    named = next(one for one in VARIANTS if one == variant)
    words = title * repeated
    people = Person(name=words)
    shown = told(
        scene(
            event("a", at(11, 30), 60, subject=words, organizer=people, body=ZOOM),
            *(event(f"b{number}", at(13 + number), 60, subject=words) for number in range(5)),
            of=room(name="kestrel", building=words, floor=words),
            stale=True,
        ),
        language,
    )
    body = draw(Order(shown, language, width, height, named, 0))
    with Image.open(io.BytesIO(body)) as picture:
        picture.load()
        assert picture.size == (width, height)
        # Nothing runs over the edge: the outermost pixels stay paper.
        edge = picture.convert("L")
        row = edge.crop((0, 0, width, 1)).getextrema()
        column = edge.crop((width - 1, 0, width, height)).getextrema()
        assert row == column == (255, 255)


# --- over HTTP


async def test_it_is_not_sent_again_while_it_is_the_same(client: Client, views: Views) -> None:
    await views.keep(event(start=at(14)))
    first = await client.get(PATH, params={"w": "600", "h": "448", "variant": "colour7"})
    assert first.status == 200
    assert first.headers["Content-Type"] == "image/png"
    etag = {"If-None-Match": first.headers["ETag"]}
    views.clock.move(timedelta(minutes=15))
    await views.keep(event(start=at(14)))
    params = {"w": "600", "h": "448", "variant": "colour7"}
    again = await client.get(PATH, params=params, headers=etag)
    assert again.status == 304
    assert again.headers["Agenda-As-Of"] == "2026-11-23T12:15:00Z"
    other = await client.get(PATH, params=params | {"w": "601"}, headers=etag)
    assert other.status == 200
    await views.keep(event(start=at(13)))
    changed = await client.get(PATH, params=params, headers=etag)
    assert changed.status == 200


@pytest.mark.parametrize(
    ("start", "wake"),
    [
        (at(12, 15), 5 * 60 + 2),
        (
            at(
                12,
                10,
            ),
            10 * 60 + 2,
        ),
        (at(14), 20 * 60 + 2),
    ],
)
async def test_it_says_when_to_come_again(
    client: Client, views: Views, start: datetime, wake: int
) -> None:
    await views.keep(event(start=start))
    answer = await client.get(PATH)
    assert int(answer.headers["Next-Wake"]) == wake
    assert answer.headers["Cache-Control"] == f"private, max-age={wake}"


async def test_it_never_says_to_come_at_once_or_much_later(client: Client, views: Views) -> None:
    views.house.stale_after = timedelta(hours=8)
    await views.keep()
    assert (await client.get(PATH)).headers["Next-Wake"] == "1800"
    await views.keep(event(start=NOON + timedelta(seconds=5)))
    assert (await client.get(PATH)).headers["Next-Wake"] == "60"


async def test_an_old_agenda_makes_another_picture(client: Client, views: Views) -> None:
    await views.keep(event(start=at(16)))
    fresh = (await client.get(PATH)).headers["ETag"]
    views.clock.move(timedelta(minutes=21))
    old = await client.get(PATH, headers={"If-None-Match": fresh})
    assert old.status == 200
    views.clock.move(timedelta(minutes=9))
    later = await client.get(PATH, headers={"If-None-Match": old.headers["ETag"]})
    assert later.status == 304, "it tells since when, not how long"


@pytest.mark.parametrize(
    "query",
    ["w=99", "w=2001", "h=-1", "h=1e3", "w=٣٠٠", "variant=red", "rotate=45", "h=", "w=00000800"],
)
async def test_what_cannot_be_drawn_is_refused(client: Client, query: str) -> None:
    answer = await client.get(f"{PATH}?{query}")
    assert answer.status == 400
    assert (await answer.json())["code"] == "bad_query"


async def test_a_display_gets_its_own_room_only(client: Client, views: Views) -> None:
    assert (await client.get(PATH, headers=await views.token(room="heron"))).status == 403
    assert (await client.get(PATH, headers=await views.token(room="kestrel"))).status == 200


async def test_the_same_picture_is_drawn_once_for_all_and_not_in_the_loop(
    client: Client, views: Views
) -> None:
    drawn: list[str] = []

    def watched(order: Order) -> bytes:
        drawn.append(threading.current_thread().name)
        return draw(order)

    views.panels.draw = watched
    await views.keep(event(start=at(14)))
    answers = await asyncio.gather(*(client.get(PATH) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len(drawn) == 1
    assert drawn[0].startswith("panel")


async def test_who_has_too_many_drawn_has_to_wait(
    client: Client, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "DRAWN", 3)
    views.panels.draw = lambda _order: b"picture"
    caller = await views.token(room="kestrel")
    statuses = [
        (await client.get(PATH, params={"w": str(width)}, headers=caller)).status
        for width in (200, 201, 202, 203, 200)
    ]
    assert statuses == [200, 200, 200, 429, 200]


async def test_pictures_are_kept_up_to_so_many_bytes(
    client: Client, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "KEPT_BYTES", 250)
    views.panels.draw = lambda _order: bytes(100)
    for width in range(200, 206):
        assert (await client.get(PATH, params={"w": str(width)})).status == 200
    assert len(views.panels._kept) == 2
    assert views.panels._bytes == 200


async def test_a_drawing_that_fails_is_told_and_tried_again(client: Client, views: Views) -> None:
    def broken(_order: Order) -> bytes:
        raise OSError

    views.panels.draw = broken
    assert (await client.get(PATH)).status == 500
    views.panels.draw = lambda _order: b"picture"
    assert (await client.get(PATH)).status == 200


async def test_words_that_no_font_here_can_write_are_english(client: Client, views: Views) -> None:
    await views.keep(event(start=at(14)))
    english = await (await client.get(PATH)).read()
    views.panels._unwritten = frozenset({"de"})
    assert await (await client.get(PATH, params={"lang": "de"})).read() == english
    views.panels._unwritten = frozenset()
    assert await (await client.get(PATH, params={"lang": "de"})).read() != english


def test_a_word_of_joined_letters_that_fits_is_not_cut() -> None:
    lettering = Lettering(fonts=fonts_of("ar"), usual="rtl")
    word = Wording("ar")("state.soon")
    for size in range(12, 90):
        wide = lettering.width(word, size, bold=True)
        assert lettering.lines(word, size, wide, bold=True) == [word]


def test_what_is_shipped_writes_all_scripts_but_those_of_east_asia() -> None:
    assert unwritten(LANGUAGES) <= {"ja", "zh"}
    assert fonts_of("pl").writes("Zażółć gęślą jaźń · Ωμέγα · Жёлтый")
