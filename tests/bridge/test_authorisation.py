"""Every path and method against every kind of credentials, made from the OpenAPI document.

What a caller should get follows from the document alone: a route that is added is held to the
scope that it declares, without a line here.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, NamedTuple, get_args

import pytest
from aiohttp import web as aiohttp_web

from bridge.callers import SCOPES, Caller, Scope
from bridge.tokens import PREFIX
from bridge.views import guard, web
from bridge.views.web import COOKIE
from tests.bridge.conftest import Client, Views
from tests.bridge.test_openapi import described
from tests.bridge.test_views import ADA, HOUR
from tests.fakes.sources import event
from tests.fakes.sources import room as a_room
from tests.fakes.virtual import NOON, FixedClock

FOREIGN = {"Host": "rooms.example.com"}
CALL = event("openly", NOON + HOUR, body="Zoom: https://zoom.us/j/91234567890?pwd=x", organizer=ADA)
PRIVATE = event(
    "merger", NOON + 2 * HOUR, body="https://zoom.us/j/98765432109", organizer=ADA, private=True
)
OF_THE_ROOM = (b"Openly", b"Lovelace")
"""What nobody sees who does not see the room."""
TO_JOIN = b"91234567890"
TO_JOIN_PRIVATELY = b"98765432109"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STREAM = "text/event-stream"


class Case(NamedTuple):
    """A way to call, and what it is worth."""

    headers: dict[str, str]
    scopes: frozenset[str] | None
    """None: nobody in particular."""
    scheme: str = ""
    """The security scheme of the document that it uses; empty for no credentials."""
    room: str | None = None
    bad: bool = False
    """A token is shown that is not good: refused even where none is needed."""


async def cases(views: Views) -> dict[str, Case]:
    """Every kind of credentials, as bearer and as cookie, through a name that is not loopback."""
    now = views.clock.now()
    expired = await views.token("read", "join", expires=now + timedelta(seconds=1))
    revoked = await views.token("read", "join")
    (ended,) = [one for one in views.tokens if one.expires is None]
    await views.tokens.revoke(ended.id, actor="test")
    views.clock.move(timedelta(seconds=1))
    wrong = {"Authorization": f"Bearer {PREFIX}{'x' * 43}"}
    good: dict[str, tuple[dict[str, str], frozenset[str], str | None]] = {
        "read": (await views.token("read"), frozenset(["read"]), None),
        "read and join": (await views.token("read", "join"), frozenset(["read", "join"]), None),
        "write": (await views.token("read", "write"), frozenset(["read", "write"]), None),
        "audit": (await views.token("read", "audit"), frozenset(["read", "audit"]), None),
        "own room": (await views.token(room="kestrel"), frozenset(["read", "write"]), "kestrel"),
        "other room": (await views.token(room="heron"), frozenset(["read", "write"]), "heron"),
    }
    found = {"nobody": Case(FOREIGN, None)}
    for name, headers in (("wrong", wrong), ("expired", expired), ("revoked", revoked)):
        found[f"{name} bearer"] = Case(FOREIGN | headers, None, "token", bad=True)
        found[f"{name} cookie"] = Case(FOREIGN | _cookie(headers), None, "display")
    found["wrong scheme"] = Case(FOREIGN | {"Authorization": "Basic YTpi"}, None, bad=True)
    found["empty bearer"] = Case(FOREIGN | {"Authorization": "Bearer "}, None, "token", bad=True)
    for name, (headers, scopes, room) in good.items():
        found[f"{name} bearer"] = Case(FOREIGN | headers, scopes, "token", room)
        found[f"{name} cookie"] = Case(FOREIGN | _cookie(headers), scopes, "display", room)
    return found


def _cookie(bearer: dict[str, str]) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={bearer['Authorization'].removeprefix('Bearer ')}"}


class Operation(NamedTuple):
    """A method of a path, as it is described."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def target(self) -> str:
        """The path with something in place of each parameter."""
        known = {"room": "kestrel", "list": "north", "file": "icon.svg"}
        return re.sub(r"{(\w+)}", lambda found: known.get(found[1], "x"), self.path)

    @property
    def scope(self) -> str | None:
        """What a caller needs; None where it is open."""
        scopes = {scope for way in self.told["security"] for one in way.values() for scope in one}
        assert len(scopes) <= 1, self
        return next(iter(scopes), None)

    @property
    def of_a_room(self) -> bool:
        """Whether it is about the room, or the list with the room, that all asks here are about."""
        return "{room}" in self.path or "{list}" in self.path

    @property
    def schemes(self) -> set[str]:
        return {name for way in self.told["security"] for name in way}

    @property
    def displays(self) -> bool:
        """Whether a display may ask at all."""
        return bool(self.told.get("x-displays", True))

    @property
    def page(self) -> bool:
        """Whether people are asked to sign in, and nobody else is let in."""
        return self.scope is not None and self.schemes == {"session"}

    @property
    def little(self) -> bool:
        """Whether there is an answer that tells little of a room."""
        return "OtherRoomShape" in str(self.told["responses"])


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield Operation(method.upper(), path, told)


def due(operation: Operation, case: Case) -> str:
    """What should come: `401`, `403`, `little` of a room, or `answer`."""
    if case.bad:
        return "401"
    if operation.page:
        return "303"
    if operation.scope is None:
        mine = case.scopes is not None and case.room in {None, "kestrel"}
        return "answer" if mine or not operation.of_a_room else "401"
    lacking = case.scopes is not None and operation.scope not in case.scopes
    barred = lacking or (case.room is not None and not operation.displays)
    if barred or case.scopes is None or case.scheme not in operation.schemes:
        return "403" if barred else "401"
    if case.room == "heron" and operation.of_a_room:
        return "little" if operation.little else "403"
    # What may do more than look does not become a board's cookie.
    harms = case.room is None and case.scopes != {"read"}
    return "403" if harms and operation.path == "/board/{list}/sign-in" else "answer"


async def asked(
    client: Client, method: str, target: str, headers: dict[str, str]
) -> tuple[int, str, bytes]:
    """Status, media type and body; of a stream its first event."""
    client.session.cookie_jar.clear()  # what one caller signed in with is not the next one's
    async with client.request(method, target, headers=headers, allow_redirects=False) as answer:
        endless = answer.content_type == STREAM
        body = await (answer.content.readuntil(b"\n\n") if endless else answer.read())
        return answer.status, answer.content_type, body


def kind(status: int, case: Case, operation: Operation, body: bytes) -> str:
    if status in {401, 403} or (status == 303 and operation.page):
        return str(status)
    told_little = case.room == "heron" and "{room}" in operation.path and b'"next"' not in body
    return "little" if told_little and operation.scope else "answer"


def sees(case: Case) -> bool:
    return case.scopes is not None and case.room in {None, "kestrel"}


@pytest.fixture
async def opened(views: Views) -> dict[str, Case]:
    views.house.rooms = dict(views.house.rooms) | {"kestrel": a_room(lists=("north",))}
    await views.keep(CALL, PRIVATE)
    return await cases(views)


async def test_every_path_and_method_answers_each_caller_as_its_scope_says(
    client: Client, opened: dict[str, Case]
) -> None:
    wrong: list[str] = []
    for operation in operations(await described(client)):
        for name, case in opened.items():
            status, _, body = await asked(client, operation.method, operation.target, case.headers)
            came = kind(status, case, operation, body)
            if came != due(operation, case) or str(status) not in operation.told["responses"]:
                wrong.append(f"{operation.method} {operation.path} for {name}: {status} {came}")
    assert wrong == []


async def test_no_answer_tells_more_of_a_meeting_than_its_caller_may_know(
    client: Client, opened: dict[str, Case]
) -> None:
    leaks: list[str] = []
    seen = set()
    for operation in operations(await described(client)):
        for name, case in opened.items():
            _, _, body = await asked(client, operation.method, operation.target, case.headers)
            joins = case.scopes is not None and "join" in case.scopes
            hidden = [
                *(OF_THE_ROOM if not sees(case) else ()),
                *([] if joins or case.room == "kestrel" else [TO_JOIN]),
                *([] if joins else [TO_JOIN_PRIVATELY]),
                b"Merger",
            ]
            words = [*OF_THE_ROOM, TO_JOIN, TO_JOIN_PRIVATELY]
            seen |= {word for word in words if word in body}
            leaks += [f"{operation.path} for {name}: {w!r}" for w in hidden if w in body]
    assert leaks == []
    assert seen == {*OF_THE_ROOM, TO_JOIN, TO_JOIN_PRIVATELY}, "nothing to leak was there"


async def test_head_is_guarded_like_get(client: Client, opened: dict[str, Case]) -> None:
    for operation in operations(await described(client)):
        if operation.method != "GET":
            continue
        for name, case in opened.items():
            status, _, _ = await asked(client, "GET", operation.target, case.headers)
            head, _, body = await asked(client, "HEAD", operation.target, case.headers)
            endless = STREAM in str(operation.told["responses"].get("200"))
            assert head == (405 if endless and not case.bad else status), (operation.path, name)
            assert body == b""


async def test_what_is_not_described_is_not_served(client: Client, opened: dict[str, Case]) -> None:
    """OPTIONS too: no page of another site is ever let in (CORS)."""
    document = await described(client)
    for path, methods in document["paths"].items():
        offered = {method.upper() for method in methods}
        target = Operation("", path, {}).target
        for method in set(METHODS) - offered - {"HEAD"}:
            for case in opened.values():
                headers = case.headers | {"Origin": "https://elsewhere.example.com"}
                async with client.request(method, target, headers=headers) as answer:
                    if case.bad:
                        assert answer.status == 401, (method, path)
                        continue
                    assert answer.status == 405, (method, path)
                    assert {one.strip() for one in answer.headers["Allow"].split(",")} >= offered
                    assert not [one for one in answer.headers if one.startswith("Access-Control")]
                    assert b"Openly" not in await answer.read()


@pytest.mark.parametrize(
    "behind",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Host": "127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1;host=localhost"},
        {"Via": "1.1 proxy"},
        {"Host": "rooms.example.com"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": "localhost.example.com:8443"},
        {"Host": ""},
    ],
    ids=str,
)
async def test_the_rule_for_loopback_ends_where_somebody_stands_between(
    client: Client, opened: dict[str, Case], behind: dict[str, str]
) -> None:
    await nobody_is_let_in(client, behind)


async def test_the_rule_for_loopback_is_off_behind_a_proxy(
    client: Client, views: Views, opened: dict[str, Case]
) -> None:
    views.house.proxies = (ip_network("10.0.0.5/32"),)
    document = await described_to(client, opened["read bearer"])
    await nobody_is_let_in(client, {}, document)


@pytest.mark.parametrize("remote", ["10.0.0.9", "::ffff:10.0.0.9", "2001:db8::7", None])
async def test_the_rule_for_loopback_is_not_for_other_machines(
    client: Client,
    opened: dict[str, Case],
    monkeypatch: pytest.MonkeyPatch,
    remote: str | None,
) -> None:
    document = await described(client)
    monkeypatch.setattr(aiohttp_web.BaseRequest, "remote", remote)
    await nobody_is_let_in(client, {}, document)
    await nobody_is_let_in(client, {"Host": "localhost"}, document)


async def described_to(client: Client, case: Case) -> dict[str, Any]:
    async with client.get("/api/v1/openapi.json", headers=case.headers) as answer:
        document: dict[str, Any] = await answer.json()
        return document


async def nobody_is_let_in(
    client: Client, headers: dict[str, str], document: dict[str, Any] | None = None
) -> None:
    """Every path is as it is for somebody unknown."""
    for operation in operations(document or await described(client)):
        status, _, body = await asked(client, operation.method, operation.target, headers)
        came = str(status) if status == 401 or operation.page else "answer"
        assert came == due(operation, Case({}, None)), operation
        assert not [word for word in OF_THE_ROOM if word in body]


async def test_loopback_reads_what_its_scopes_allow_and_changes_nothing(
    client: Client, opened: dict[str, Case]
) -> None:
    for operation in operations(await described(client)):
        status, _, _ = await asked(client, operation.method, operation.target, {})
        if operation.page:
            assert status == 303, operation
        elif operation.scope not in {None, "read", "join"}:
            assert status == 403, operation
        elif operation.method == "GET":
            assert status not in {401, 403}, operation
        elif operation.scope is not None:
            assert status == 401, operation


async def test_a_change_that_only_needs_join_is_not_for_loopback_either(
    views: Views, clock: FixedClock
) -> None:
    """No route is such today; the guard holds before there is one."""
    from aiohttp.test_utils import TestClient, TestServer

    from bridge.views.site import site

    async def serve(*_: Any) -> aiohttp_web.StreamResponse:
        return aiohttp_web.Response()

    change = web.Route(
        method="POST", path="/change", serve=serve, scope="join", summary="A change", answer=""
    )
    async with TestClient(TestServer(site(views.house, [change]))) as client:
        assert (await client.post("/change")).status == 401
        token = await views.token("join")
        assert (await client.post("/change", headers=token)).status == 200


async def test_nobody_hands_out_more_than_they_have(views: Views, client: Client) -> None:
    """Whoever looks after tokens cannot make one that may more than they."""
    keeper = await views.token("read", "people")
    for scope in get_args(Scope):
        order = {"name": "x", "scopes": [scope]}
        answer = await client.post("/api/v1/tokens", json=order, headers=keeper)
        assert answer.status == (201 if scope in {"read", "people"} else 403), scope
        if answer.status == 403:
            assert (await answer.json())["code"] == "beyond_oneself"


async def test_the_command_line_may_everything(client: Client) -> None:
    engineer = Caller(name="control:root", scopes=SCOPES["owner"], role="owner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "identified", lambda *_: engineer)
        for operation in operations(await described(client)):
            if operation.scope is not None and "token" in operation.schemes:
                status, _, _ = await asked(client, operation.method, operation.target, FOREIGN)
                assert status not in {401, 403} or "sign-in" in operation.path, operation
