"""Passwords, sessions and the lock-out."""

from typing import Any

import pytest

from .cisco_room import CLEAR, LOGIN, Room, command, login, room

WRONG = login("bridge", "guess")


async def asks(unit: Room, **more: Any) -> int:
    """The status of a harmless request."""
    more.setdefault("allow_redirects", False)
    answer = await unit.http.get("/getxml", params={"location": "/Status"}, **more)
    return answer.status


@pytest.mark.parametrize("auth", [None, WRONG, login("nobody", "secret")])
async def test_strangers_are_told_to_log_in(auth: dict[str, str] | None) -> None:
    async with room(version="ce9.1.4") as unit:
        for method, path in (
            ("GET", "/getxml?location=/Status"),
            ("GET", "/status.xml"),
            ("GET", "/configuration.xml"),
            ("POST", "/putxml"),
            ("POST", "/bookingsputxml"),
            ("POST", "/xmlapi/session/begin"),
        ):
            answer = await unit.http.request(method, path, headers=auth)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["Bearer x", "Basic !", "Basic eA==", "nonsense", ""])
async def test_other_ways_to_log_in_are_none(header: str) -> None:
    async with room() as unit:
        assert await asks(unit, headers={"Authorization": header}) == 401


async def test_sign_in_may_be_a_redirect() -> None:
    async with room(sign_in="redirect") as unit:
        answer = await unit.http.post("/putxml", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/web/signin")
        answer = await unit.http.get("/web/signin")
        assert answer.content_type == "text/html"


async def test_sign_in_may_be_a_page_with_200() -> None:
    async with room(sign_in="page", version="ce9.1.4") as unit:
        answer = await unit.push(CLEAR, headers=WRONG)
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert not unit.codec.received


async def test_a_session_replaces_the_password_until_it_ends() -> None:
    async with room() as unit:
        begun = await unit.http.post("/xmlapi/session/begin", headers=LOGIN)
        assert begun.status == 204
        secret = begun.cookies["SessionId"].value
        unit.http.session.cookie_jar.clear()
        cookie = {"Cookie": f"SessionId={secret}"}
        assert await asks(unit, headers=cookie) == 200
        assert unit.codec.requests[-1].user == "bridge"
        ended = await unit.http.post("/xmlapi/session/end", headers=cookie)
        assert ended.status == 204
        assert await asks(unit, headers=cookie) == 401
        again = await unit.http.post("/xmlapi/session/end", headers=cookie)
        assert again.status == 200


async def test_the_21st_session_is_refused_until_another_ends() -> None:
    async with room() as unit:
        begun = [await unit.http.post("/xmlapi/session/begin", headers=LOGIN) for _ in range(20)]
        assert {answer.status for answer in begun} == {204}
        assert (await unit.http.post("/xmlapi/session/begin", headers=LOGIN)).status == 503
        cookie = {"Cookie": f"SessionId={begun[0].cookies['SessionId'].value}"}
        unit.http.session.cookie_jar.clear()
        await unit.http.post("/xmlapi/session/end", headers=cookie)
        assert (await unit.http.post("/xmlapi/session/begin", headers=LOGIN)).status == 204


async def test_sessions_of_all_users_count_together() -> None:
    async with room(users={"a": "1", "b": "2"}) as unit:
        for who in [login("a", "1")] * 10 + [login("b", "2")] * 10:
            assert (await unit.http.post("/xmlapi/session/begin", headers=who)).status == 204
        who = login("b", "2")
        assert (await unit.http.post("/xmlapi/session/begin", headers=who)).status == 503


async def test_sessions_end_at_a_reboot_and_when_idle_if_so_set() -> None:
    async with room() as unit:
        codec = unit.codec
        secret = codec.begin_session("bridge") or ""
        unit.clock.move(days=3)
        assert codec.session_user(secret) == "bridge"
        codec.configuration.change("Security/Session/InactivityTimeout", "10")
        unit.clock.move(minutes=9)
        assert codec.session_user(secret) == "bridge"
        unit.clock.move(minutes=11)
        assert codec.session_user(secret) is None
        secret = codec.begin_session("bridge") or ""
        codec.reboot()
        assert codec.session_user(secret) is None


async def test_five_failures_lock_a_user_out_for_an_hour() -> None:
    async with room(version="RoomOS 26.4.1") as unit:
        for _ in range(5):
            assert await asks(unit, headers=WRONG) == 401
        assert await asks(unit, headers=LOGIN) == 401
        unit.clock.move(minutes=59)
        assert await asks(unit, headers=LOGIN) == 401
        unit.clock.move(minutes=1)
        assert await asks(unit, headers=LOGIN) == 200


async def test_a_good_login_forgets_the_failures_before_it() -> None:
    async with room(version="RoomOS 26.4.1") as unit:
        for auth in [WRONG] * 4 + [LOGIN] + [WRONG] * 4:
            await asks(unit, headers=auth)
        assert await asks(unit, headers=LOGIN) == 200


@pytest.mark.parametrize("version", ["ce9.15.17.4", "RoomOS 11.27.2.0"])
async def test_older_units_never_lock_out(version: str) -> None:
    async with room(version=version) as unit:
        for _ in range(30):
            await asks(unit, headers=WRONG)
        assert await asks(unit, headers=LOGIN) == 200


async def test_a_lock_out_concerns_one_user_and_another_can_end_it() -> None:
    admin = login("admin", "other")
    async with room(version="RoomOS 26.4.1", users={"bridge": "secret", "admin": "other"}) as unit:
        for _ in range(5):
            await asks(unit, headers=WRONG)
        asked = "<User><Unblock><Username>{}</Username></Unblock></User>"
        for name, status in (("nobody", "Error"), ("bridge", "OK")):
            text = command(f"<UserManagement>{asked.format(name)}</UserManagement>")
            answer = await unit.tell(text, headers=admin)
            assert answer[0].tag == "UserUnblockResult"
            assert answer[0].get("status") == status
        assert await asks(unit, headers=LOGIN) == 200


async def test_requests_are_logged_without_passwords() -> None:
    async with room() as unit:
        await asks(unit, headers=WRONG)
        await unit.http.get("/nowhere", headers=LOGIN)
        first, second = unit.codec.requests
    assert (first.method, first.path, first.status) == ("GET", "/getxml?location=/Status", 401)
    assert (first.user, first.peer) == ("bridge", "127.0.0.1")
    assert (second.path, second.status) == ("/nowhere", 404)
    assert "guess" not in repr(first)
