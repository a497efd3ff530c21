"""Secrets of endpoints: the vault has them, the inventory says where."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bridge.settings.secrets import ENDPOINT, VAULT
from bridge.settings.typed import fields as settings_of
from bridge.settings.typed import is_secret
from connector import load
from connector.secret import Secret
from rooms.inventory import Document, Fields
from rooms.inventory.document import units

Given = Mapping[str, Mapping[str, str]]
"""Secrets that somebody gave, by endpoint and setting (`password`, `facade.password`)."""


def vaulted(given: Given) -> tuple[dict[str, dict[str, str]], dict[str, Secret]]:
    """Names in the vault for secrets that were given, and the secrets by these names.

    A name is never used again, so that an inventory that is not applied breaks nothing.
    """
    names: dict[str, dict[str, str]] = {}
    coming: dict[str, Secret] = {}
    for endpoint, values in given.items():
        for setting, value in values.items():
            name = f"{ENDPOINT}{endpoint}/{setting}-{secrets.token_hex(4)}"
            names.setdefault(endpoint, {})[setting] = name
            coming[name] = Secret(value, vault=name)
    return names, coming


def with_references(document: Document, names: Mapping[str, Mapping[str, str]]) -> Document:
    """The inventory, whose endpoints say where in the vault these secrets are."""
    if not names:
        return document
    rooms = {room: _referring(entry, names) for room, entry in document.rooms.items()}
    return Document(rooms=rooms, lists=document.lists)


def without_secrets(unit: Fields, before: Fields) -> Fields:
    """An endpoint without the secrets that it had at another address.

    Whoever can change an address must not have the password sent there.
    """
    if unit.get("address") == before.get("address") and unit.get("kind") == before.get("kind"):
        return unit
    kept = dict(unit)
    for path in secrets_of(str(before.get("kind", ""))):
        *above, last = path
        here, had = _at(kept, above), _at(before, above)
        for key in (last, f"{last}_file"):
            if here is not None and had is not None and key in here and here[key] == had.get(key):
                kept = _without(kept, above, key)
                here = _at(kept, above)
    return kept


def _referring(entry: Fields, names: Mapping[str, Mapping[str, str]]) -> Fields:
    listed = units(entry)
    if not any(one.get("id") in names for one in listed):
        return entry
    made = []
    for one in listed:
        unit = dict(one)
        for setting, name in names.get(one.get("id", ""), {}).items():
            *above, last = setting.split(".")
            unit = _without(unit, above, f"{last}_file")
            unit = _with(unit, above, last, VAULT + name)
        made.append(unit)
    return {**entry, "endpoints": made}


def secrets_of(kind: str) -> Iterator[tuple[str, ...]]:
    """The settings of a kind of endpoint that are secrets."""
    if kind in load.endpoint_kinds():
        yield from _secret_settings(load.endpoint(kind).Options)


def _secret_settings(struct: type[msgspec.Struct]) -> Iterator[tuple[str, ...]]:
    for field in settings_of(struct).values():
        if is_secret(field.kind):
            yield (field.name,)
            continue
        for kind in (field.kind, *getattr(field.kind, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from ((field.name, *path) for path in _secret_settings(kind))


def _at(fields: Fields, above: list[str]) -> Any:
    for key in above:
        inner = fields.get(key)
        if not isinstance(inner, Mapping):
            return None
        fields = inner
    return fields


def _with(fields: Fields, above: list[str], key: str, value: str) -> dict[str, Any]:
    if not above:
        return {**fields, key: value}
    inner = fields.get(above[0])
    inner = inner if isinstance(inner, Mapping) else {}
    return {**fields, above[0]: _with(inner, above[1:], key, value)}


def _without(fields: Fields, above: list[str], key: str) -> dict[str, Any]:
    if not above:
        return {name: value for name, value in fields.items() if name != key}
    inner = fields.get(above[0])
    if not isinstance(inner, Mapping):
        return dict(fields)
    return {**fields, above[0]: _without(inner, above[1:], key)}
