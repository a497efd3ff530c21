"""The description of the API is complete and true: held against the running server."""

import re
from typing import Any

import jsonschema
import pytest

from bridge.callers import Caller
from bridge.views import guard
from tests.bridge.conftest import Client, Views
from tests.bridge.test_callers import FOREIGN
from tests.bridge.test_views import CALL, SECRET
from tests.fakes.sources import event

Document = dict[str, Any]


async def described(client: Client) -> Document:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.status == 200
    document: Document = await answer.json()
    return document


def schema_of(document: Document, told: Document) -> Document | None:
    """The JSON schema of an answer, with what it refers to."""
    content = told.get("content", {})
    for kind in ("application/json", "application/problem+json"):
        if "schema" in content.get(kind, {}):
            return dict(content[kind]["schema"]) | {"components": document["components"]}
    return None


async def test_every_route_is_described_and_every_description_is_served(
    client: Client, views: Views
) -> None:
    document = await described(client)
    told = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    served = {(route.method, route.path) for route in views.routes()}
    assert told == served
    app = client.app
    assert app
    registered = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method not in {"HEAD", "*"}
    }
    assert registered == served


async def test_it_is_openapi_3_1_and_its_references_lead_somewhere(client: Client) -> None:
    document = await described(client)
    assert document["openapi"] == "3.1.0"
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= set(document["components"]["schemas"])
    assert len({o["operationId"] for m in document["paths"].values() for o in m.values()}) == sum(
        len(methods) for methods in document["paths"].values()
    )


async def test_every_answer_is_as_described(client: Client, views: Views) -> None:
    await views.keep(CALL, SECRET, event("talk"), event("off", cancelled=True))
    document = await described(client)
    checked = 0
    for path, methods in document["paths"].items():
        operation = methods.get("get")
        if not operation or path.endswith("stream") or "tokens" in path:
            continue
        for room in ("kestrel", "heron", "nowhere"):
            target = path.replace("{room}", room).replace("{file}", "icon.svg")
            # No path of ours has braces in it: what still has them would be no route at all.
            answer = await client.get(re.sub(r"/admin/(.*){\w+}", r"/admin/\g<1>1", target))
            told = operation["responses"].get(str(answer.status))
            assert told, f"{target} answered {answer.status}, which is not described"
            schema = schema_of(document, told)
            if schema:
                jsonschema.validate(await answer.json(), schema, jsonschema.Draft202012Validator)
                checked += 1
    assert checked >= 12


async def test_every_refusal_is_as_described(client: Client) -> None:
    document = await described(client)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") == []:
                continue
            target = re.sub(r"{\w+}", "x", path)
            answer = await client.request(method, target, headers=FOREIGN, allow_redirects=False)
            if answer.status == 303:
                assert [list(way) for way in operation["security"]] == [["session"]], target
                continue
            assert answer.status == 401, target
            schema = schema_of(document, operation["responses"]["401"])
            assert schema
            jsonschema.validate(await answer.json(), schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '{"name": ""}',
        '{"name": 5}',
        '{"name": "x", "y": 1}',
        '{"name": "x", "scopes": ["all"]}',
    ],
)
async def test_bodies_that_are_not_as_described_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    engineer = Caller(name="control:root", scopes=frozenset(["read", "join", "people"]))
    monkeypatch.setattr(guard, "identified", lambda *_: engineer)
    answer = await client.post("/api/v1/tokens", data=body)
    assert answer.status == 400
    assert (await answer.json())["code"] == "bad_body"
