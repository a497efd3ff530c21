"""How units learn of changes: synchronisation, events that are pulled, events that come."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Self

import pytest
from lxml import etree

from bridge.views.ews import streams, subscriptions
from bridge.views.ews.routes import Ews
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import (
    ADA,
    CALL,
    ENVELOPE,
    HOUR,
    OTHER,
    QUIET,
    READER,
    M,
    Unit,
    basic,
    find,
    ids,
    texts,
    valid,
)
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

LATER = event("quiet", NOON + 4 * HOUR, organizer=ADA, subject="Lunch")
NEW = event("new", NOON + 6 * HOUR, organizer=ADA)
ALL = ("CreatedEvent", "ModifiedEvent", "DeletedEvent")


def sync(state: str = "", most: int = 512, folder: str = "calendar") -> str:
    state = f"<m:SyncState>{state}</m:SyncState>" if state else ""
    return (
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        f'<m:SyncFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SyncFolderId>{state}'
        f"<m:MaxChangesReturned>{most}</m:MaxChangesReturned></m:SyncFolderItems>"
    )


def subscribe(kind: str = "Pull", events: tuple[str, ...] = ALL, more: str = "") -> str:
    wanted = "".join(f"<t:EventType>{one}</t:EventType>" for one in events)
    timeout = "<t:Timeout>10</t:Timeout>" if kind == "Pull" else more
    folder = '<t:FolderIds><t:DistinguishedFolderId Id="calendar"/></t:FolderIds>'
    inside = f"{folder}<t:EventTypes>{wanted}</t:EventTypes>{timeout}"
    return f"<m:Subscribe><m:{kind}SubscriptionRequest>{inside}</m:{kind}SubscriptionRequest></m:Subscribe>"


def pull(id_: str, mark: str) -> str:
    return (
        f"<m:GetEvents><m:SubscriptionId>{id_}</m:SubscriptionId>"
        f"<m:Watermark>{mark}</m:Watermark></m:GetEvents>"
    )


def listen(*wanted: str, minutes: int = 1) -> str:
    known = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in wanted)
    return (
        f"<m:GetStreamingEvents><m:SubscriptionIds>{known}</m:SubscriptionIds>"
        f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout></m:GetStreamingEvents>"
    )


def kinds(answer: etree._Element) -> list[str]:
    (changes,) = answer.iter(f"{M}Changes")
    return [etree.QName(one).localname for one in changes]


def told(answer: etree._Element) -> list[str]:
    return [
        etree.QName(one).localname
        for note in answer.iter(f"{M}Notification")
        for one in note
        if etree.QName(one).localname.endswith("Event")
    ]


async def opened(unit: Unit, kind: str = "Pull", **more: Any) -> tuple[str, str]:
    answer = await unit.ask(subscribe(kind, **more))
    return answer.findtext(f".//{M}SubscriptionId") or "", answer.findtext(f".//{M}Watermark") or ""


async def test_a_state_tells_what_changed_since(unit: Unit, views: Views) -> None:
    answer = await unit.ask(sync())
    assert kinds(answer) == ["Create"] * 3
    (state,) = texts2(answer, "SyncState")
    assert kinds(await unit.ask(sync(state))) == []
    await views.keep(CALL, LATER, NEW)
    answer = await unit.ask(sync(state))
    assert kinds(answer) == ["Update", "Create", "Delete"]
    (state,) = texts2(answer, "SyncState")
    assert kinds(await unit.ask(sync(state))) == []


def texts2(answer: etree._Element, name: str) -> list[str]:
    return [one.text or "" for one in answer.iter(f"{M}{name}")]


async def test_changes_come_in_parts_where_there_are_many(unit: Unit) -> None:
    answer = await unit.ask(sync(most=2))
    assert kinds(answer) == ["Create"] * 2
    assert texts2(answer, "IncludesLastItemInRange") == ["false"]
    (state,) = texts2(answer, "SyncState")
    answer = await unit.ask(sync(state, most=2))
    assert kinds(answer) == ["Create"]
    assert texts2(answer, "IncludesLastItemInRange") == ["true"]


async def test_a_state_of_another_server_is_refused(unit: Unit) -> None:
    for state in ("H4sIAAA=", "!", "AQID"):
        assert await unit.codes(sync(state)) == ["ErrorInvalidSyncStateData"]


async def test_other_folders_are_empty_or_not_there(unit: Unit) -> None:
    assert kinds(await unit.ask(sync(folder="inbox"))) == []
    assert await unit.codes(sync(folder="tasks")) == ["ErrorFolderNotFound"]


async def test_the_hierarchy_never_changes(unit: Unit) -> None:
    ask = (
        "<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        "{}</m:SyncFolderHierarchy>"
    )
    answer = await unit.ask(ask.format(""))
    assert texts(answer, "DisplayName") == ["Inbox", "Calendar"]
    (state,) = texts2(answer, "SyncState")
    again = ask.format(f"<m:SyncState>{state}</m:SyncState>")
    assert kinds(await unit.ask(again)) == []
    wrong = ask.format("<m:SyncState>x</m:SyncState>")
    assert await unit.codes(wrong) == ["ErrorInvalidSyncStateData"]


async def test_events_are_pulled(unit: Unit, views: Views) -> None:
    id_, mark = await opened(unit)
    answer = await unit.ask(pull(id_, mark))
    assert told(answer) == ["StatusEvent"]
    mark = texts(answer, "Watermark")[-1]
    await views.keep(CALL, LATER, NEW)
    answer = await unit.ask(pull(id_, mark))
    assert told(answer) == ["ModifiedEvent", "CreatedEvent", "DeletedEvent"]
    assert set(ids(await unit.ask(find()))) >= set(ids(answer)[:2])


async def test_an_answer_that_was_lost_is_told_again(unit: Unit, views: Views) -> None:
    id_, mark = await opened(unit)
    await views.keep(CALL, QUIET)
    first = await unit.ask(pull(id_, mark))
    again = await unit.ask(pull(id_, mark))
    assert told(first) == told(again) == ["DeletedEvent"]
    assert await unit.codes(pull(id_, "nothing")) == ["ErrorInvalidWatermark"]


async def test_only_what_is_wished_for_is_told(unit: Unit, views: Views) -> None:
    id_, mark = await opened(unit, events=("DeletedEvent",))
    await views.keep(CALL, LATER)
    assert told(await unit.ask(pull(id_, mark))) == ["DeletedEvent"]


async def test_a_subscription_ends_by_itself_and_by_wish(unit: Unit, views: Views) -> None:
    id_, mark = await opened(unit)
    views.clock.move(timedelta(minutes=11))
    assert await unit.codes(pull(id_, mark)) == ["ErrorExpiredSubscription"]
    assert await unit.codes(pull(id_, mark)) == ["ErrorSubscriptionNotFound"]
    id_, mark = await opened(unit)
    leave = f"<m:Unsubscribe><m:SubscriptionId>{id_}</m:SubscriptionId></m:Unsubscribe>"
    assert await unit.codes(leave) == ["NoError"]
    assert await unit.codes(leave) == ["ErrorSubscriptionNotFound"]


async def test_a_subscription_is_its_own_units(unit: Unit, views: Views) -> None:
    id_, mark = await opened(unit)
    await views.keep(name="heron")
    unit.headers |= basic("CORP\\heron", "other")
    assert await unit.codes(pull(id_, mark)) == ["ErrorSubscriptionNotFound"]


async def test_a_unit_that_starts_anew_again_and_again_has_few(unit: Unit, ews: Ews) -> None:
    known = [await opened(unit) for _ in range(subscriptions.EACH + 3)]
    assert len(ews.subscriptions) == subscriptions.EACH
    assert await unit.codes(pull(*known[0])) == ["ErrorSubscriptionNotFound"]
    assert await unit.codes(pull(*known[-1])) == ["NoError"]


async def test_nothing_calls_back(unit: Unit) -> None:
    more = "<t:StatusFrequency>1</t:StatusFrequency><t:URL>http://192.0.2.1/</t:URL>"
    assert await unit.codes(subscribe("Push", more=more)) == ["ErrorInvalidPushSubscriptionUrl"]


class Stream:
    """An answer that stays open."""

    def __init__(self, unit: Unit, *wanted: str) -> None:
        self._unit = unit
        self._sent = ENVELOPE.format(body=listen(*wanted), header="").encode()
        self._held = b""

    async def __aenter__(self) -> Self:
        self._told = await self._unit.client.post(
            "/EWS/Exchange.asmx", data=self._sent, headers=self._unit.headers
        )
        assert self._told.status == 200
        return self

    async def __aexit__(self, *_: object) -> None:
        self._told.close()

    async def next(self) -> etree._Element | None:
        """The next part; None at the end."""
        end = b"</Envelope>"
        async with asyncio.timeout(5):
            while end not in self._held:
                more = await self._told.content.readany()
                if not more:
                    return None
                self._held += more
        part, _, self._held = self._held.partition(end)
        assert part.startswith(b"<Envelope ")  # some look for just that
        return valid(part + end)

    async def parts(self) -> AsyncIterator[etree._Element]:
        """All that still come."""
        while (part := await self.next()) is not None:
            yield part


def status(part: etree._Element | None) -> str | None:
    assert part is not None
    return part.findtext(f".//{M}ConnectionStatus")


async def test_changes_come_by_themselves_to_who_listens(unit: Unit, views: Views) -> None:
    id_, mark = await opened(unit, "Streaming")
    assert not mark
    async with Stream(unit, id_) as stream:
        assert status(await stream.next()) == "OK"
        await views.keep(CALL, LATER)
        part = await stream.next()
        assert part is not None
        assert told(part) == ["ModifiedEvent", "DeletedEvent"]
        assert texts(part, "SubscriptionId") == [id_]
        views.hub.close()
        assert status(await stream.next()) == "Closed"
        assert await stream.next() is None


async def test_what_changed_while_nobody_listened_is_told_first(unit: Unit, views: Views) -> None:
    id_, _ = await opened(unit, "Streaming")
    await views.keep(CALL, QUIET)
    async with Stream(unit, id_) as stream:
        assert status(await stream.next()) == "OK"
        part = await stream.next()
        assert part is not None
        assert told(part) == ["DeletedEvent"]


async def test_a_stream_shows_life_and_ends_in_time(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MINUTE", 0.5)
    monkeypatch.setattr(streams, "HEARTBEAT", 0.05)
    id_, _ = await opened(unit, "Streaming")
    async with Stream(unit, id_) as stream:
        parts = [status(part) for part in [part async for part in stream.parts()]]
    assert parts[-1] == "Closed"
    assert set(parts[:-1]) == {"OK"}
    assert len(parts) > 2


async def test_a_new_stream_too_many_ends_the_oldest(unit: Unit, ews: Ews) -> None:
    id_, _ = await opened(unit, "Streaming")
    async with Stream(unit, id_) as oldest:
        assert status(await oldest.next()) == "OK"
        async with Stream(unit, id_), Stream(unit, id_), Stream(unit, id_) as newest:
            assert status(await newest.next()) == "OK"
            assert status(await oldest.next()) == "Closed"
            assert len(ews.streams) == streams.EACH


async def test_who_may_no_longer_sign_in_hears_no_more(unit: Unit, views: Views) -> None:
    id_, _ = await opened(unit, "Streaming")
    async with Stream(unit, id_) as stream:
        assert status(await stream.next()) == "OK"
        views.house.readers.adopt([OTHER], views.clock.now())
        await views.keep(CALL)
        assert status(await stream.next()) == "Closed"
    views.house.readers.adopt([READER, OTHER], views.clock.now())


async def test_nothing_is_streamed_of_what_is_not_subscribed_to(unit: Unit) -> None:
    answer = await unit.ask(listen("nothing"))
    assert texts2(answer, "ResponseCode") == ["ErrorSubscriptionNotFound"]
    assert texts(answer, "SubscriptionId") == ["nothing"]
    id_, mark = await opened(unit)
    assert await unit.codes(listen(id_)) == ["ErrorInvalidSubscription"]
    id_, _ = await opened(unit, "Streaming")
    assert await unit.codes(pull(id_, mark)) == ["ErrorInvalidPullSubscriptionId"]
