"""YAML nodes read as typed values: text becomes what the schema says, and nothing else."""

import difflib
import re
import types
from collections.abc import Callable, Collection
from datetime import date, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
import yaml

from bridge.settings.problem import Place
from bridge.settings.secrets import Secrets
from connector.secret import Secret

Network = IPv4Network | IPv6Network

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TRUTHS = dict.fromkeys(("true", "yes", "on"), True) | dict.fromkeys(("false", "no", "off"), False)


class Bad:
    """Stands for a value that was reported."""


BAD = Bad()


class Field(NamedTuple):
    """A field of a struct, as settings see it."""

    name: str
    kind: Any
    required: bool
    default: Any = None


@cache
def fields(struct: type[msgspec.Struct]) -> dict[str, Field]:
    """The settings that a struct takes, by name."""
    return {
        field.encode_name: Field(field.encode_name, field.type, field.required, field.default)
        for field in msgspec.structs.fields(struct)
    }


@cache
def _in_python(struct: type[msgspec.Struct]) -> dict[str, str]:
    """What each setting is called in the struct."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(struct)}


@cache
def names(struct: type[msgspec.Struct]) -> frozenset[str]:
    """Every key that a struct takes, those that name secret files included."""
    known = fields(struct).values()
    twins = (f"{field.name}_file" for field in known if is_secret(field.kind))
    return frozenset([*(field.name for field in known), *twins])


class Reader:
    """Reads nodes of one file."""

    def __init__(self, base: Path, secrets: Secrets) -> None:
        self._base = base
        self._secrets = secrets
        self._scalars: dict[Any, Callable[[str], Any]] = {
            str: str,
            int: _integer,
            bool: _truth,
            timedelta: duration,
            date: _day,
            Path: self._file,
            Network: _network,
        }

    def struct(
        self,
        struct: type[msgspec.Struct],
        node: yaml.Node,
        place: Place,
        *,
        besides: Collection[str] | None = (),
    ) -> Any:  # an instance of `struct`, or BAD
        """A struct, or BAD where a part that it needs was reported.

        Other parts that were reported have their defaults: the rest can still be checked.
        """
        given = self.given(struct, node, place, besides=besides)
        if given is None:
            return BAD
        needed = [field.name for field in fields(struct).values() if field.required]
        for name in needed:
            if name not in given:
                place.at(name).error("required")
        good = {name: value for name, value in given.items() if value is not BAD}
        if not all(name in good for name in needed):
            return BAD
        here = _in_python(struct)
        return struct(**{here[name]: value for name, value in good.items()})

    def given(
        self,
        struct: type[msgspec.Struct],
        node: yaml.Node,
        place: Place,
        *,
        besides: Collection[str] | None = (),
    ) -> dict[str, Any] | None:
        """Only what was given of a struct's settings; None where this is no mapping at all.

        Keys that others read are named in `besides`; with None, others report what is wrong.
        """
        keys = self.keys(node, place)
        if keys is None:
            return None
        known = fields(struct)
        given: dict[str, Any] = {}
        for key, child in keys.items():
            here = place.at(key, child.start_mark.line + 1)
            name = key.removesuffix("_file")
            if key in (besides or ()):
                continue
            if key in known:
                field = known[key]
            elif name != key and name in known and is_secret(known[name].kind):
                field = known[name]
            elif besides is None:
                continue
            else:
                here.error("no such setting", _nearest(key, [*known, *besides]))
                continue
            if field.name in given:
                here.error(f"given twice: as {field.name} and {field.name}_file")
            elif is_secret(field.kind):
                given[field.name] = self._secret(key, child, here)
            elif not (isinstance(child, yaml.ScalarNode) and child.value == ""):
                given[field.name] = self.value(field.kind, child, here)
        return given

    def keys(self, node: yaml.Node, place: Place) -> dict[str, yaml.Node] | None:
        """A mapping's keys and nodes; None where this is no mapping."""
        if isinstance(node, yaml.ScalarNode) and node.value == "":
            return {}
        if not isinstance(node, yaml.MappingNode):
            place.error(f"must be a mapping of settings, not {_form(node)}")
            return None
        found: dict[str, yaml.Node] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                place.error("a setting's name must be a word")
            elif key.value in found:
                place.at(key.value, key.start_mark.line + 1).error("given twice")
            else:
                found[key.value] = child
        return found

    def items(self, node: yaml.Node, place: Place) -> list[tuple[yaml.Node, Place]]:
        """A sequence's nodes, each with its place."""
        if isinstance(node, yaml.ScalarNode) and node.value == "":
            return []
        if not isinstance(node, yaml.SequenceNode):
            place.error(f"must be a list, not {_form(node)}", "write [one, two] or lines with -")
            return []
        return [
            (child, place.at(f"[{number}]", child.start_mark.line + 1))
            for number, child in enumerate(node.value)
        ]

    def value(self, kind: Any, node: yaml.Node, place: Place) -> Any:
        """A value of any kind that settings have, or BAD."""
        origin = get_origin(kind)
        if kind not in self._scalars and origin in {Union, types.UnionType}:
            (kind,) = (arm for arm in get_args(kind) if arm is not type(None))
            return self.value(kind, node, place)
        if origin is tuple:
            values = [self.value(get_args(kind)[0], *item) for item in self.items(node, place)]
            return BAD if BAD in values else tuple(values)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind, node, place)
        if not isinstance(node, yaml.ScalarNode):
            place.error(f"must be a single value, not {_form(node)}")
            return BAD
        try:
            return (
                _choice(kind, node.value) if origin is Literal else self._scalars[kind](node.value)
            )
        except ValueError as error:
            place.error(str(error))
            return BAD

    def _file(self, text: str) -> Path:
        return self._base / Path(text).expanduser()

    def _secret(self, key: str, node: yaml.Node, place: Place) -> Any:  # a Secret, or BAD
        if not isinstance(node, yaml.ScalarNode):
            place.error(f"must be a single value, not {_form(node)}")
            return BAD
        if key.endswith("_file"):
            secret = self._secrets.from_file(self._file(node.value), place)
        else:
            secret = self._secrets.inline(node.value, place)
        # One that cannot be read was given all the same: what depends on that is not wrong too.
        return secret or Secret("")


def bare(node: yaml.Node) -> Any:
    """A node as dictionaries, lists and text, for a reader of its own."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): bare(child) for key, child in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [bare(child) for child in node.value]
    return node.value


def is_secret(kind: Any) -> bool:
    """Whether a setting is a secret: it has a twin that names a file."""
    return kind is Secret or Secret in get_args(kind)


def _form(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _nearest(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"


def _choice(kind: Any, text: str) -> str:
    if text in get_args(kind):
        return text
    raise ValueError(f"must be {' or '.join(get_args(kind))}, not {text}")


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        raise ValueError(f"must be a whole number, not {text}")
    return int(text)


def _truth(text: str) -> bool:
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise ValueError(f"must be true or false, not {text}") from None


def duration(text: str) -> timedelta:
    """A span of time as `90s`, `15m`, `12h` or `7d`."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhd])", text.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"must be a span of time such as 90s, 15m, 12h or 7d, not {text}")
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"must be a day such as 2027-01-31, not {text}") from None


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"must be a network such as 10.0.0.0/8: {error}") from None
