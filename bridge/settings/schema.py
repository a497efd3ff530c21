"""JSON Schemas of `bridge.yaml` and `rooms.yaml`, so that editors complete and check them.

They are made from the structs that read the files: `python -m bridge.settings.schema FOLDER`
writes them. What only the reader can tell (files that are missing, ids that stand twice) is told by
`roombridge check`.
"""

import ast
import inspect
import json
import sys
import textwrap
import types
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from bridge.settings.displays import CheckInSettings, DisplaySettings
from bridge.settings.entries import EndpointEntry, RoomEntry
from bridge.settings.load import SOURCE_NAME, SourceEntry
from bridge.settings.model import (
    AutoJoinSettings,
    JoinSettings,
    PrivacySettings,
    RoomList,
    Site,
)
from bridge.settings.secrets import ENDPOINT, VAULT
from bridge.settings.typed import Field, Network, fields, is_secret
from connector import load
from rooms.inventory.ids import ID
from rooms.join import Rule

Schema = dict[str, Any]

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}

_IN_VAULT = f"^{VAULT}{ENDPOINT}"
"""What a secret may be in the room list, where it is no file."""
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: Mapping[Any, Schema] = {
    # Every scalar is read as text: `floor: 2` is as good as `floor: "2"`.
    str: {"type": ["string", "number", "boolean"]},
    int: {"type": ["integer", "string"], "pattern": r"^[+-]?\d{1,18}$"},
    bool: {"enum": [True, False, "true", "false", "yes", "no", "on", "off"]},
    timedelta: {"type": "string", "pattern": r"^\d{1,9}(\.\d{1,3})?\s*[smhd]$"},
    date: {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    Path: {"type": "string"},
    Network: {"type": "string", "pattern": r"^[0-9A-Fa-f.:]+(/\d{1,3})?$"},
}


def bridge_schema() -> Schema:
    """What `bridge.yaml` may hold."""
    schema = _struct(Site)
    schema["properties"]["join"] = join = _struct(JoinSettings)
    join["properties"]["rules"] = {
        "type": "array",
        "description": "The site's own rules, tried before what is built in.",
        "items": _struct(Rule),
    }
    schema["properties"]["sources"] = {
        "type": "object",
        "description": "Calendar services by name.",
        "minProperties": 1,
        "propertyNames": {"pattern": f"^{SOURCE_NAME.pattern}$"},
        "additionalProperties": _one_of_kinds(
            SourceEntry, {kind: load.source(kind).Options for kind in load.source_kinds()}
        ),
    }
    schema["required"] = ["sources"]
    return {"$schema": _DRAFT, "title": "bridge.yaml of Room Calendar Bridge", **schema}


def rooms_schema() -> Schema:
    """What `rooms.yaml` may hold: no secrets, only where they are."""
    room = _struct(RoomEntry, secrets_inline=False)
    room["properties"] |= {
        "privacy": _struct(PrivacySettings),
        "join": _struct(JoinSettings, secrets_inline=False),
        "auto_join": _struct(AutoJoinSettings),
        "display": _struct(DisplaySettings, secrets_inline=False),
        "check_in": _struct(CheckInSettings),
        "endpoints": {
            "type": "array",
            "description": "Its room systems.",
            "items": _one_of_kinds(
                EndpointEntry,
                {kind: load.endpoint(kind).Options for kind in load.endpoint_kinds()},
                secrets_inline=False,
            ),
        },
    }
    room_list = _struct(RoomList)
    for owner in (room, room_list):
        owner["properties"]["id"] = {"type": "string", "pattern": f"^{ID.pattern}$"}
    return {
        "$schema": _DRAFT,
        "title": "rooms.yaml of Room Calendar Bridge",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rooms": {"type": "array", "description": "The rooms.", "items": room},
            "room_lists": {
                "type": "array",
                "description": "Buildings, floors and other groups of rooms.",
                "items": room_list,
            },
        },
    }


def _struct(struct: type[msgspec.Struct], *, secrets_inline: bool = True) -> Schema:
    """A mapping of settings."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    either: list[Schema] = []
    for field in fields(struct).values():
        words = _words(struct).get(field.name, "")
        schema = _kind(field.kind, secrets_inline=secrets_inline)
        if not is_secret(field.kind):
            properties[field.name] = _described(schema, words) | _default(field)
            required += [field.name] if field.required else []
            continue
        ways = [field.name, f"{field.name}_file"]
        value = {"type": "string"} if secrets_inline else {"type": "string", "pattern": _IN_VAULT}
        properties[ways[0]] = _described(value, words)
        properties[ways[1]] = _described({"type": "string"}, words)
        if field.required:
            either.append({"oneOf": [{"required": [way]} for way in ways]})
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        schema["required"] = required
    if either:
        schema["allOf"] = either
    return _described(schema, inspect.cleandoc(struct.__doc__ or "").partition("\n")[0])


def _one_of_kinds(
    general: type[msgspec.Struct],
    kinds: Mapping[str, type[msgspec.Struct]],
    *,
    secrets_inline: bool = True,
) -> Schema:
    """What all kinds have, with what each has of its own."""
    arms = []
    for kind, options in kinds.items():
        shared, own = _struct(general), _struct(options, secrets_inline=secrets_inline)
        own["properties"] = shared["properties"] | {"kind": {"const": kind}} | own["properties"]
        own["required"] = [*shared["required"], *own.get("required", ())]
        arms.append(own)
    return {
        "type": "object",
        "properties": {"kind": {"enum": list(kinds)}},
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": arm["properties"]["kind"]}}, "then": arm} for arm in arms
        ],
    }


def _kind(kind: Any, *, secrets_inline: bool) -> Schema:
    origin = get_origin(kind)
    if kind not in _SCALARS and origin in {Union, types.UnionType}:
        (kind,) = (arm for arm in get_args(kind) if arm is not type(None))
        return _kind(kind, secrets_inline=secrets_inline)
    if origin is tuple:
        items = _kind(get_args(kind)[0], secrets_inline=secrets_inline)
        return {"type": "array", "items": items}
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, secrets_inline=secrets_inline)
    return {"type": "string"} if is_secret(kind) else dict(_SCALARS[kind])


def _default(field: Field) -> Schema:
    """What counts where a setting does not stand; groups have the defaults of their parts."""
    match field.default:
        case bool() | int():
            return {"default": field.default}
        case str() if field.default:
            return {"default": field.default}
        case Path():
            return {"default": str(field.default)}
        case timedelta():
            return {"default": _duration(field.default)}
        case tuple() if all(
            isinstance(one, str | IPv4Network | IPv6Network) for one in field.default
        ):
            return {"default": [str(one) for one in field.default]} if field.default else {}
    return {}


def _duration(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def _described(schema: Schema, words: str) -> Schema:
    return {"description": words, **schema} if words else schema


@cache
def _words(struct: type[msgspec.Struct]) -> Mapping[str, str]:
    """What stands in the source below each of a struct's fields, by the field's name in files."""
    in_files = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    parts = [part for part in reversed(struct.__mro__) if issubclass(part, msgspec.Struct)]
    told: dict[str, str] = {}
    for part in parts:
        if part is not msgspec.Struct:
            told |= _told(part)
    return {in_files[name]: words for name, words in told.items()}


def _told(struct: type) -> Iterator[tuple[str, str]]:
    """The words below the fields that stand in this very class."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101 - it is a struct's source
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, " ".join(inspect.cleandoc(below.value.value).split())


SCHEMAS = {"bridge": bridge_schema, "rooms": rooms_schema}


def text(name: str) -> str:
    """A schema as its file holds it."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def _write(folder: Path) -> None:
    for name in SCHEMAS:
        (folder / f"{name}.schema.json").write_text(text(name))


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
