"""`roombridge man`: the manual page, made from the commands themselves (man(7))."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from importlib.metadata import version

from bridge.cli import _parser

_ABOUT = """\
Room Calendar Bridge stands between calendar services and what hangs in and before meeting rooms:
displays, and room systems that join a meeting by one touch. \
This program is the appliance itself and everything that looks after it.
"""
_EXIT = (
    ("0", "fine"),
    ("1", "findings, or the thing asked about is not fine"),
    ("2", "bad usage, or a configuration that would not start"),
)
_FILES = (
    ("/etc/roombridge/bridge.yaml", "the configuration; else config/bridge.yaml"),
    ("/etc/roombridge/rooms.yaml", "rooms and room lists, unless the inventory is in the store"),
    ("/run/roombridge/control.sock", "where commands ask the running appliance"),
    ("/opt/roombridge/share/doc", "the documentation"),
)


def page(_given: Namespace) -> int:
    """Print the page."""
    print("\n".join(lines(_parser())))
    return 0


def lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The page in the requests of man(7)."""
    release = version("room-calendar-bridge")
    yield f'.TH ROOMBRIDGE 1 "" "roombridge {release}" "Room Calendar Bridge"'
    yield from (".SH NAME", f"roombridge \\- {_text(_lower(parser.description or ''))}")
    yield from (".SH SYNOPSIS", ".B roombridge", r"[\fIoptions\fR] \fIcommand\fR \fR...")
    yield from (".SH DESCRIPTION", _text(_ABOUT.strip()))
    yield ".SH OPTIONS"
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to tell
        if action.option_strings:
            yield from _argument(action)
    yield ".SH COMMANDS"
    for path, command in commands(parser):
        yield from _command(path, command)
    yield ".SH EXIT STATUS"
    yield from (line for status, words in _EXIT for line in (".TP", f".B {status}", words))
    yield ".SH FILES"
    yield from (line for file, words in _FILES for line in (".TP", f".I {_text(file)}", words))


def commands(
    parser: argparse.ArgumentParser, path: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command that does something, with its whole name."""
    below = [one for one in parser._actions if isinstance(one.choices, dict)]  # noqa: SLF001
    if not below:
        yield path, parser
    for action in below:
        for name, one in dict(action.choices or {}).items():
            yield from commands(one, f"{path} {name}".strip())


def _command(path: str, command: argparse.ArgumentParser) -> Iterator[str]:
    common = {"--help", "--config", "--json"}
    own = [
        one
        for one in command._actions  # noqa: SLF001
        if not common & set(one.option_strings)
    ]
    names = " ".join(_positional(one) for one in own if not one.option_strings)
    yield f".SS roombridge {_text(path)} {names}".rstrip()
    words = command.description or ""
    yield _text(f"{words[:1].upper()}{words[1:]}.")
    for action in own:
        if action.option_strings or action.help:
            yield from _argument(action)


def _argument(action: argparse.Action) -> Iterator[str]:
    yield ".TP"
    if action.option_strings:
        names = ", ".join(rf"\fB{_text(name)}\fR" for name in action.option_strings)
        yield names if action.nargs == 0 else rf"{names} {_value(action)}"
    else:
        yield _value(action)
    yield _text(action.help or "") or r"\&"


def _positional(action: argparse.Action) -> str:
    value = _value(action)
    if action.nargs in {"*", "?"}:
        value = f"[{value}]"
    return f"{value} ..." if action.nargs in {"*", "+"} else value


def _value(action: argparse.Action) -> str:
    if action.choices is not None and not action.metavar:
        return "|".join(rf"\fI{_text(str(one))}\fR" for one in action.choices)
    return rf"\fI{_text(str(action.metavar or action.dest.upper()))}\fR"


def _text(words: str) -> str:
    """Words with nothing in them that would be a request or an escape."""
    words = words.replace("%%", "%").replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    words = words.replace("`", r"\(ga").replace("…", "...").replace("\n", " ")
    return rf"\&{words}" if words.startswith(".") else words


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:].rstrip(".")
