"""Logins at VideoOS units, in the forms that no document rules out."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from connector.endpoints import poly
from connector.endpoints.poly.unit import Unit
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from tests.connector.poly_unit import CALENDAR, SIP

Told = list[tuple[str, str]]
GOOD = {"success": True, "session": {"sessionId": "s1"}}
HTML = "<!DOCTYPE html><html><body>Sign in</body></html>"


@asynccontextmanager
async def answering(outside: Outside, answers: dict[str, Any], told: Told) -> AsyncIterator[Unit]:
    """A unit that answers each `METHOD /path` as told, and 404 where nothing is told."""

    async def answer(request: web.Request) -> web.Response:
        told.append((f"{request.method} {request.path}", request.headers.get("Cookie", "")))
        status, body = answers.get(f"{request.method} {request.path}", (404, ""))
        kind = "text/html" if body == HTML else "application/json"
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type=kind)

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        options = poly.Options(
            address=f"http://127.0.0.1:{runner.addresses[0][1]}",
            username="admin",
            password=Secret("right"),
            family="videoos",
        )
        async with poly.connect(options, outside) as driven:
            assert isinstance(driven, Unit)
            yield driven
    finally:
        await runner.cleanup()


LOGINS: list[tuple[int, Any, type[ConnectorError], str]] = [
    (200, {"success": False}, Denied, "credentials_refused"),
    (401, "", Denied, "credentials_refused"),
    (400, {"success": False, "reason": "SomethingElse"}, Denied, "credentials_refused"),
    (200, {"success": False, "loginStatus": {"loginResult": "PORTLOCKOUT"}}, Unavailable,
     "throttled"),
    (412, {"reason": "SessionPortLockout"}, Unavailable, "throttled"),
    (200, HTML, Malformed, "unsupported"),
    (200, "{", Malformed, "not_json"),
    (503, "", Unavailable, "service_error"),
    (302, "", Malformed, "redirected"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "reason"), LOGINS, ids=str)
async def test_every_answer_to_a_login_is_one_of_the_four_errors(
    outside: Outside, status: int, body: Any, kind: type[ConnectorError], reason: str
) -> None:
    told: Told = []
    async with answering(outside, {"POST /rest/session": (status, body)}, told) as unit:
        with pytest.raises(kind) as caught:
            await unit.dial(SIP)
    assert caught.value.reason == reason
    assert [what for what, _ in told if what != "DELETE /rest/session"] == ["POST /rest/session"]


async def test_a_session_that_is_named_in_the_body_alone_is_used_and_ended(
    outside: Outside,
) -> None:
    told: Told = []
    answers = {"POST /rest/session": (200, GOOD), "GET /rest/conferences": (200, [])}
    async with answering(outside, answers, told) as unit:
        assert await unit.calls() == []
    assert told[1:] == [
        ("GET /rest/conferences", "session_id=s1"),
        ("DELETE /rest/session", "session_id=s1"),
    ]


async def test_sessions_at_the_other_address_are_found(outside: Outside) -> None:
    told: Told = []
    answers = {"POST /rest/current/session": (200, GOOD), "GET /rest/conferences": (200, [])}
    async with answering(outside, answers, told) as unit:
        await unit.calls()
    assert told[-1][0] == "DELETE /rest/current/session"


CALLS: list[tuple[Any, list[tuple[str, str]]]] = [
    ([], []),
    ({"conferences": []}, []),
    ([{"id": 3}], [("3", "unknown")]),
    ([{"href": "/rest/conferences/4"}], [("4", "unknown")]),
    ([{"connections": [{"href": "/rest/conferences/5/connections/1", "id": 1}]}],
     [("5/1", "unknown")]),
    ([{"id": 0, "connections": [{"id": 1, "state": "CALL_CONNECTED"}, {"id": 2}]}],
     [("0/1", "connected"), ("0/2", "unknown")]),
    ([{"id": "../../system", "connections": "none"}, "odd", 7], [("0", "unknown")]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "calls"), CALLS, ids=str)
async def test_calls_are_read_in_each_form_they_may_have(
    outside: Outside, body: Any, calls: list[tuple[str, str]]
) -> None:
    answers = {"POST /rest/session": (200, GOOD), "GET /rest/conferences": (200, body)}
    async with answering(outside, answers, []) as unit:
        found = await unit.calls()
    assert found is not None
    assert [(one.id, one.state) for one in found] == calls


async def test_a_unit_that_takes_no_setting_says_what_to_do_by_hand(outside: Outside) -> None:
    none = {"vars": [{"name": "exchange.enable", "result": "ERROR"}]}
    bodies: list[tuple[int, Any]] = [(200, none), (400, ""), (200, []), (200, {"vars": "odd"})]
    for body in bodies:
        answers = {"POST /rest/session": (200, GOOD), "POST /rest/config": body}
        async with answering(outside, answers, []) as unit:
            with pytest.raises(Malformed) as caught:
                await unit.provision(CALENDAR)
        assert caught.value.reason == "unsupported"
        assert "web page" in caught.value.fix


@pytest.mark.parametrize(
    "told", [{}, {"systemTime": "soon"}, {"model": 7, "systemTime": True}, [], None]
)
async def test_odd_facts_are_borne(outside: Outside, told: Any) -> None:
    answers = {"POST /rest/session": (200, GOOD), "GET /rest/system": (200, told)}
    async with answering(outside, answers, []) as unit:
        facts = await unit.facts()
    assert (facts.product, facts.clock_off, facts.calendar) == ("", None, "")
