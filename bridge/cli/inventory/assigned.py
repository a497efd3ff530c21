"""`key=value` on the command line as settings of an entry."""

import argparse
from collections.abc import Iterable
from typing import Any

LISTED = frozenset(["features", "lists"])
"""Settings of a room whose values are parted by commas."""
SECRET = frozenset(["password", "hook"])
"""Settings of endpoints that are secrets, by the last part of their names."""


class BadAssignment(ValueError):
    """What is no `key=value`, or a secret that would stand in the shell's history."""


class Assignments(argparse.Action):
    """Collects `key=value`, so that a word that is none is bad usage."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        _option: str | None = None,
    ) -> None:
        """Take all of them."""
        try:
            setattr(namespace, self.dest, settings(values))
        except BadAssignment as error:
            parser.error(str(error))


def settings(words: Iterable[str]) -> dict[str, Any]:
    """A patch (RFC 7396) that sets what the words say; `key=` removes a setting.

    A dot goes into a group (`check_in.enabled=true`). What stands in brackets or braces is YAML.

    Raises:
        BadAssignment: a word is none, or what it says is no YAML.
    """
    patch: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        *above, last = key.split(".")
        if not sign or not all([*above, last]):
            raise BadAssignment(f"{word.partition('=')[0]}: write key=value")
        if last in SECRET and value and not value.startswith("vault:"):
            raise BadAssignment(f"{key} is a secret: --secret {key} asks for it")
        here = patch
        for part in above:
            inner = here.setdefault(part, {})
            if not isinstance(inner, dict):
                raise BadAssignment(f"{key}: {part} is no group")
            here = inner
        here[last] = _value(key, value)
    return patch


def _value(key: str, text: str) -> Any:
    if not text:
        return None
    if text[0] in "[{":
        return _structured(key, text)
    if key in LISTED:
        return [one.strip() for one in text.split(",") if one.strip()]
    return text


def _structured(key: str, text: str) -> Any:
    import yaml  # noqa: PLC0415 - see bridge.cli

    try:
        return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - makes text, lists, mappings
    except yaml.YAMLError as error:
        raise BadAssignment(f"{key} is not YAML") from error
