"""A unit that comes for its calendar by itself."""

from pathlib import Path

import pytest

from connector.checkup import Tried
from connector.endpoint import Dials, Facade, Reads, Shows
from connector.endpoints import reader
from connector.secret import Secret
from tests.bridge.test_settings import GRAPH, Folder

FACADE = Facade(username="kestrel", password=Secret("pass word"))
ROOMS = """
rooms:
  - id: kestrel
    mailbox: kestrel@example.com
    time_zone: Europe/London
    endpoints:
      - {{id: x30, kind: reader, facade: {{username: kestrel, password_file: password}}{more}}}
      - {{id: hdx, kind: reader, facade: {{username: {name}, password_file: password}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("password", "pass word")
    return made


async def test_it_is_never_reached_out_to() -> None:
    options = reader.Options(facade=FACADE, address="10.0.0.7")
    assert options.host == ""
    assert isinstance(options, Reads)
    async with reader.connect(options, None) as unit:  # type: ignore[arg-type] # it needs none
        for protocol in (Shows, Dials, Tried):
            assert not isinstance(unit, protocol)


def test_bad_options_are_told() -> None:
    told = reader.Options(facade=FACADE, address="http://x/", protocols=()).problems()
    assert [key for key, _ in told] == ["address", "protocols"]
    assert not list(reader.Options(facade=FACADE).problems())


def test_units_are_told_apart_by_their_user_names(folder: Folder) -> None:
    assert not folder.problems(GRAPH, ROOMS.format(name="hdx", more=""))
    for name in ("kestrel", "KESTREL", "'a:b'", "' '"):
        (problem,) = folder.problems(GRAPH, ROOMS.format(name=name, more=""))
        assert problem.path.endswith("endpoints[1].facade.username")


def test_the_password_is_a_secret_of_the_configuration(folder: Folder) -> None:
    configuration = folder.good(GRAPH, ROOMS.format(name="hdx", more=", protocols: [sip]"))
    first, _ = configuration.inventory.endpoints
    assert first.options.facade.password.reveal() == "pass word"
    assert "pass word" not in repr(configuration)
