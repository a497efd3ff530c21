"""exchangelib, a client that others wrote, reads and writes at the simulated Exchange."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import exchangelib
import pytest

from connector.simulators.exchange import PATH, Recurrence

from .exchange_server import ADA, KESTREL, LIST, SERVICE, Caller, asking, meeting

LONDON = exchangelib.EWSTimeZone("Europe/London")
FIRST = exchangelib.EWSDateTime(2026, 11, 23, tzinfo=LONDON)
LAST = exchangelib.EWSDateTime(2026, 11, 30, tzinfo=LONDON)


@contextmanager
def account(
    caller: Caller, room: str = KESTREL, auth: str = "basic", name: str = SERVICE, **more: Any
) -> Iterator[Any]:
    """A mailbox as exchangelib sees it."""
    configuration = exchangelib.Configuration(
        service_endpoint=str(caller.http.make_url(PATH)),
        credentials=exchangelib.Credentials(name, "right"),
        auth_type=auth,
        version=exchangelib.Version(exchangelib.Build(15, 2, 1544, 36)),
        max_connections=4,
    )
    given = {"access_type": exchangelib.IMPERSONATION} | more
    opened = exchangelib.Account(room, config=configuration, autodiscover=False, **given)
    try:
        yield opened
    finally:
        opened.protocol.close()


async def in_thread(work: Callable[[], Any]) -> Any:
    """What others' code does while the server's loop runs on."""
    return await asyncio.to_thread(work)


@pytest.mark.parametrize(("auth", "name"), [("basic", SERVICE), ("NTLM", "EXAMPLE\\svc")])
async def test_series_whole_days_and_private_meetings_are_read(auth: str, name: str) -> None:
    async with asking() as caller:
        series = caller.kestrel.add(meeting("Daily", recurrence=Recurrence(type="daily", count=4)))
        moved = caller.kestrel.on(series.id, date(2026, 11, 24))
        caller.kestrel.move(moved.id, moved.start + timedelta(hours=2))
        caller.kestrel.delete(caller.kestrel.on(series.id, date(2026, 11, 25)).id)
        day = meeting("Day")
        caller.kestrel.add(
            type(day)(subject="Day", start=date(2026, 11, 23), end=date(2026, 11, 24))
        )
        caller.kestrel.add(meeting("Secret", hour=20, sensitivity="private", body="<p>Hello</p>"))

        def read() -> list[tuple[Any, ...]]:
            with account(caller, auth=auth, name=name) as room:
                return [
                    (
                        one.subject,
                        one.type,
                        one.is_all_day,
                        one.sensitivity,
                        one.text_body,
                        one.start,
                    )
                    for one in room.calendar.view(FIRST, LAST)
                ]

        found = await in_thread(read)
        assert [one[:4] for one in found] == [
            ("Day", "Single", True, "Normal"),
            ("Daily", "Occurrence", False, "Normal"),
            ("Secret", "Single", False, "Private"),
            ("Daily", "Exception", False, "Normal"),
            ("Daily", "Occurrence", False, "Normal"),
        ]
        assert found[0][5] == exchangelib.EWSDate(2026, 11, 23)
        assert found[2][4] == "Hello"
        assert {one.anchor for one in caller.exchange.journal.requests() if one.status == 200} == {
            KESTREL
        }


@pytest.mark.parametrize(("auth", "name"), [("basic", SERVICE), ("NTLM", "EXAMPLE\\svc")])
async def test_a_wrong_password_is_counted_once_for_each_try(auth: str, name: str) -> None:
    async with asking() as caller:
        user = caller.exchange.people.get(SERVICE)
        user.password = "other"

        def read() -> None:
            with account(caller, auth=auth, name=name) as room:
                list(room.calendar.view(FIRST, LAST))

        with pytest.raises(exchangelib.errors.UnauthorizedError):
            await in_thread(read)
        assert user.wrong == 1


async def test_changes_are_synchronized() -> None:
    async with asking() as caller:
        caller.kestrel.add(meeting("One"))

        def first() -> tuple[list[str], str]:
            with account(caller) as room:
                kinds = [kind for kind, _ in room.calendar.sync_items(only_fields=["subject"])]
                return kinds, room.calendar.item_sync_state

        kinds, state = await in_thread(first)
        assert kinds == ["create"]
        caller.kestrel.edit(caller.kestrel.entries()[0].id, subject="Two")

        def second() -> list[tuple[str, str]]:
            with account(caller) as room:
                found = room.calendar.sync_items(sync_state=state, only_fields=["subject"])
                return [(kind, item.subject) for kind, item in found]

        assert await in_thread(second) == [("update", "Two")]


@pytest.mark.allow_blocking
async def test_a_notification_is_streamed() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        loop = asyncio.get_running_loop()

        def listen() -> list[str]:
            with account(caller) as room, room.calendar.streaming_subscription() as subscribed:
                loop.call_soon_threadsafe(caller.kestrel.add, meeting())
                told = room.calendar.get_streaming_events(
                    subscribed, connection_timeout=1, max_notifications_returned=1
                )
                return [type(event).__name__ for one in told for event in one.events]

        assert "CreatedEvent" in await in_thread(listen)


async def test_rooms_and_their_times_are_listed() -> None:
    async with asking() as caller:
        caller.kestrel.add(meeting())

        def read() -> tuple[list[str], list[str], list[str]]:
            with account(caller) as room:
                lists = [one.email_address for one in room.protocol.get_roomlists()]
                rooms = [one.email_address for one in room.protocol.get_rooms(LIST)]
                busy = room.protocol.get_free_busy_info([(room, "Resource", False)], FIRST, LAST)
                return (
                    lists,
                    rooms,
                    [one.busy_type for view in busy for one in view.calendar_events],
                )

        assert await in_thread(read) == ([LIST], [KESTREL], ["Busy"])


async def test_a_meeting_is_made_changed_and_called_off() -> None:
    async with asking() as caller:

        def write() -> list[list[str]]:
            seen = []
            with account(caller, ADA) as ada, account(caller) as room:
                item = exchangelib.CalendarItem(
                    account=ada,
                    folder=ada.calendar,
                    subject="New",
                    start=FIRST + timedelta(hours=9),
                    end=FIRST + timedelta(hours=10),
                    resources=[KESTREL],
                )
                item.save(send_meeting_invitations="SendToAllAndSaveCopy")
                seen.append([one.subject for one in room.calendar.all()])
                item.subject = "Changed"
                item.save(send_meeting_invitations="SendToAllAndSaveCopy")
                seen.append([one.subject for one in room.calendar.all()])
                item.cancel()
                seen.append([one.subject for one in room.calendar.all()])
            return seen

        caller.kestrel.attendant = True
        assert await in_thread(write) == [["New"], ["Changed"], []]


async def test_a_delegate_cannot_begin_at_the_root() -> None:
    async with asking() as caller:
        caller.exchange.add_user(SERVICE, "right", delegate_of=[KESTREL], mailbox=SERVICE)

        def read() -> None:
            with account(caller, access_type=exchangelib.DELEGATE) as room:
                list(room.calendar.view(FIRST, LAST))

        with pytest.raises(exchangelib.errors.ErrorAccessDenied):
            await in_thread(read)
