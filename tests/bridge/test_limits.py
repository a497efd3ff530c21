"""Who is locked out for guessing tokens, and how much callers may ask."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import limits
from bridge.limits import Limits, client_address, group
from tests.bridge.conftest import Client, Views
from tests.bridge.test_views import AGENDA, CALL, code
from tests.fakes.virtual import FixedClock

PROXIES = (ip_network("127.0.0.0/8"), ip_network("10.0.0.5/32"))
"""The test's client stands for a reverse proxy."""
WRONG = {"Authorization": "Bearer rb_wrong"}


def by(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


@pytest.fixture
def counted(clock: FixedClock) -> Limits:
    return Limits(clock)


def guess(counted: Limits, address: str, times: int = limits.TRIES) -> None:
    for _ in range(times):
        counted.wrong(address)


class TestLockOut:
    """Wrong tokens."""

    def test_nobody_is_locked_out_before_the_last_try(self, counted: Limits) -> None:
        guess(counted, "203.0.113.7", limits.TRIES - 1)
        assert not counted.locked("203.0.113.7")
        counted.wrong("203.0.113.7")
        assert counted.locked("203.0.113.7") == 60
        assert not counted.locked("203.0.113.8")

    def test_slow_mistakes_lock_nobody_out(self, counted: Limits, clock: FixedClock) -> None:
        for _ in range(100):
            counted.wrong("203.0.113.7")
            clock.move(timedelta(seconds=10))
        assert not counted.locked("203.0.113.7")

    def test_each_lock_out_is_twice_as_long_until_a_quarter_of_an_hour(
        self, counted: Limits, clock: FixedClock
    ) -> None:
        spans = []
        for _ in range(7):
            guess(counted, "203.0.113.7")
            spans.append(counted.locked("203.0.113.7"))
            clock.move(timedelta(seconds=spans[-1]))
            assert not counted.locked("203.0.113.7")
        assert spans == [60, 120, 240, 480, 900, 900, 900]

    def test_an_hour_of_quiet_is_a_new_beginning(self, counted: Limits, clock: FixedClock) -> None:
        guess(counted, "203.0.113.7")
        clock.move(timedelta(hours=1))
        guess(counted, "203.0.113.7")
        assert counted.locked("203.0.113.7") == 60

    def test_it_is_logged_once_and_without_the_token(
        self, counted: Limits, caplog: pytest.LogCaptureFixture
    ) -> None:
        guess(counted, "203.0.113.7")
        for _ in range(50):
            counted.locked("203.0.113.7")
        (record,) = caplog.records
        assert (
            record.getMessage()
            == "203.0.113.7 is locked out for 60 s: too many wrong tokens or passwords"
        )

    def test_many_addresses_take_no_more_room_than_is_set(
        self, counted: Limits, clock: FixedClock
    ) -> None:
        for number in range(limits.KEPT + 500):
            counted.wrong(f"2001:db8:{number:x}::1")
            counted.count(group(f"2001:db8:{number:x}::1"), 1000)
        assert len(counted._strikes) <= limits.KEPT + 1
        assert len(counted._counts) <= limits.KEPT + 1
        clock.move(timedelta(hours=1))
        counted.count("anybody", 1)
        assert not counted._strikes


class TestRate:
    """Requests in a span."""

    def test_one_too_many_waits_for_the_next_span(self, counted: Limits, clock: FixedClock) -> None:
        assert [counted.count("a", 3) for _ in range(4)] == [0, 0, 0, 10]
        assert counted.count("b", 3) == 0
        clock.move(timedelta(seconds=9.5))
        assert counted.count("a", 3) == 1
        clock.move(timedelta(seconds=0.5))
        assert counted.count("a", 3) == 0
        assert counted.refused == {("rate",): 2}

    def test_when_too_many_addresses_ask_known_ones_keep_their_own_count(
        self, counted: Limits
    ) -> None:
        for number in range(limits.KEPT):
            counted.count(str(number), 2)
        for _ in range(2):
            assert not counted.count("new", 2)
        assert counted.count("another", 2)
        assert not counted.count("17", 2)


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("somewhere", "somewhere"),
    ],
)
def test_ipv6_counts_by_its_64(address: str, counts_as: str) -> None:
    assert group(address) == counts_as


@pytest.mark.parametrize(
    ("remote", "headers", "proxies", "found"),
    [
        ("", {}, (), None),
        (None, {}, (), None),
        ("127.0.0.1", {}, (), None),
        ("::1", {}, (), None),
        ("203.0.113.7", {}, (), "203.0.113.7"),
        ("203.0.113.7", by("198.51.100.1"), (), "203.0.113.7"),
        ("203.0.113.7", by("198.51.100.1"), PROXIES, "203.0.113.7"),
        ("127.0.0.1", {}, PROXIES, None),
        ("::ffff:10.0.0.5", by("198.51.100.1"), PROXIES, "198.51.100.1"),
        ("127.0.0.1", by("198.51.100.1"), PROXIES, "198.51.100.1"),
        ("127.0.0.1", by("198.51.100.1, 10.0.0.5"), PROXIES, "198.51.100.1"),
        ("127.0.0.1", by("192.0.2.66, 198.51.100.1, 10.0.0.5"), PROXIES, "198.51.100.1"),
        ("127.0.0.1", by("192.0.2.66, nonsense, 10.0.0.5"), PROXIES, "10.0.0.5"),
        ("127.0.0.1", by("nonsense"), PROXIES, None),
        ("127.0.0.1", by("198.51.100.1:4711"), PROXIES, "198.51.100.1"),
        ("127.0.0.1", by("2001:db8::7"), PROXIES, "2001:db8::7"),
        ("127.0.0.1", {"Forwarded": "for=198.51.100.1"}, PROXIES, "198.51.100.1"),
        (
            "127.0.0.1",
            {"Forwarded": 'proto=https;For="[2001:db8::7]:4711", for=10.0.0.5;by=10.0.0.6'},
            PROXIES,
            "2001:db8::7",
        ),
        ("127.0.0.1", {"Forwarded": "for=_hidden"}, PROXIES, None),
    ],
)
def test_the_address_is_the_last_one_that_no_trusted_proxy_has(
    remote: str | None, headers: dict[str, str], proxies: Any, found: str | None
) -> None:
    assert client_address(remote, headers, proxies) == found


@given(st.text(), st.sampled_from(["X-Forwarded-For", "Forwarded"]))
def test_what_a_caller_puts_before_the_proxys_word_changes_nothing(text: str, name: str) -> None:
    told = "198.51.100.1" if name == "X-Forwarded-For" else "for=198.51.100.1"
    assert client_address("127.0.0.1", {name: f"{text},{told}"}, PROXIES) == "198.51.100.1"
    client_address("127.0.0.1", {name: text}, PROXIES)


class TestAnswers:
    """The same through the web application."""

    @pytest.fixture(autouse=True)
    async def proxied(self, views: Views) -> None:
        views.house.proxies = PROXIES
        await views.keep(CALL)

    async def test_guessing_locks_an_address_out_whatever_it_shows_then(
        self, client: Client, views: Views, clock: FixedClock
    ) -> None:
        good = await views.token()
        for _ in range(limits.TRIES):
            told = await code(client, "GET", AGENDA, headers=WRONG | by("203.0.113.7"))
            assert told == (401, "unauthorized")
        for login in (WRONG, good, {}, {"Cookie": "roombridge_display=x"}):
            answer = await client.get(AGENDA, headers=login | by("203.0.113.7"))
            assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
        assert (await answer.json())["code"] == "too_many_requests"
        assert (await client.get("/healthz", headers=by("203.0.113.7"))).status == 200
        assert (await client.get("/healthz", headers=good | by("203.0.113.7"))).status == 429
        assert (await client.get(AGENDA, headers=good | by("203.0.113.8"))).status == 200
        clock.move(timedelta(seconds=60))
        assert (await client.get(AGENDA, headers=good | by("203.0.113.7"))).status == 200

    async def test_wrong_cookies_and_other_schemes_are_guesses_too(self, client: Client) -> None:
        for login in ({"Cookie": "roombridge_display=x"}, {"Authorization": "Basic YTpi"}):
            for _ in range(limits.TRIES // 2):
                await client.get(AGENDA, headers=login | by("203.0.113.7"))
        assert (await client.get(AGENDA, headers=by("203.0.113.7"))).status == 429

    async def test_a_display_whose_token_has_ended_locks_nobody_out(
        self, client: Client, views: Views
    ) -> None:
        display = await views.token(room="kestrel")
        (token,) = views.tokens
        await views.tokens.revoke(token.id, actor="test")
        for _ in range(3 * limits.TRIES):
            answer = await client.get(AGENDA, headers=display | by("203.0.113.7"))
            assert answer.status == 401

    async def test_a_caller_that_asks_too_much_waits_and_others_do_not(
        self, client: Client, views: Views, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bridge.views.guard.SERVICE_LIMIT", 5)
        busy, other = await views.token(), await views.token()
        asked = [await client.get(AGENDA, headers=busy | by("203.0.113.7")) for _ in range(6)]
        assert [answer.status for answer in asked] == [200] * 5 + [429]
        assert int(asked[-1].headers["Retry-After"]) == 10
        assert (await client.get(AGENDA, headers=other | by("203.0.113.7"))).status == 200

    async def test_paths_that_are_not_there_are_counted_too(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bridge.views.guard.ADDRESS_LIMIT", 2)
        asked = [await client.get("/admin.php", headers=by("203.0.113.7")) for _ in range(3)]
        assert [answer.status for answer in asked] == [404, 404, 429]


async def test_loopback_is_never_locked_out(client: Client) -> None:
    for _ in range(2 * limits.TRIES):
        assert (await client.get(AGENDA, headers=WRONG)).status == 401
    assert (await client.get(AGENDA)).status == 200


async def test_a_revoked_token_ends_its_open_streams_at_once(client: Client, views: Views) -> None:
    import asyncio

    await views.keep(CALL)
    header = await views.token()
    (token,) = views.tokens
    async with client.get("/api/v1/rooms/kestrel/stream", headers=header) as stream:
        assert await stream.content.readuntil(b"event: status")
        async with asyncio.timeout(1):
            await views.tokens.revoke(token.id, actor="test")
            rest = await stream.content.read()
    assert b"agenda" not in rest
    assert (await client.get(AGENDA, headers=header)).status == 401
