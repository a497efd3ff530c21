"""Who may read the façade by the configuration, and who does not come."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bridge.facade import Facade, readers
from bridge.health import Subject
from bridge.settings.model import Configuration, EndpointSettings, Inventory
from bridge.views.stream import Hub
from connector.endpoint import Facade as SignIn
from connector.endpoints import cisco, reader
from connector.secret import Secret
from tests.bridge.conftest import Views
from tests.fakes.sources import room

MINUTE = timedelta(minutes=1)


def endpoint(name: str, password: str = "one", of: str = "kestrel") -> EndpointSettings:
    facade = SignIn(username=name, password=Secret(password))
    options = reader.Options(facade=facade, protocols=("h323",))
    return EndpointSettings(id=name, kind="reader", room=of, options=options)


CODEC = EndpointSettings(
    id="codec",
    kind="cisco",
    room="kestrel",
    options=cisco.Options(address="10.0.0.7", username="admin", password=Secret("two")),
)


class Configured:
    """A façade, and the configuration that it looks at."""

    def __init__(self, views: Views, *endpoints: EndpointSettings) -> None:
        self.configuration = Configuration(file=Path("bridge.yaml"))
        self.adopt(*endpoints)
        self.house = views.house
        self.facade = Facade(views.house, views.hub, lambda: self.configuration)

    def adopt(self, *endpoints: EndpointSettings) -> None:
        inventory = Inventory(rooms=(room("kestrel"),), endpoints=endpoints)
        self.configuration = msgspec.structs.replace(self.configuration, inventory=inventory)

    async def silent(self) -> list[str]:
        await self.facade.look()
        return [
            subject.id
            for subject, trouble in self.house.health.all()
            if trouble.code == "reader_silent"
        ]


@pytest.fixture
def configured(views: Views) -> Configured:
    return Configured(views, endpoint("x30"), CODEC)


def test_units_with_a_user_name_are_readers(configured: Configured) -> None:
    (known,) = readers(configured.configuration)
    assert (known.endpoint, known.room, known.username) == ("x30", "kestrel", "x30")
    assert (known.secret, known.protocols) == ("one", ("h323",))


async def test_who_does_not_come_is_said_once_and_that_they_are_back(
    configured: Configured, views: Views
) -> None:
    assert await configured.silent() == []
    views.clock.move(15 * MINUTE)
    assert await configured.silent() == []
    views.clock.move(MINUTE)
    assert await configured.silent() == ["x30"]
    assert await configured.silent() == ["x30"]
    views.house.room_endpoints = lambda _room: ["x30"]
    told = views.house.health_of(room("kestrel"), views.clock.now())
    assert [one.endpoint for one in told if one.code == "reader_silent"] == ["x30"]
    views.health.good(Subject("endpoint", "x30"))
    assert await configured.silent() == ["x30"]
    unit = views.house.readers.named("x30")
    assert unit is not None
    views.house.readers.came(unit, views.clock.now(), "X30")
    assert await configured.silent() == []


async def test_a_changed_configuration_is_in_force_at_once(
    configured: Configured, views: Views
) -> None:
    await configured.silent()
    before = views.house.readers.named("x30")
    configured.adopt(endpoint("x30"), endpoint("hdx"))
    await configured.silent()
    assert views.house.readers.named("x30") is before
    assert views.house.readers.named("HDX") is not None
    configured.adopt(endpoint("x30", "another"))
    await configured.silent()
    assert len(views.house.readers) == 1
    assert before is not None
    assert not views.house.readers.current(before)


async def test_whether_a_unit_has_the_newest_agenda_is_known(
    configured: Configured, views: Views
) -> None:
    unit = next(readers(configured.configuration))
    ews = configured.facade.ews
    await configured.silent()
    assert ews.up_to_date(unit) is None
    await views.keep()
    visit = views.house.readers.came(unit, views.clock.now(), "")
    visit.digest = ews.shelf.items(views.house.rooms["kestrel"], ("h323",)).digest
    assert ews.up_to_date(unit) is True
    visit.digest = b"older"
    assert ews.up_to_date(unit) is False
    assert views.house.readers.has_newest("x30") is False
    assert views.house.readers.has_newest("codec") is None


def test_changes_reach_those_who_listen(configured: Configured, views: Views) -> None:
    hub = Hub(views.house)
    facade = Facade(views.house, hub, lambda: configured.configuration)
    assert hub.beside is facade.ews.streams
