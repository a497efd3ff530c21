"""Every path and method against every role, token and broken session, from the OpenAPI document.

What each gets follows from the document and from the table of roles: a route that is added is held
to the scope that it declares, without a line here.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, get_args

import msgspec
import pytest

from bridge.callers import SCOPES, Role, Scope
from bridge.people.accounts import Account
from bridge.people.sessions import form_secret
from bridge.views.display_shapes import FaultOrder
from bridge.views.signed_in import PLAIN
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import ELSEWHERE, NEARBY, cookie, meant, person, secret
from tests.bridge.test_authorisation import (
    CALL,
    FOREIGN,
    OF_THE_ROOM,
    PRIVATE,
    TO_JOIN,
    TO_JOIN_PRIVATELY,
    Operation,
    asked,
    operations,
)
from tests.bridge.test_openapi import described

ENDS = {("DELETE", "/api/v1/session"), ("POST", "/admin/logout")}
"""What signs out who asks: they sign in again for the next."""


class Person(NamedTuple):
    """Somebody who signed in, and what their browser sends."""

    account: Account
    sends: Callable[[str], dict[str, str]]
    proves: bool = True
    """Whether a change shows that it was meant."""
    counts: bool = True
    """Whether what they show is worth anything."""

    @property
    def foreign(self) -> bool:
        """Whether another site made their browser ask."""
        sent = self.sends("x")
        return sent.get("Sec-Fetch-Site") in {"cross-site", "same-site"} or "Origin" in sent

    @property
    def scopes(self) -> frozenset[Scope]:
        return SCOPES[self.account.role] if self.counts else frozenset()

    @property
    def elsewhere(self) -> bool:
        """Whether all rooms that are asked for are none of theirs."""
        return self.counts and self.account.within is not None and self.account.lists != NEARBY


class Service(NamedTuple):
    """A service with a token."""

    headers: dict[str, str]
    scopes: frozenset[Scope]
    lists: tuple[str, ...] | None = None

    @property
    def elsewhere(self) -> bool:
        return self.lists == ELSEWHERE


def target(operation: Operation) -> str:
    known = {"room": "kestrel", "list": "north", "file": "icon.svg", "endpoint": "codec"}
    return re.sub(r"{(\w+)}", lambda found: known.get(found[1], "x"), operation.path)


def near(operation: Operation) -> bool:
    return bool(re.search(r"{(room|list|endpoint)}", operation.path))


def due(operation: Operation, who: Person | Service) -> str:
    """What should come: `303`, `401`, `403`, `404` of what is not theirs, or `answer`."""
    counts = isinstance(who, Service) or who.counts
    if operation.page and (isinstance(who, Service) or not counts):
        return "303"
    if who.elsewhere and near(operation):
        return "404"
    if operation.scope is None:
        return of_all(operation, who)
    if not counts:
        return "401"
    limited = who.lists is not None if isinstance(who, Service) else who.account.within is not None
    if operation.scope not in who.scopes or (limited and not operation.told.get("x-lists", True)):
        return "403"
    return of_service(operation, who) if isinstance(who, Service) else of_person(operation, who)


def of_all(operation: Operation, who: Person | Service) -> str:
    """What is open to everybody shows a room, or a list, to who sees it."""
    if operation.of_a_room and "read" not in who.scopes:
        return "401"
    foreign = isinstance(who, Person) and who.foreign
    return "403" if foreign and operation.path == "/api/v1/session" else "answer"


def of_service(operation: Operation, who: Service) -> str:
    harms = operation.path == "/board/{list}/sign-in" and who.scopes != {"read"}
    return "403" if harms else "answer"


def of_person(operation: Operation, who: Person) -> str:
    if not who.proves and operation.method != "GET":
        return "403"
    return "answer" if "session" in operation.schemes else "401"


def came(status: int, operation: Operation, who: Person | Service) -> str:
    if status in {401, 403} or (status == 303 and operation.page and due(operation, who) == "303"):
        return str(status)
    if status == 404 and who.elsewhere and near(operation):
        return "404"
    return "answer"


@pytest.fixture
async def people(views: Views, building: None) -> dict[str, Person]:
    """Every role; those of some lists only, here and elsewhere; and sessions worth nothing."""
    await views.keep(CALL, PRIVATE)
    found: dict[str, Person] = {}
    for role in get_args(Role):
        lists = NEARBY if role == "facilities" else ()
        found[role] = Person(await person(views, role, role, lists), meant)
    limited: tuple[Role, ...] = ("viewer", "facilities")
    for role in limited:
        account = await person(views, f"{role} elsewhere", role, ELSEWHERE)
        found[f"{role} elsewhere"] = Person(account, meant)
    found["viewer of a list"] = Person(await person(views, "near", "viewer", NEARBY), meant)
    found["facilities of nothing"] = Person(await person(views, "new", "facilities"), meant)
    for role in get_args(Role):
        found[f"{role} without proof"] = Person(found[role].account, cookie, proves=False)
    owner = found["owner"].account
    for name, sends in UNMEANT.items():
        found[f"owner {name}"] = Person(owner, sends, proves=False)
    gone = await person(views, "gone", "owner")
    left = meant(await secret(views, gone))
    await views.people.accounts.change(gone.id, lambda was: _disabled(views, was))
    found["disabled"] = Person(owner, lambda _: left, counts=False)
    found["forged"] = Person(owner, lambda _: meant("x" * 43), counts=False)
    found["of the wrong name"] = Person(owner, _misnamed, counts=False)
    return found


def _disabled(views: Views, was: Account) -> Account:
    return msgspec.structs.replace(was, disabled=views.clock.now())


def _misnamed(opened: str) -> dict[str, str]:
    """Only by TLS has the cookie the name that no other host can set."""
    headers = meant(opened)
    return headers | {"Cookie": headers["Cookie"].replace(PLAIN, "__Host-roombridge")}


def _without(header: str) -> Callable[[str], dict[str, str]]:
    return lambda opened: {name: value for name, value in meant(opened).items() if name != header}


UNMEANT: dict[str, Callable[[str], dict[str, str]]] = {
    "without the token": _without("X-CSRF-Token"),
    "with no word of where it comes from": _without("Sec-Fetch-Site"),
    "from another site": lambda opened: meant(opened) | {"Sec-Fetch-Site": "cross-site"},
    "from a sister's page": lambda opened: meant(opened) | {"Sec-Fetch-Site": "same-site"},
    "from another origin": lambda opened: (
        _without("Sec-Fetch-Site")(opened) | {"Origin": "https://rooms.example.com.evil.example"}
    ),
    "from nowhere": lambda opened: _without("Sec-Fetch-Site")(opened) | {"Origin": "null"},
    "with another session's token": lambda opened: (
        meant(opened) | {"X-CSRF-Token": form_secret("another")}
    ),
}


async def walk(
    client: Client, views: Views, who: Person, every: list[Operation]
) -> list[tuple[Operation, int, bytes]]:
    """Ask for everything there is, signed in anew where that signed out."""
    found = []
    opened = await secret(views, who.account)
    for operation in every:
        headers = FOREIGN | who.sends(opened)
        status, _, body = await asked(client, operation.method, target(operation), headers)
        found.append((operation, status, body))
        if (operation.method, operation.path) in ENDS:
            opened = await secret(views, who.account)
    return found


async def test_every_path_and_method_answers_each_role_as_its_scope_says(
    client: Client, views: Views, people: dict[str, Person]
) -> None:
    every = list(operations(await described(client)))
    wrong: list[str] = []
    for name, who in people.items():
        for operation, status, _ in await walk(client, views, who, every):
            got, wanted = came(status, operation, who), due(operation, who)
            if got != wanted or str(status) not in operation.told["responses"]:
                wrong.append(f"{operation.method} {operation.path} for {name}: {status} {wanted}")
    assert not wrong, "\n".join(wrong)
    assert len(people) == 5 + 4 + 5 + len(UNMEANT) + 3


async def test_the_document_names_the_roles_of_each_path(client: Client) -> None:
    seen = set()
    for operation in operations(await described(client)):
        roles = operation.told["x-roles"]
        expected = [
            role
            for role, scopes in SCOPES.items()
            if operation.scope is None or operation.scope in scopes
        ]
        assert roles == expected, operation
        seen.add(operation.scope)
    assert seen >= set(get_args(Scope)) - {"audit"}


async def test_every_path_and_method_answers_each_token_as_its_scope_says(
    client: Client, views: Views, building: None
) -> None:
    await views.keep(CALL, PRIVATE)
    every = list(operations(await described(client)))
    services = {
        scope: Service(await views.token("read", scope), frozenset(["read", scope]))
        for scope in get_args(Scope)
    }
    rooms: tuple[Scope, ...] = ("read", "join", "write", "rooms")
    for name, lists in (("near", NEARBY), ("elsewhere", ELSEWHERE)):
        headers = await views.token(*rooms, lists=lists)
        services[name] = Service(headers, frozenset(rooms), lists)
    wrong = []
    for name, who in services.items():
        for operation in every:
            headers = FOREIGN | who.headers
            status, _, _ = await asked(client, operation.method, target(operation), headers)
            got, wanted = came(status, operation, who), due(operation, who)
            if got != wanted:
                wrong.append(f"{operation.method} {operation.path} for {name}: {status} {wanted}")
    assert not wrong, "\n".join(wrong)


async def test_nobody_learns_anything_of_rooms_that_are_not_theirs(
    client: Client, views: Views, people: dict[str, Person]
) -> None:
    """Nor that they are there: neither name, nor id, nor room system is in any answer."""
    await views.faults.report("kestrel", FaultOrder(code="audio"), actor="test")
    every = [one for one in operations(await described(client)) if one.method == "GET"]
    strangers = ("viewer elsewhere", "facilities elsewhere", "facilities of nothing")
    leaks = []
    for name, who in people.items():
        joins = "join" in who.scopes
        hidden = [] if joins else [TO_JOIN, TO_JOIN_PRIVATELY]
        if name in strangers:
            hidden += [*OF_THE_ROOM, b"kestrel", b"Kestrel", b"codec"]
        for operation, _, body in await walk(client, views, who, every):
            open_to_all = operation.scope is None or operation.path == "/api/v1/openapi.json"
            if not open_to_all:
                leaks += [f"{operation.path} for {name}: {w!r}" for w in hidden if w in body]
    assert leaks == []


async def test_a_session_that_ended_opens_nothing(
    client: Client, views: Views, building: None
) -> None:
    account = await person(views, "ada", "owner")
    every = [one for one in operations(await described(client)) if one.scope is not None]
    stolen = await secret(views, account)
    assert views.people.caller(stolen)
    await views.people.sessions.end(views.people.sessions.of_person(account.id))
    await _opens_nothing(client, every, stolen, "signed out")
    idle = await secret(views, account)
    views.clock.move(timedelta(minutes=30))
    await _opens_nothing(client, every, idle, "idle")


async def _opens_nothing(client: Client, every: list[Operation], opened: str, name: str) -> None:
    for operation in every:
        headers = FOREIGN | meant(opened)
        status, _, _ = await asked(client, operation.method, target(operation), headers)
        assert status == (303 if operation.page else 401), (name, operation)
