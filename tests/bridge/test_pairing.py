"""Displays are paired by a code that they show: what displays, people and thieves get."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from bridge.displays import codes
from bridge.health import Subject
from bridge.paired import LASTS, LOST_AFTER, RENEWED_AFTER, WRITTEN_AFTER
from bridge.quick_response import quick_response
from bridge.views.pairing import family
from bridge.views.web import COOKIE
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import event
from tests.fakes.virtual import NOON, FixedClock

FROM_AFAR = {"Host": "rooms.example.com", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/94"}
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Panel:
    """A display: a browser with cookies of its own, somewhere in the house."""

    def __init__(self, client: Client) -> None:
        self.url = str(client.make_url("")).rstrip("/")
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True), headers=FROM_AFAR)

    async def ask(self, address: str = "") -> dict[str, Any]:
        """What the page asks for every two seconds."""
        headers = {"X-Forwarded-For": address} if address else {}
        async with self.http.post(f"{self.url}/display", headers=headers) as answer:
            return {"status": answer.status, **await answer.json()}

    async def agenda(self, room: str = "kestrel") -> int:
        """Whether it sees a room: 200, 401, 403."""
        async with self.http.get(f"{self.url}/api/v1/rooms/{room}/agenda") as answer:
            return answer.status

    async def renew(self, page: str = "") -> int:
        """What the page asks for every hour."""
        body = {"page": page}
        async with self.http.post(f"{self.url}/display/kestrel/renew", json=body) as answer:
            return answer.status

    def cookie(self, name: str = COOKIE) -> Any:
        """A cookie as the browser holds it, or None."""
        return next((one for one in self.http.cookie_jar if one.key == name), None)

    def restore(self, value: str) -> None:
        """The browser's disk is as it was."""
        self.http.cookie_jar.update_cookies({COOKIE: value}, self.http_url)

    @property
    def http_url(self) -> Any:
        from yarl import URL

        return URL(self.url)


class People:
    """Those who put displays up."""

    def __init__(self, client: Client, token: dict[str, str]) -> None:
        self.client = client
        self.headers = token

    async def ask(self, method: str, path: str, **body: str) -> dict[str, Any]:
        """What the command line asks."""
        more: dict[str, Any] = {"json": body} if body else {}
        target = f"/api/v1/displays{path}"
        async with self.client.request(method, target, headers=self.headers, **more) as answer:
            return {"status": answer.status, **await answer.json()}

    async def pair(self, code: str, room: str = "kestrel") -> dict[str, Any]:
        """Type a code."""
        return await self.ask("POST", "", code=code, room=room)


@pytest.fixture
async def panel(client: Client) -> AsyncIterator[Panel]:
    opened = Panel(client)
    yield opened
    await opened.http.close()


@pytest.fixture
async def panels(client: Client) -> AsyncIterator[Callable[[], Panel]]:
    opened: list[Panel] = []

    def another() -> Panel:
        opened.append(Panel(client))
        return opened[-1]

    yield another
    for one in opened:
        await one.http.close()


@pytest.fixture
async def people(client: Client, views: Views) -> People:
    return People(client, await views.token("read", "rooms"))


async def paired(panel: Panel, people: People, room: str = "kestrel") -> dict[str, Any]:
    """A display that has its room."""
    told = await people.pair((await panel.ask())["code"], room)
    assert told["status"] == 201
    assert (await panel.ask())["room"] == room
    return told


# --- pairing


async def test_a_display_shows_a_code_and_has_its_room_once_somebody_typed_it(
    panel: Panel, people: People
) -> None:
    shown = await panel.ask()
    assert len(shown["code"]) == 9
    assert shown["code"][4] == "-"
    assert set(shown["code"].replace("-", "")) <= set(codes.ALPHABET)
    assert 590 <= shown["seconds"] <= 600
    assert shown["room"] is None
    assert await panel.agenda() == 401
    told = await people.pair(shown["code"])
    assert (told["room"], told["browser"], told["seen"]) == ("kestrel", "Chromium on Linux", None)
    assert (await panel.ask())["room"] == "kestrel"
    assert await panel.agenda() == 200
    assert await panel.agenda("heron") == 403
    (listed,) = (await people.ask("GET", ""))["displays"]
    assert listed["id"] == told["id"]
    assert listed["seen"] is not None


async def test_its_cookies_are_read_by_no_script_and_sent_to_no_other_site(
    panel: Panel, people: People
) -> None:
    await paired(panel, people)
    for name in (COOKIE, "roombridge_pairing"):
        cookie = panel.cookie(name)
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
    assert panel.cookie("roombridge_pairing")["path"] == "/display"


async def test_behind_a_proxy_with_tls_its_cookies_are_for_tls_alone(
    client: Client, views: Views
) -> None:
    for proxies, forwarded, due in (((), "https", False), (("127.0.0.1/32",), "https", True)):
        views.house.proxies = [ip_network(one) for one in proxies]
        client.session.cookie_jar.clear()
        async with client.post("/display", headers={"X-Forwarded-Proto": forwarded}) as answer:
            assert ("Secure" in answer.headers["Set-Cookie"]) == due


async def test_a_code_may_be_typed_as_people_type(panel: Panel, people: People) -> None:
    shown = (await panel.ask())["code"]
    typed = f" {shown[:4].lower()} {shown[5:].lower()} "
    assert (await people.pair(typed))["status"] == 201


async def test_a_code_stays_until_it_is_over_and_then_there_is_another(
    panel: Panel, people: People, clock: FixedClock
) -> None:
    first = await panel.ask()
    clock.move(9 * MINUTE)
    again = await panel.ask()
    assert again["code"] == first["code"]
    assert again["seconds"] == 60
    clock.move(MINUTE)
    assert (await people.pair(first["code"]))["code"] == "unknown_code"
    assert (await panel.ask())["code"] != first["code"]


async def test_who_only_saw_the_code_gets_nothing_by_it(
    panel: Panel, people: People, panels: Callable[[], Panel]
) -> None:
    shown = await panel.ask()
    onlooker = panels()
    await onlooker.ask()
    await people.pair(shown["code"])
    onlooker.http.cookie_jar.update_cookies({"roombridge_pairing": shown["code"]})
    assert (await onlooker.ask())["room"] is None
    assert await onlooker.agenda() == 401
    assert (await panel.ask())["room"] == "kestrel"


async def test_an_answer_that_got_lost_is_given_again_until_the_display_came(
    panel: Panel, people: People, views: Views
) -> None:
    await people.pair((await panel.ask())["code"])
    await panel.ask()
    first = panel.cookie().value
    panel.restore("")  # it never arrived
    assert (await panel.ask())["room"] == "kestrel"
    assert panel.cookie().value == first
    await panel.agenda()
    assert len(views.pairing.codes) == 0, "its token is not kept any longer"


async def test_a_code_binds_once(panel: Panel, people: People, views: Views) -> None:
    code = (await panel.ask())["code"]
    first = await people.pair(code)
    assert (await people.pair(code))["id"] == first["id"], "asked twice"
    assert (await people.pair(code, "heron"))["code"] == "unknown_code"
    assert (await people.pair(code, "nowhere"))["code"] == "unknown_room"
    assert len(list(views.paired)) == 1


async def test_what_nobody_came_for_is_none(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await people.pair((await panel.ask())["code"])
    clock.move(11 * MINUTE)
    await views.pairing.look()
    assert list(views.paired) == []
    assert not [one for one in views.tokens if one.display and one.revoked is None]


async def test_a_display_that_has_a_room_is_sent_there(
    panel: Panel, people: People, client: Client
) -> None:
    async with panel.http.get(f"{panel.url}/display") as answer:
        assert answer.status == 200
        assert b"pair.js" in await answer.read()
    await paired(panel, people)
    async with panel.http.get(f"{panel.url}/display", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/display/kestrel")


# --- how many, and guessing


async def test_no_more_codes_are_open_than_can_be_guessed_among(
    client: Client, views: Views, panels: Callable[[], Panel], people: People
) -> None:
    views.house.proxies = [ip_network("127.0.0.1/32")]
    codes_shown = []
    for _ in range(codes.OPEN_OF_ADDRESS):
        told = await panels().ask("192.0.2.7")
        codes_shown.append(told["code"])
    refused = await panels().ask("192.0.2.7")
    assert (refused["status"], refused["code"]) == (429, "too_many_requests")
    assert (await panels().ask("192.0.2.8"))["status"] == 200, "others are not held up"
    views.clock.move(11 * MINUTE)
    assert (await panels().ask("192.0.2.7"))["status"] == 200


def test_all_codes_together_are_bounded(clock: FixedClock) -> None:
    held = codes.Codes(clock)
    texts = {held.open(f"secret {n}", None, "").text for n in range(codes.OPEN)}
    assert len(texts) == codes.OPEN
    with pytest.raises(codes.TooMany) as refused:
        held.open("one more", None, "")
    assert refused.value.wait == codes.LASTS


async def test_wrong_codes_are_bounded_for_who_may_type_them(
    panel: Panel, people: People, clock: FixedClock
) -> None:
    code = (await panel.ask())["code"]
    for n in range(codes.TRIES):
        assert (await people.pair(f"2222-222{codes.ALPHABET[n]}"))["code"] == "unknown_code"
    told = await people.pair(code)
    assert told["code"] == "too_many_requests", "the right one too"
    clock.move(MINUTE)
    assert (await people.pair(code))["status"] == 201


# --- moving, revoking


async def test_a_revoked_display_sees_nothing_more_and_can_be_paired_anew(
    panel: Panel, people: People, client: Client, views: Views
) -> None:
    told = await paired(panel, people)
    await views.keep(event("secret plan", NOON))
    assert await panel.agenda() == 200
    assert (await people.ask("DELETE", f"/{told['id']}"))["status"] == 200
    assert await panel.agenda() == 401
    assert (await people.ask("DELETE", f"/{told['id']}"))["code"] == "unknown_display"
    async with panel.http.get(f"{panel.url}/display/kestrel") as answer:
        assert answer.status == 401
        body = await answer.read()
        assert b"pair.js" in body
        assert b"secret plan" not in body
    await paired(panel, people, "heron")
    assert await panel.agenda("heron") == 200


async def test_a_display_is_moved_to_another_room(
    panel: Panel, people: People, views: Views
) -> None:
    told = await paired(panel, people)
    moved = await people.ask("POST", f"/{told['id']}/move", room="heron")
    assert moved["room"] == "heron"
    assert await panel.agenda("kestrel") == 403
    assert await panel.agenda("heron") == 200
    assert (await panel.ask())["room"] == "heron"
    assert (await people.ask("POST", "/none/move", room="heron"))["code"] == "unknown_display"


async def test_who_is_paired_while_signed_in_is_one_display_afterwards(
    panel: Panel, people: People, views: Views, panels: Callable[[], Panel]
) -> None:
    other = panels()
    code = (await other.ask())["code"]
    first = await paired(panel, people)
    await people.pair(code, "heron")
    other.http.cookie_jar.update_cookies({COOKIE: panel.cookie().value}, other.http_url)
    assert (await other.ask())["room"] == "heron"
    assert [one.id for one in views.paired] != [first["id"]]
    assert len(list(views.paired)) == 1


# --- renewing


async def rotated(panel: Panel, clock: FixedClock, settle: Callable[[], Any]) -> str:
    """A month later its page asks for another token; the one before it."""
    old = str(panel.cookie().value)
    clock.move(RENEWED_AFTER)
    assert await panel.renew() == 204
    await settle()
    return old


async def test_a_token_is_renewed_after_a_month_and_the_old_one_ends_once_the_new_is_safe(
    panel: Panel, people: People, views: Views, clock: FixedClock, panels: Callable[[], Panel]
) -> None:
    await paired(panel, people)
    await panel.renew()
    first = panel.cookie().value
    old = await rotated(panel, clock, views.pairing.settle)
    assert panel.cookie().value != first == old
    crashed = panels()
    crashed.restore(old)
    assert await panel.agenda() == 200
    assert await crashed.agenda() == 200, "a power cut would bring the old one back"
    clock.move(WRITTEN_AFTER)
    assert await panel.agenda() == 200
    await views.pairing.settle()
    assert await crashed.agenda() == 401
    assert await panel.agenda() == 200


async def test_a_new_token_that_never_arrived_does_not_lock_the_display_out(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await paired(panel, people)
    old = await rotated(panel, clock, views.pairing.settle)
    lost = panel.cookie().value
    panel.restore(old)
    clock.move(300 * DAY)
    assert await panel.agenda() == 200, "it was off for long"
    await views.pairing.settle()
    assert await panel.agenda() == 200
    assert views.tokens.caller(lost) is None
    await panel.renew()
    assert panel.cookie().value not in {old, lost}
    assert not list(views.house.health.all())


async def test_a_token_ends_by_itself_and_the_display_with_it(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await paired(panel, people)
    clock.move(LASTS)
    assert await panel.agenda() == 401
    await views.pairing.look()
    assert list(views.paired) != [], "the clock may be wrong"
    clock.move(DAY)
    await views.pairing.look()
    assert list(views.paired) == []
    assert [one for one in views.tokens if one.display], "it is still known that it was one"
    clock.move(LASTS + DAY)
    await views.pairing.look()
    assert not [one for one in views.tokens if one.display]


async def test_an_exchanged_token_that_comes_back_is_noticed(
    panel: Panel, people: People, views: Views, clock: FixedClock, panels: Callable[[], Panel]
) -> None:
    told = await paired(panel, people)
    thief = panels()
    thief.restore(await rotated(panel, clock, views.pairing.settle))
    clock.move(WRITTEN_AFTER)
    await panel.agenda()
    await views.pairing.settle()
    await thief.agenda()
    await views.pairing.settle()
    assert not list(views.house.health.all()), "it may have been on its way"
    clock.move(MINUTE)
    for _ in range(3):
        assert await thief.agenda() == 401
        await views.pairing.settle()
    ((subject, trouble),) = views.house.health.all()
    assert (subject, trouble.code) == (Subject("display", "kestrel"), "display_copied")
    noted = await views.database.change(
        lambda db: db.execute("SELECT object FROM audit WHERE action='displays.copied'").fetchall()
    )
    assert noted == [(told["id"],)]
    await people.ask("DELETE", f"/{told['id']}")
    assert not list(views.house.health.all())


async def test_a_revoked_token_that_comes_back_is_no_theft(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    told = await paired(panel, people)
    await people.ask("DELETE", f"/{told['id']}")
    clock.move(DAY)
    await panel.agenda()
    await views.pairing.settle()
    assert not list(views.house.health.all())


async def test_a_copied_token_renews_once_a_minute_at_most(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await paired(panel, people)
    old = await rotated(panel, clock, views.pairing.settle)
    for _ in range(5):
        panel.restore(old)
        await panel.renew()
    assert len([one for one in views.tokens if one.display]) == 2
    assert LOST_AFTER > WRITTEN_AFTER


# --- who is there


async def test_a_display_that_asks_for_nothing_is_silent_and_said_to_be(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    told = await paired(panel, people)
    await panel.renew(page="abc123")
    clock.move(59 * MINUTE)
    await views.pairing.look()
    assert not list(views.house.health.all())
    clock.move(2 * MINUTE)
    await views.pairing.look()
    ((subject, trouble),) = views.house.health.all()
    assert (subject.id, trouble.code, trouble.severity) == ("kestrel", "display_silent", "info")
    (listed,) = (await people.ask("GET", ""))["displays"]
    assert (listed["id"], listed["silent"], listed["page"]) == (told["id"], True, "abc123")
    await panel.agenda()
    await views.pairing.look()
    assert not list(views.house.health.all())


async def test_a_display_that_listens_is_there(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await paired(panel, people)
    async with panel.http.get(f"{panel.url}/api/v1/rooms/kestrel/stream") as stream:
        await stream.content.readuntil(b"event: status")
        clock.move(DAY)
        await views.pairing.look()
        (listed,) = (await people.ask("GET", ""))["displays"]
        assert (listed["live"], listed["silent"]) == (True, False)
        await people.ask("DELETE", f"/{listed['id']}")
        rest = await stream.content.read()
        assert rest.count(b"event: ") <= 1, "the stream ends with what was on its way"


async def test_displays_are_not_for_displays_nor_for_services(
    panel: Panel, people: People, client: Client, views: Views
) -> None:
    told = await paired(panel, people)
    service = await views.token("read", "write", "join")
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("POST", f"/{told['id']}/move"),
        ("DELETE", f"/{told['id']}"),
    ):
        url = f"{panel.url}/api/v1/displays{path}"
        async with panel.http.request(method, url) as answer:
            assert answer.status == 403
        async with client.request(method, f"/api/v1/displays{path}", headers=service) as answer:
            assert answer.status == 403


# --- what it is made of


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (
            "Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 Chrome/94.0 Safari/537.36",
            "Chromium on Linux",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 15_4 like Mac OS X) Version/15.4 Safari/604.1",
            "Safari on iOS",
        ),
        ("Mozilla/5.0 (Android 12; Mobile; rv:98.0) Gecko/98.0 Firefox/98.0", "Firefox on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/94.0 Safari/537.36 Edg/94.0", "Edge on Windows"),
        ("", "browser"),
        ("x" * 100_000, "browser"),
    ],
)
def test_of_a_browser_its_family_is_kept(agent: str, told: str) -> None:
    assert family(agent) == told


def test_the_picture_is_a_square_with_a_quiet_margin() -> None:
    size, path = quick_response("https://rooms.example.com/admin/pair?code=ABCD-EFGH")
    rows: dict[int, set[int]] = {}
    for run in path.split("z")[:-1]:
        start, across = run.removeprefix("M").split("v")[0].split("h")
        x, y = map(int, start.split())
        rows.setdefault(y, set()).update(range(x, x + int(across)))
    assert min(rows) == 4
    assert max(rows) == size - 5
    finder = set(range(4, 11))
    assert rows[4] >= finder, "the eye in the corner"
    assert rows[5] & finder == {4, 10}
    with pytest.raises(ValueError, match="too long"):
        quick_response("https://" + "x" * 300)


async def test_a_picture_is_drawn_once_for_each_code(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await panel.ask()
    monkeypatch.setattr("bridge.displays.pairing.quick_response", None)
    panel.http.headers["Host"] = "another.example.com"
    again = await panel.ask()
    assert again["picture"] == first["picture"]
    assert again["link"] == first["link"]
    assert first["link"].endswith(f"/admin/pair?code={first['code']}")


async def test_what_was_bound_and_not_fetched_before_a_restart_is_void(
    panel: Panel, people: People, views: Views
) -> None:
    await people.pair((await panel.ask())["code"])
    async with views.pairing.running():
        assert list(views.paired) == []
    assert (await panel.ask())["room"] is None


async def test_a_disk_that_fails_ends_nothing(
    panel: Panel, people: People, views: Views, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paired(panel, people)
    tried = asyncio.Event()

    async def fails(work: object) -> None:
        tried.set()
        raise sqlite3.OperationalError("disk I/O error")

    async with views.pairing.running():
        clock.move(2 * RENEWED_AFTER)
        with monkeypatch.context() as patched:
            patched.setattr(views.database, "change", fails)
            views.paired.copied[next(iter(views.paired)).id] = next(iter(views.tokens))
            views.paired.news.set()
            await tried.wait()
            await views.pairing._go(views.pairing.look)
        assert await panel.agenda() == 200
