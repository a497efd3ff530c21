"""The description of the API, made from the routes that serve it."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from bridge.callers import SCOPES, Caller
from bridge.views.house import JSON, House, encode
from bridge.views.shapes import ProblemShape
from bridge.views.signed_in import FIELD, HEADER, PLAIN, SECURE
from bridge.views.titles import TITLES
from bridge.views.web import PIN, Route

STATUSES = {
    "unauthorized": 401,
    "forbidden": 403,
    "unknown_room": 404,
    "room_retired": 410,
    "unknown_booking": 404,
    "unknown_source": 404,
    "unknown_list": 404,
    "unknown_token": 404,
    "unknown_code": 404,
    "unknown_display": 404,
    "not_found": 404,
    "unknown_fault": 404,
    "not_offered": 403,
    "pin_required": 403,
    "pin_wrong": 403,
    "bad_query": 400,
    "bad_time": 400,
    "bad_body": 400,
    "body_too_large": 413,
    "not_readable_now": 503,
    "too_many_requests": 429,
    "key_reused": 422,
    "writes_not_allowed": 403,
    "source_cannot_write": 403,
    "room_taken": 409,
    "booking_changed": 409,
    "booking_over": 409,
    "check_in_off": 409,
    "check_in_not_open": 409,
    "booking_not_running": 409,
    "whole_day": 409,
    "other_organizer": 409,
    "unknown_endpoint": 404,
    "no_endpoint": 409,
    "no_join": 409,
    "join_not_open": 409,
    "endpoint_busy": 409,
    "endpoint_unreachable": 503,
    "endpoint_denied": 502,
    "endpoint_unsupported": 502,
    "not_provisionable": 409,
    "source_unavailable": 503,
    "source_refused": 502,
    "outcome_unknown": 504,
    "unknown_proposal": 404,
    "discovery_doubted": 409,
    "discovery_unconfirmed": 409,
    "not_approvable": 409,
    "inventory_in_files": 409,
    "inventory_unfit": 422,
    "table_unreadable": 422,
    "not_yours": 403,
    "unknown_entry": 404,
    "unknown_plan": 404,
    "unknown_change": 404,
    "not_undoable": 409,
    "no_vault": 409,
    "disk_failing": 503,
    "not_ours": 403,
    "wrong_password": 403,
    "wrong_code": 403,
    "password_too_short": 422,
    "password_too_long": 422,
    "password_too_common": 422,
    "password_is_name": 422,
    "unknown_person": 404,
    "unknown_session": 404,
    "name_taken": 409,
    "last_owner": 409,
    "beyond_oneself": 403,
    "lists_not_for_role": 422,
    "person_disabled": 409,
    "changed_meanwhile": 412,
    "if_match_needed": 428,
    "of_provider": 409,
    "local_off": 403,
}
"""The status of each problem that a route names."""
_REF = "#/components/schemas/{name}"


def route(routes: Iterable[Route], version: str) -> Route:
    """The route of the description of the others; it describes itself too."""
    described = list(routes)

    @cache
    def document() -> bytes:
        return encode(description(described, version))

    async def serve(_house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=document(), headers=JSON)

    own = Route(
        method="GET",
        path="/api/v1/openapi.json",
        serve=serve,
        scope="read",
        summary="This description",
        answer="application/json",
    )
    described.append(own)
    return own


def description(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of these routes."""
    routes = list(routes)
    kinds: dict[str, type[msgspec.Struct]] = {ProblemShape.__name__: ProblemShape}
    for route in routes:
        shapes = (route.answer, *route.instead, route.body)
        kinds |= {kind.__name__: kind for kind in shapes if isinstance(kind, type)}
    _, components = msgspec.json.schema_components(kinds.values(), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Room Calendar Bridge",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "reader": {"type": "http", "scheme": "basic"},
                "calendar": {"type": "http", "scheme": "basic"},
                "display": {"type": "apiKey", "in": "cookie", "name": "roombridge_display"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SECURE,
                    "description": f"Somebody who signed in. Over plain http on loopback the cookie"
                    f" is `{PLAIN}`. A change also needs `{HEADER}`, or the field `{FIELD}` of a"
                    " form, and has to come from a page of ours (`Sec-Fetch-Site`, or `Origin`).",
                },
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "summary": route.summary,
        "parameters": [
            *_path_parameters(route),
            *_query_parameters(route),
            *_header_parameters(route),
        ],
        "responses": _responses(route),
        "security": _security(route),
    }
    if not route.displays:
        operation["x-displays"] = False
    if route.whole:
        operation["x-lists"] = False
    operation["x-roles"] = [
        role for role, scopes in SCOPES.items() if route.scope is None or route.scope in scopes
    ]
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(route.body)}
    elif route.takes:
        content: dict[str, Any] = {kind: {} for kind in route.takes}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Who may ask. OpenAPI 3.1 lets every scheme name what is needed, not only OAuth."""
    if route.signs:
        return [{"reader": []}]
    if route.scope is None:
        return []
    if route.page:
        return [{"session": [route.scope]}]
    schemes = ["token", "display", "session"] if route.cookie else ["token"]
    if route.basic:
        schemes.append("calendar")
    return [{scheme: [route.scope]} for scheme in schemes]


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "description": words,
            "schema": {"type": "string"},
        }
        for name, words in route.query.items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "header",
            "description": words,
            "schema": {"type": "string", "maxLength": 255},
        }
        for name, words in (
            *route.headers.items(),
            *([(PIN, "Of a display, where its room's policy asks for it.")] * _asks_pin(route)),
        )
    ]


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": route.summary}
    if isinstance(route.answer, type):
        good["content"] = _json(route.answer, *route.instead)
    elif route.answer:
        good["content"] = {route.answer: {}}
    responses: dict[str, dict[str, Any]] = {str(route.status): good}
    for status, words in route.also.items():
        responses[str(status)] = {**good, "description": words}
        if status == 304:
            del responses["304"]["content"]
    # A token that is shown must be good, even where none is needed.
    codes = ["unauthorized", *(("forbidden",) if route.scope else ())]
    codes += ["too_many_requests", *_of_doors(route), *_of_people(route), *route.problems]
    if route.page and route.scope:
        responses["303"] = {"description": "Nobody is signed in: to the page where people do"}
    if "{room}" in route.path and "unknown_room" in route.problems:
        codes.append("room_retired")
    for code in codes:
        key = str(STATUSES[code])
        known = responses.setdefault(key, {"description": ""})
        known["content"] = known.get("content", {}) | _problem()
        known["description"] = "; ".join(filter(None, [known["description"], TITLES[code]]))
    return responses


def _of_doors(route: Route) -> list[str]:
    """Why a display is refused what others may do."""
    if route.offer is None:
        return []
    return ["not_offered", *(["pin_required", "pin_wrong"] if _asks_pin(route) else [])]


def _of_people(route: Route) -> list[str]:
    """Why somebody is refused who is signed in: what others may send for them."""
    return ["not_ours"] if route.scope and route.cookie and route.method != "GET" else []


def _asks_pin(route: Route) -> bool:
    return route.offer is not None and route.method != "GET"


def _json(*kinds: type[msgspec.Struct]) -> dict[str, Any]:
    refs = [{"$ref": _REF.format(name=kind.__name__)} for kind in kinds]
    return {"application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}}


def _problem() -> dict[str, Any]:
    return {
        "application/problem+json": {"schema": {"$ref": _REF.format(name=ProblemShape.__name__)}}
    }
