"""YAML files as nodes; what keeps them from being read is a problem like any other."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from bridge.settings.problem import Place, Problem


class _Loader(yaml.CBaseLoader):
    """Every scalar is text, whatever it looks like; libyaml does the work."""


def document(file: Path, problems: list[Problem]) -> yaml.Node | None:
    """A file's one document, or None where it cannot be read."""
    place = Place(problems, file)
    try:
        return parsed(file.read_text(encoding="utf-8-sig"), place)
    except FileNotFoundError:
        place.error("there is no such file")
    except OSError as error:
        place.error(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        place.error("is not UTF-8 text")
    return None


def parsed(text: str, place: Place) -> yaml.Node | None:
    """The one document in a text."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place.at("", mark.line + 1 if mark else None).error(f"is not YAML: {error.problem}")
        return None
    except yaml.YAMLError as error:
        place.error(f"is not YAML: {error}")
        return None
    return node or yaml.MappingNode("tag:yaml.org,2002:map", [], *_nowhere(text))


def _nowhere(text: str) -> tuple[yaml.Mark, yaml.Mark]:
    mark = yaml.Mark("", 0, 0, 0, text, 0)
    return mark, mark


def room_files(file: Path) -> Iterator[Path]:
    """The files of a room list: the one named, or all of a folder in order of their names."""
    if file.is_dir():
        yield from sorted(path for path in file.iterdir() if path.suffix in {".yaml", ".yml"})
    else:
        yield file
