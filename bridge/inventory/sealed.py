"""Secrets of endpoints: the vault has them, the inventory says where."""

import secrets
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from bridge.callers import Caller
from bridge.inventory.leave import NotYours
from bridge.settings.secrets import ENDPOINT, VAULT
from bridge.settings.typed import fields as settings_of
from bridge.settings.typed import is_secret
from connector import load
from connector.secret import Secret
from rooms.inventory import Document, Fields
from rooms.inventory.document import endpoints, units

Given = Mapping[str, Mapping[str, str]]
"""Secrets that somebody gave, by endpoint and setting (`password`, `facade.password`)."""
_WAY = ("kind", "address", "proxy")
"""Settings of an endpoint that say where its secrets are sent."""


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
    if _way(unit) == _way(before):
        return unit
    kept = dict(unit)
    for above, key, value in _secrets(unit, before.get("kind")):
        if value == _at(before, above).get(key):
            kept = _without(kept, above, key)
    return kept


def check_secrets(
    caller: Caller, before: Document, after: Document, given: Collection[str]
) -> None:
    """Let pass who may say where the secrets of endpoints are kept.

    For others an endpoint keeps those that it has, where it has them, or gets those that are
    `given`, by their names in the vault: no setting of theirs has a kept one sent elsewhere.

    Raises:
        NotYours: they may not.
    """
    if "control" in caller.scopes:
        return
    had = units_of(before)
    for room, entry in after.rooms.items():
        if entry is before.rooms.get(room):
            continue
        for unit in units(entry):
            known = had.get(str(unit.get("id")), {})
            if unit != known and not _own(unit, known, given):
                words = f"only engineers say where a secret of endpoint {unit.get('id')} is kept"
                raise NotYours(f"{words}: give the secret itself, or ask one of them")


def _own(unit: Fields, before: Fields, given: Collection[str]) -> bool:
    """Whether an endpoint has only secrets that are given for it, or that it had there before."""
    stays = _way(unit) == _way(before)
    return all(
        (isinstance(value, str) and value.removeprefix(VAULT) in given)
        or (stays and value == _at(before, above).get(key))
        for above, key, value in _secrets(unit, unit.get("kind"))
    )


def voided(before: Document, after: Document) -> Document:
    """The inventory without secrets that would go to another address than they were given for."""
    had = units_of(before)
    if not had:
        return after
    rooms = dict(after.rooms)
    for room, entry in after.rooms.items():
        if entry is before.rooms.get(room) or not units(entry):
            continue
        kept = [
            without_secrets(one, had[one["id"]])
            if isinstance(one, Mapping) and one.get("id") in had
            else one
            for one in entry["endpoints"]
        ]
        rooms[room] = {**entry, "endpoints": kept}
    return Document(rooms=rooms, lists=after.lists)


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


def units_of(document: Document) -> dict[str, Fields]:
    """All endpoints by id."""
    return {
        name: one
        for entry in document.rooms.values()
        if "endpoints" in entry
        for name, one in endpoints(entry).items()
    }


def _way(unit: Fields) -> list[Any]:
    return [unit.get(key) for key in _WAY]


def _secrets(unit: Fields, kind: Any) -> Iterator[tuple[list[str], str, Any]]:
    """What an endpoint says of secrets, as one of a kind, each with where it says so."""
    for *above, last in secrets_of(str(kind)):
        here = _at(unit, above)
        for key in (last, f"{last}_file"):
            if key in here:
                yield above, key, here[key]


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


def _at(fields: Fields, above: list[str]) -> Fields:
    for key in above:
        inner = fields.get(key)
        if not isinstance(inner, Mapping):
            return {}
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
