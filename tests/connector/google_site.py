"""A simulated workspace that is served, and the driver's sources on it."""

from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp.test_utils import TestServer

from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.google import ACCOUNT, Calendar, Workspace
from connector.source import CalendarSource
from connector.sources import google
from tests.fakes.virtual import FixedClock, VirtualClock


def workspace(clock: FixedClock | VirtualClock) -> Workspace:
    made = Workspace(clock=clock.now)
    made.add_service_account()
    made.channels.plain_http = True
    return made


def options(server: TestServer, made: Workspace, **more: Any) -> google.Options:
    url = str(server.make_url("/")).rstrip("/")
    usual = {
        "service_account": Secret(made.accounts[ACCOUNT].key_file(f"{url}/token")),
        "calendar_url": url,
        "directory_url": url,
        "token_url": f"{url}/token",
    }
    return google.Options(**{**usual, **more})


def connected(
    outside: Outside, server: TestServer, made: Workspace, **more: Any
) -> AbstractAsyncContextManager[CalendarSource]:
    return google.connect(options(server, made, **more), outside)


class Kestrel:
    """Kestrel's calendar in the workspace."""

    def __init__(self, made: Workspace) -> None:
        self.workspace = made
        self.calendar: Calendar = made.add_room(
            "kestrel@example.com", name="Kestrel", shared_with=[ACCOUNT], role="writer"
        )

    def add(self, subject: str, start: datetime | date, end: datetime | date, **more: Any) -> str:
        if "text" in more:
            more["description"] = f"<p>{more.pop('text')}</p>"
        if more.pop("private", False):
            more["visibility"] = "private"
        if daily := more.pop("daily", None):
            more["repeat"] = f"FREQ=DAILY;COUNT={daily}"
        cancelled = more.pop("cancelled", False)
        if zone := more.get("zone", ""):
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError):
                del more["zone"]
                times = {"start": start, "end": end}
                more["raw"] = {
                    name: {"dateTime": when.isoformat(), "timeZone": zone}
                    for name, when in times.items()
                }
        made = self.calendar.add(subject, start, end, **more)
        if cancelled:
            self.calendar.delete(made)
        return made

    def change_occurrence(
        self,
        series: str,
        number: int,
        *,
        start: datetime | None = None,
        subject: str | None = None,
        cancelled: bool = False,
    ) -> None:
        one = self.calendar.occurrence(series, number).id
        if start is not None:
            self.calendar.edit(one, start=start)
        if subject is not None:
            self.calendar.edit(one, summary=subject)
        if cancelled:
            self.calendar.delete(one)

    def move(self, meeting: str, start: datetime) -> None:
        self.calendar.edit(meeting, start=start)

    def remove(self, meeting: str) -> None:
        self.calendar.delete(meeting)

    def readdress(self, mailbox: str) -> None:
        self.calendar = self.workspace.readdress(self.calendar.address, mailbox)

    def abolish(self) -> None:
        self.workspace.remove_room(self.calendar.address)
