"""Rules from settings, every problem at once."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec

from rooms.join import templates
from rooms.join.problem import Problem
from rooms.join.recognise import PROVIDERS
from rooms.join.rules import Kind, Place, Rule, Rules, compiled, in_order

LONGEST_MATCH = 1000
LONGEST_TEMPLATE = 10_240
"""Characters of an expression and of a template."""

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
}
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_FILLED = ("sip", "h323", "url", "meeting_id", "passcode")
_TEXTS = ("match", "domain", "provider", "organizer", "template", *_FILLED)
_KEYS = ("name", "kind", "priority", "enabled", "in", *_TEXTS)
_NEEDS: dict[str, tuple[str, ...]] = {
    "regex": ("match",),
    "domain": ("domain",),
    "template": ("template",),
    "exclude": (),
    "map": ("provider",),
}
_TAKES: dict[str, frozenset[str]] = {
    "regex": frozenset({"match", "in", "provider", *_FILLED}),
    "domain": frozenset({"domain", "provider", *_FILLED}),
    "template": frozenset({"template", "match", "in", "provider"}),
    "exclude": frozenset({"match", "in", "provider", "organizer"}),
    "map": frozenset({"match", "provider", *_FILLED}),
}


def rules_from(data: object) -> Rules | tuple[Problem, ...]:
    """The rules in a list of settings, or everything that is wrong with it.

    A whole `bridge.yaml`, or its `join` section, is welcome too.
    """
    for key in ("join", "rules"):
        if isinstance(data, Mapping) and key in data:
            data = data[key]
    if data is None:
        return Rules()
    if not isinstance(data, Sequence) or isinstance(data, str):
        return (Problem(place="rules", words="must be a list", hint="each rule begins with `- `"),)
    reader = _Reader()
    rules = [reader.rule(f"rules[{number}]", item) for number, item in enumerate(data)]
    reader.names(rules)
    return tuple(reader.problems) or in_order(rule for rule in rules if rule is not None)


class _Reader:
    """Reads one rule after the other and remembers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def rule(self, place: str, data: object) -> Rule | None:
        """The rule at a place, or None after saying what is wrong."""
        if not isinstance(data, Mapping):
            self._wrong(place, "must be a mapping", "for example {name: …, kind: regex, match: …}")
            return None
        before = len(self.problems)
        for key in data:
            if key not in _KEYS:
                close = difflib.get_close_matches(str(key), _KEYS, 1)
                self._wrong(f"{place}.{key}", "no such setting", f"{close[0]}?" if close else "")
        kind = self._kind(place, data)
        texts = {key: self._text(place, data, key) for key in _TEXTS}
        if kind:
            self._fits(place, kind, data, texts)
        self._expression(f"{place}.match", texts["match"])
        self._template(f"{place}.template", texts["template"])
        for key in ("domain", "organizer"):
            texts[key] = texts[key].lower().lstrip("@")
            if texts[key] and not _DOMAIN.fullmatch(texts[key]):
                self._wrong(f"{place}.{key}", "is no domain", "for example vc.example.com")
        fields = {
            "name": self._text(place, data, "name") or self._missing(place, "name"),
            "kind": kind,
            "priority": self._priority(place, data),
            "enabled": self._truth(place, data),
            "in": self._places(place, data),
        }
        if len(self.problems) > before:
            return None
        return msgspec.convert({**fields, **texts}, Rule)

    def names(self, rules: Sequence[Rule | None]) -> None:
        """Two rules of one name could not be told apart in `explain`."""
        seen: set[str] = set()
        for number, rule in enumerate(rules):
            if rule is not None and rule.name in seen:
                self._wrong(f"rules[{number}].name", f"{rule.name!r} is used twice", "")
            seen.add(rule.name if rule else "")

    def _wrong(self, place: str, words: str, hint: str = "") -> None:
        self.problems.append(Problem(place=place, words=words, hint=hint))

    def _missing(self, place: str, key: str) -> str:
        self._wrong(f"{place}.{key}", "required")
        return ""

    def _text(self, place: str, data: Mapping[Any, Any], key: str) -> str:
        value = data.get(key, "")
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        self._wrong(f"{place}.{key}", "must be text")
        return ""

    def _kind(self, place: str, data: Mapping[Any, Any]) -> str:
        kind = self._text(place, data, "kind")
        if kind in get_args(Kind):
            return kind
        self._wrong(f"{place}.kind", "required" if not kind else "no such kind", _one_of(Kind))
        return ""

    def _fits(
        self, place: str, kind: str, data: Mapping[Any, Any], texts: Mapping[str, str]
    ) -> None:
        """Whether a kind has what it needs, and nothing that it would ignore."""
        for key in _NEEDS[kind]:
            if not texts[key]:
                self._missing(place, key)
        for key in data:
            if key in {"in", *_TEXTS} and key not in _TAKES[kind]:
                self._wrong(f"{place}.{key}", f"has no meaning in a rule of kind {kind}")
        if kind in {"regex", "map"} and not any(texts[key] for key in ("sip", "h323")):
            self._wrong(place, "tells nothing to dial", "add sip: or h323:")
        if kind == "exclude" and not any(texts[k] for k in ("match", "provider", "organizer")):
            self._wrong(place, "excludes everything", "add match:, provider: or organizer:")
        known = frozenset(PROVIDERS) | {"sip", "custom"}
        if kind in {"map", "exclude"} and texts["provider"] and texts["provider"] not in known:
            close = difflib.get_close_matches(texts["provider"], known, 1)
            self._wrong(f"{place}.provider", "no such platform", f"{close[0]}?" if close else "")

    def _expression(self, place: str, expression: str) -> None:
        if len(expression) > LONGEST_MATCH:
            self._wrong(place, f"longer than {LONGEST_MATCH} characters")
        elif expression:
            try:
                compiled(expression)
            except ValueError as error:
                self._wrong(place, f"is no expression: {error}", "RE2 has no lookaround")

    def _template(self, place: str, template: str) -> None:
        if len(template) > LONGEST_TEMPLATE:
            self._wrong(place, f"longer than {LONGEST_TEMPLATE} characters")
        elif template and isinstance(ready := templates.prepared(template), templates.Failed):
            self._wrong(place, f"is no template: {ready.words}")

    def _priority(self, place: str, data: Mapping[Any, Any]) -> int:
        value = data.get("priority", 100)
        try:
            number = int(str(value))
        except ValueError:
            number = 0
        if not 1 <= number <= 200:
            self._wrong(f"{place}.priority", "must be a number from 1 to 200", "1 is tried first")
        return number

    def _truth(self, place: str, data: Mapping[Any, Any]) -> bool:
        value = data.get("enabled", True)
        truth = value if isinstance(value, bool) else _TRUTHS.get(str(value).lower())
        if truth is None:
            self._wrong(f"{place}.enabled", "must be true or false")
        return bool(truth)

    def _places(self, place: str, data: Mapping[Any, Any]) -> list[str]:
        value = data.get("in", [])
        places = [value] if isinstance(value, str) else value
        if not isinstance(places, Sequence):
            self._wrong(f"{place}.in", "must be a list of places", _one_of(Place))
            return []
        for one in places:
            if one not in get_args(Place):
                self._wrong(f"{place}.in", f"{one!r} is no place", _one_of(Place))
        return [str(one) for one in places]


def _one_of(kinds: Any) -> str:  # a Literal
    return "one of " + ", ".join(get_args(kinds))
