"""What `check` says of a broker, of presence at services, and of lights."""

from pathlib import Path

import pytest

from bridge.settings.load import read
from bridge.settings.model import presence_sources
from bridge.settings.problem import Problem
from tests.bridge.test_settings import GRAPH, ROOM, Folder


def problems(tmp_path: Path, more: str, source: str = "") -> list[str]:
    folder = Folder(tmp_path)
    folder.write("rooms.yaml", ROOM)
    found: list[Problem] = []
    read(folder.write("bridge.yaml", GRAPH.rstrip() + f"\n{source}{more}\n"), found)
    return [one.path for one in found]


@pytest.mark.parametrize(
    ("mqtt", "path"),
    [
        ("{url: 'mqtts://broker'}", ""),
        ("{url: 'mqtt://broker', username: u, password: p}", "mqtt.url"),
        ("{url: 'mqtts://broker', prefix: 'a/#'}", "mqtt.prefix"),
        ("{url: 'mqtts://broker', ca_file: none.pem}", "mqtt.ca_file"),
        ("{}", "mqtt.url"),
    ],
)
def test_a_broker_that_will_not_do_is_told_by_its_setting(
    tmp_path: Path, mqtt: str, path: str
) -> None:
    usual = problems(tmp_path, "")
    told = [one for one in problems(tmp_path, f"mqtt: {mqtt}") if one not in usual]
    assert set(told) == ({path} if path else set())


def test_nothing_sets_presence_unless_it_is_wanted(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("rooms.yaml", ROOM)
    for more, wanted in (("", []), ("    presence: write\n", ["m365"])):
        made = read(folder.write("bridge.yaml", GRAPH.rstrip() + f"\n{more}"), [])
        assert made is not None
        assert [name for name, _ in presence_sources(made)] == wanted
