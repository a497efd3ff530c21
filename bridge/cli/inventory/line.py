"""The one line of bridge.yaml that says where the inventory is."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from bridge.settings import files
from bridge.settings.problem import Place, Problem
from bridge.settings.typed import bare

KEY = "inventory"
STORE = f"{KEY}: store"


class Unwritable(Exception):
    """The line cannot be written by a program; the words say why."""


def with_store(file: Path) -> None:
    """Say in a bridge.yaml that the inventory is in the store; nothing else of it changes.

    It is replaced whole or not at all, with the rights that it had.

    Raises:
        Unwritable: it is not written in lines, or cannot be replaced.
    """
    try:
        real = file.resolve(strict=True)
        with real.open(encoding="utf-8", newline="") as opened:
            before = opened.read()
        after = changed(before)
        _replace(real, after)
    except OSError as error:
        raise Unwritable(f"{file} cannot be written: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unwritable(f"{file} is not UTF-8 text") from error


def changed(text: str) -> str:
    """A bridge.yaml with the line changed or added; comments stay.

    Raises:
        Unwritable: nothing that is sure to be the same configuration otherwise.
    """
    if text.startswith("\ufeff"):
        return "\ufeff" + changed(text[1:])
    wanted = _read(text) | {KEY: "store"}
    node = yaml.compose(text, Loader=yaml.CBaseLoader)
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        raise Unwritable("bridge.yaml is not written in lines")
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    for key, value in node.value if node is not None else ():
        if key.value == KEY:
            line = lines[value.start_mark.line]
            start, stop = value.start_mark.column, value.end_mark.column
            lines[value.start_mark.line] = line[:start] + "store" + line[stop:]
            break
    else:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        lines.append(STORE + end)
    made = "".join(lines)
    if _read(made) != wanted:
        raise Unwritable("bridge.yaml is written in a way that a program had better not change")
    return made


def _read(text: str) -> dict[str, Any]:
    problems: list[Problem] = []
    node = files.parsed(text, Place(problems, Path("bridge.yaml")))
    content = bare(node) if node is not None else None
    if problems or not isinstance(content, dict):
        raise Unwritable("bridge.yaml is no mapping")
    return content


def _replace(file: Path, text: str) -> None:
    """Put a text in a file's place, whole or not at all."""
    state = file.stat()
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fchmod(handle, state.st_mode & 0o7777)
            if (state.st_uid, state.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(handle, state.st_uid, state.st_gid)
            os.fsync(handle)
        Path(name).replace(file)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
