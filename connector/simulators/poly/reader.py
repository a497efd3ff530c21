"""The calendar as a unit keeps it: polled, or told by push (endpoints.md 3.2)."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from yarl import URL

from connector.simulators.poly import bodies, literal, soap
from connector.simulators.poly.connection import Connection, NotAdmitted, Refused, Unreachable
from connector.simulators.poly.meetings import Meeting
from connector.simulators.poly.settings import Account
from connector.simulators.poly.unit import Unit

POLL = 15.0
"""Seconds between polls."""
INTERVAL = "exchange.pollInterval"
"""A Trio's setting of it, in milliseconds."""
PUSH_POLL = 240.0
"""Seconds between polls of a unit that wants to be told by push, whether or not it is."""
SILENCE = timedelta(minutes=5)
"""After which a push subscription is taken to be lost: heartbeats come each minute."""


class Reader:
    """Reads one unit's calendar from wherever its settings say."""

    def __init__(self, unit: Unit, trust: ssl.SSLContext | None = None) -> None:
        self.unit = unit
        self.trust = trust
        """Which servers it believes; None: any, as a Trio does at first."""
        self.listener = ""
        """Where the unit itself can be told, for push."""
        self.subscription = ""
        self._account: Account | None = None
        self._line: Connection | None = None
        self._known: dict[str, Meeting] = {}
        self._boots = unit.boots
        self._wake = asyncio.Event()
        self._heard = unit.now()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Read until cancelled."""
        self.unit.changed.append(self._look)
        try:
            while True:
                self._wake.clear()
                await self.poll()
                await self._rest()
        finally:
            self.unit.changed.remove(self._look)
            await self.leave()

    def wake(self) -> None:
        """Poll now."""
        self._wake.set()

    def _look(self) -> None:
        """Whether what changed concerns the account."""
        if self.unit.settings.account() != self._account:
            self.wake()

    async def _rest(self) -> None:
        """Wait for the next poll, or for a reason to poll at once."""
        switches = self.unit.switches
        usually = PUSH_POLL if switches.push else self._interval()
        seconds = switches.poll or usually
        sleep = asyncio.ensure_future(self.unit.sleep(seconds))
        wake = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({sleep, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleep, wake):
                task.cancel()
            await asyncio.gather(sleep, wake, return_exceptions=True)

    def _interval(self) -> float:
        """How often it polls by its settings."""
        set_to = self.unit.settings.get(INTERVAL)
        return int(set_to) / 1000 if set_to.isdecimal() and int(set_to) else POLL

    async def poll(self) -> None:
        """Read once; how it went is the unit's status."""
        async with self._turn:
            await self._poll()

    async def _poll(self) -> None:
        unit = self.unit
        account = unit.settings.account()
        if account != self._account or unit.boots != self._boots:
            await self.leave()
            if self._account is not None:
                unit.found = None
                unit.hold(())
            self._account, self._boots = account, unit.boots
        if account is None or not unit.is_up():
            return
        try:
            await self._read(account)
        except Unreachable:
            unit.found = "OFFLINE"
        except NotAdmitted:
            unit.found = "ERR_AUTHENTICATION"
        except (Refused, literal.Unreadable):
            unit.found = "ERR_UNKNOWN"

    async def leave(self) -> None:
        """Forget the server."""
        if self._line is not None:
            await self._line.close()
        self._line = None
        self.subscription = ""
        self._known = {}

    async def _read(self, account: Account) -> None:
        unit, switches = self.unit, self.unit.switches
        if self._line is None:
            unit.found = "CONNECTING"
            self._line = await self._enter(account)
        line = self._line
        if switches.operation:
            with suppress(Refused):
                await line.ask(switches.operation, soap.odd(switches.operation))
        if switches.push:
            if unit.now() - self._heard > SILENCE:
                self.subscription = ""
            if not self.subscription:
                await self._subscribe(line, account)
        form = soap.view if switches.form == "view" else soap.restriction
        answer = await line.ask("FindItem", form(account.mailbox, unit.now().astimezone(UTC)))
        literal.check(answer, "FindItemResponseMessage")
        found = literal.ids(answer)
        await self._get(line, found)
        unit.found = "ONLINE"
        unit.hold(self._known[identity] for identity, _ in found if identity in self._known)

    async def _enter(self, account: Account) -> Connection:
        """A connection over which the calendar could be read."""
        line = Connection(self.unit, account, self.trust)
        try:
            if self.unit.switches.enters == "find":
                answer = await line.ask("FindItem", soap.login_test(account.mailbox))
                literal.check(answer, "FindItemResponseMessage")
            else:
                answer = await line.ask("GetFolder", soap.folder(account.mailbox))
                literal.check(answer, "GetFolderResponseMessage")
        except BaseException:
            await line.close()
            raise
        return line

    async def _get(self, line: Connection, found: list[tuple[str, str]]) -> None:
        """Read what is new or changed, and forget what is gone."""
        before = set(self._known)
        listed = {identity for identity, _ in found}
        self._known = {identity: one for identity, one in self._known.items() if identity in listed}
        wanted = [
            (identity, key)
            for identity, key in found
            if identity not in self._known or self._known[identity].change_key != key
        ]
        if not wanted:
            return
        answer = await line.ask("GetItem", soap.get(wanted))
        literal.check(answer, "GetItemResponseMessage")
        for item in literal.items(answer):
            meeting = self._meeting(item)
            if meeting is not None:
                self._known[meeting.id] = meeting

        for identity, key in wanted if self.unit.switches.accepts else ():
            if identity not in before:
                answer = await line.ask("CreateItem", soap.accept(identity, key))
                literal.check(answer, "CreateItemResponseMessage")

    def _meeting(self, item: str) -> Meeting | None:
        """A meeting out of its text; None where a time is missing."""
        ids = literal.ids(item)
        try:
            start, end = (
                datetime.strptime(literal.element(item, name), "%Y-%m-%dT%H:%M:%SZ").replace(
                    tzinfo=UTC
                )
                for name in ("t:Start", "t:End")
            )
        except ValueError:
            return None
        texts = {
            "location": literal.element(item, "t:Location"),
            "subject": literal.element(item, "t:Subject"),
            "body": literal.body(item),
        }
        unit = self.unit
        numbers, password = bodies.numbers(unit.kind, unit.settings, unit.switches, texts)
        return Meeting(
            id=ids[0][0] if ids else "",
            change_key=ids[0][1] if ids else "",
            subject=texts["subject"],
            organizer=literal.mailbox_name(item, "Organizer"),
            location=texts["location"],
            body=bodies.plain(texts["body"]),
            start=start,
            end=end,
            private=literal.element(item, "t:Sensitivity") in {"Private", "Confidential"},
            canceled=literal.element(item, "t:IsCancelled") == "true",
            recurring=literal.element(item, "t:CalendarItemType") in {"Occurrence", "Exception"},
            all_day=literal.element(item, "t:IsAllDayEvent") == "true",
            required=literal.names(item, "RequiredAttendees"),
            optional=literal.names(item, "OptionalAttendees"),
            numbers=numbers,
            password=password,
        )

    async def _subscribe(self, line: Connection, account: Account) -> None:
        """Ask to be told; without an answer it polls as ever."""
        with suppress(Refused, literal.Unreadable):
            answer = await line.ask("Subscribe", soap.subscribe(account.mailbox, self.listener))
            literal.check(answer, "SubscribeResponseMessage")
            self.subscription = literal.element(answer, "m:SubscriptionId")
            self._heard = self.unit.now()

    def notified(self, body: str) -> str:
        """Take a notification; what to answer."""
        told = literal.element(body, "t:SubscriptionId")
        if not told or told != self.subscription:
            return soap.heard(more=False)
        self._heard = self.unit.now()
        if any(f"<t:{name}Event>" in body for name in ("Created", "Deleted", "Modified", "Moved")):
            self.wake()
        return soap.heard(more=True)

    async def discover(self, email: str, user: str, password: str) -> str:
        """The server that has a mailbox (Autodiscover, POX); empty where none says so."""
        account = Account(
            server=self.unit.autodiscover or f"https://autodiscover.{email.partition('@')[2]}",
            domain="",
            username=user,
            password=password,
            mailbox=email,
            basic=True,
        )
        url = URL(account.server).with_path("/autodiscover/autodiscover.xml")
        async with Connection(self.unit, account, self.trust) as line:
            with suppress(Unreachable, NotAdmitted, Refused):
                answer = await line.post(url, "Autodiscover", soap.autodiscover(email))
                return literal.element(answer, "EwsUrl")
        return ""
