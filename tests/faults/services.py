"""The simulated calendar services, each with the same rooms, as a house of faults sees them."""

from datetime import datetime
from typing import Any, Protocol

from aiohttp import web

from bridge.settings.model import SourceSettings
from connector.secret import Secret
from connector.simulators import exchange, google, graph
from connector.sources import ews
from connector.sources import google as google_source
from rooms.clock import Clock
from tests.soak.site import SECRET, graph_source


class Service(Protocol):
    """A calendar service in which things go wrong."""

    name: str
    """What its source is called in the configuration."""

    @property
    def world(self) -> Any:
        """The simulated organization itself."""

    def application(self) -> web.Application:
        """What it answers."""

    def source(self, url: str) -> SourceSettings:
        """How the bridge reads it."""

    def add_room(self, mailbox: str) -> Any:
        """A room's calendar."""

    def add(self, calendar: Any, title: str, start: datetime, end: datetime, **more: Any) -> str:
        """A meeting in a calendar; its id."""


class Graph:
    """Microsoft 365, which tells of changes."""

    name = "m365"

    def __init__(self, clock: Clock) -> None:
        self.world = graph.Tenant(clock=clock.now)
        self.world.register_app(secret=SECRET)

    def application(self) -> web.Application:
        """The tenant."""
        return graph.app(self.world)

    def source(self, url: str) -> SourceSettings:
        """As soaks read it."""
        return graph_source(url)

    def add_room(self, mailbox: str) -> Any:
        """A mailbox in London."""
        return self.world.add_mailbox(mailbox, time_zone="Europe/London")

    def add(self, calendar: Any, title: str, start: datetime, end: datetime, **more: Any) -> str:
        """A meeting."""
        return str(calendar.add(graph.Meeting(subject=title, start=start, end=end, **more)).id)


class Exchange:
    """Exchange Server, polled: streams take real time."""

    name = "exchange"

    def __init__(self, clock: Clock) -> None:
        self.world = exchange.Exchange(clock=clock.now)
        self.world.add_user(exchange.USERNAME, SECRET, impersonates="all")

    def application(self) -> web.Application:
        """The server."""
        return exchange.app(self.world)

    def source(self, url: str, notifications: Any = "poll") -> SourceSettings:
        """Signed in with Basic."""
        options = ews.Options(
            url=f"{url}{exchange.PATH}",
            auth="basic",
            username=exchange.USERNAME,
            password=Secret(SECRET),
            notifications=notifications,
        )
        return SourceSettings(kind="ews", options=options)

    def add_room(self, mailbox: str) -> Any:
        """A mailbox in London."""
        return self.world.add_mailbox(mailbox, time_zone="Europe/London")

    def add(self, calendar: Any, title: str, start: datetime, end: datetime, **more: Any) -> str:
        """A meeting."""
        return str(calendar.add(exchange.Meeting(subject=title, start=start, end=end, **more)).id)


class Google:
    """Google Workspace, whose calendars are shared with the bridge."""

    name = "google"

    def __init__(self, clock: Clock) -> None:
        self.world = google.Workspace(clock=clock.now)
        self.world.add_service_account()
        self.world.channels.plain_http = True

    def application(self) -> web.Application:
        """The workspace."""
        return google.app(self.world)

    def source(self, url: str) -> SourceSettings:
        """By the service account itself, told of changes."""
        account = self.world.accounts[google.ACCOUNT]
        options = google_source.Options(
            service_account=Secret(account.key_file(f"{url}/token")),
            calendar_url=url,
            directory_url=url,
            token_url=f"{url}/token",
            notifications="webhook",
        )
        return SourceSettings(kind="google", options=options)

    def add_room(self, mailbox: str) -> Any:
        """A resource and its calendar."""
        return self.world.add_room(mailbox, shared_with=[google.ACCOUNT], role="writer")

    def add(self, calendar: Any, title: str, start: datetime, end: datetime, **more: Any) -> str:
        """A meeting."""
        return str(calendar.add(title, start, end, **more))
