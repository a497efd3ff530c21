"""Rounds of changes: what they tell, what they refuse, and how they go wrong."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from yarl import URL

from connector.simulators.graph import Recurrence
from connector.simulators.graph.faults import Fault, deltas
from connector.simulators.graph.faults.answers import Status
from connector.simulators.graph.faults.pages import Empty, EndlessPages, ForeignLink, PlainLink

from .graph_tenant import DAY, KESTREL, NOON, Answer, Caller, asking, meeting

DELTA = f"/v1.0/users/{KESTREL}/calendarView/delta"
WEEK = {"startDateTime": "2026-11-23T00:00:00Z", "endDateTime": "2026-11-30T00:00:00Z"}
DAILY = Recurrence(type="daily")


async def follow(graph: Caller, link: str, prefer: str = "") -> Answer:
    """A page or round, as its link says, with what is preferred."""
    headers = {"Authorization": f"Bearer {graph.token}"} | ({"Prefer": prefer} if prefer else {})
    async with graph.http.session.get(URL(link, encoded=True), headers=headers) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def pages(graph: Caller, link: str | None = None, prefer: str = "") -> list[Any]:
    """All pages of a round; a new one without a link."""
    answer = await follow(graph, link, prefer) if link else await graph.get(DELTA, prefer, **WEEK)
    assert answer.status == 200, answer.body
    found = [answer.json]
    while "@odata.nextLink" in found[-1]:
        found.append((await follow(graph, found[-1]["@odata.nextLink"], prefer)).json)
    return found


async def whole(graph: Caller, link: str | None = None, prefer: str = "") -> tuple[list[Any], str]:
    """All items of a round, and where the next one is."""
    found = await pages(graph, link, prefer)
    items = [item for page in found for item in page["value"]]
    return items, found[-1]["@odata.deltaLink"]


def removed(items: list[Any]) -> list[str]:
    return [item["id"] for item in items if "@removed" in item]


async def test_a_first_round_tells_everything_and_the_next_one_nothing() -> None:
    async with asking() as graph:
        made = graph.kestrel.add(meeting("Review"))
        graph.kestrel.add(meeting("Next year", hour=24 * 300))
        items, link = await whole(graph)
        assert [item["subject"] for item in items] == ["Review"]
        assert items[0]["@odata.type"] == "#microsoft.graph.event"
        assert items[0]["id"] == made.id
        assert "$deltatoken=" in link
        assert await whole(graph, link) == ([], link)


async def test_later_rounds_tell_what_was_made_changed_and_deleted() -> None:
    async with asking() as graph:
        kept, gone = graph.kestrel.add(meeting("Kept")), graph.kestrel.add(meeting("Gone"))
        _, link = await whole(graph)
        graph.kestrel.edit(kept.id, subject="Renamed")
        graph.kestrel.delete(gone.id)
        graph.kestrel.add(meeting("New"))
        items, link = await whole(graph, link)
        assert [item.get("subject", "removed") for item in items] == ["Renamed", "removed", "New"]
        assert items[1] == {
            "@odata.type": "#microsoft.graph.event",
            "id": gone.id,
            "@removed": {"reason": "deleted"},
        }
        graph.kestrel.move(kept.id, NOON + timedelta(days=30))
        items, link = await whole(graph, link)
        assert removed(items) == [kept.id]
        graph.kestrel.move(kept.id, NOON)
        items, _ = await whole(graph, link)
        assert [item["subject"] for item in items] == ["Renamed"]


async def test_what_changes_outside_the_window_is_told_as_removed() -> None:
    async with asking() as graph:
        far = graph.kestrel.add(meeting(hour=24 * 60))
        _, link = await whole(graph)
        graph.kestrel.edit(far.id, subject="Other")
        items, link = await whole(graph, link)
        assert removed(items) == [far.id]
        short = graph.kestrel.add(meeting("Short"))
        graph.kestrel.delete(short.id)
        items, _ = await whole(graph, link)
        assert removed(items) == [short.id]


async def test_a_series_is_its_master_in_full_and_stubs_and_exceptions_in_full() -> None:
    async with asking() as graph:
        series = graph.kestrel.add(meeting("Daily", recurrence=DAILY))
        tuesday = graph.kestrel.on(series.id, date(2026, 11, 24))
        graph.kestrel.edit(tuesday.id, subject="Other")
        graph.kestrel.delete(graph.kestrel.on(series.id, date(2026, 11, 25)).id)
        items, _ = await whole(graph)
        master = items[0]
        assert (master["type"], master["subject"]) == ("seriesMaster", "Daily")
        stubs = [item for item in items if item["type"] == "occurrence"]
        assert len(stubs) == 5
        for stub in stubs:
            assert stub.keys() == {
                "@odata.type",
                "@odata.etag",
                "id",
                "seriesMasterId",
                "type",
                "start",
                "end",
            }
            assert stub["seriesMasterId"] == master["id"] == series.id
        (other,) = [item for item in items if item["type"] == "exception"]
        assert (other["subject"], other["body"]["contentType"]) == ("Other", "html")


async def test_one_occurrence_that_changes_is_told_with_its_master_and_no_other() -> None:
    async with asking() as graph:
        series = graph.kestrel.add(meeting("Daily", recurrence=DAILY))
        _, link = await whole(graph)
        tuesday = graph.kestrel.on(series.id, date(2026, 11, 24))
        graph.kestrel.move(tuesday.id, tuesday.start + timedelta(hours=1))
        items, link = await whole(graph, link)
        assert [item["type"] for item in items] == ["seriesMaster", "exception"]
        graph.kestrel.delete(tuesday.id)
        items, link = await whole(graph, link)
        assert removed(items) == [tuesday.id]
        graph.kestrel.delete(series.id)
        items, _ = await whole(graph, link)
        assert len(removed(items)) == len(items) == 7  # six days and the master


async def test_a_series_planned_anew_loses_the_days_it_no_longer_has() -> None:
    async with asking() as graph:
        series = graph.kestrel.add(meeting("Daily", recurrence=DAILY))
        _, link = await whole(graph)
        graph.kestrel.edit(series.id, recurrence=Recurrence(type="daily", interval=2))
        items, _ = await whole(graph, link)
        assert len(removed(items)) == 3
        assert [item["type"] for item in items if "type" in item] == [
            "seriesMaster",
            *["occurrence"] * 4,
        ]


async def test_the_window_stays_that_of_the_first_call() -> None:
    async with asking() as graph:
        _, link = await whole(graph)
        graph.kestrel.add(meeting("In", hour=24 * 6))
        far = graph.kestrel.add(meeting("Out", hour=24 * 8))
        items, link = await whole(graph, link)
        assert [item.get("subject") for item in items] == ["In", None]
        assert removed(items) == [far.id]
        assert "startDateTime" not in link


async def test_pages_have_the_size_that_each_request_asks_for() -> None:
    async with asking() as graph:
        for number in range(7):
            graph.kestrel.add(meeting(str(number)))
        found = await pages(graph, prefer="odata.maxpagesize=3")
        assert [len(page["value"]) for page in found] == [3, 3, 1]
        first = (await graph.get(DELTA, "odata.maxpagesize=3", **WEEK)).json
        rest = await follow(graph, first["@odata.nextLink"], "odata.maxpagesize=2")
        assert [item["subject"] for item in rest.json["value"]] == ["3", "4"]
        assert rest.headers["Preference-Applied"] == "odata.maxpagesize=2"


async def test_a_round_is_of_one_moment_though_its_pages_are_not() -> None:
    async with asking() as graph:
        made = [graph.kestrel.add(meeting(str(number))) for number in range(4)]
        prefer = "odata.maxpagesize=2"
        first = (await graph.get(DELTA, prefer, **WEEK)).json
        graph.kestrel.delete(made[0].id)
        graph.kestrel.edit(made[3].id, subject="changed")
        second = (await follow(graph, first["@odata.nextLink"], prefer)).json
        assert [item["subject"] for item in second["value"]] == ["2", "3"]
        items, _ = await whole(graph, second["@odata.deltaLink"])
        assert [item.get("subject") for item in items] == [None, "changed"]


async def test_ids_are_of_the_kind_that_the_request_asks_for() -> None:
    async with asking() as graph:
        made = graph.kestrel.add(meeting())
        immutable = 'IdType="ImmutableId"'
        items, link = await whole(graph, prefer=immutable)
        assert items[0]["id"] == made.immutable_id
        moved = graph.kestrel.refile(made.id)
        items, _ = await whole(graph, link, immutable)
        assert [item["id"] for item in items] == [made.immutable_id]
        items, _ = await whole(graph, link)
        assert removed(items) == [made.id]
        assert items[1]["id"] == moved.id


@pytest.mark.parametrize("option", ["$select", "$top", "$filter", "$expand", "$orderby", "$search"])
async def test_nothing_but_the_window_can_be_asked_for(option: str) -> None:
    async with asking() as graph:
        answer = await graph.get(DELTA, **WEEK, **{option: "1"})
        assert (answer.status, answer.code) == (400, "ErrorInvalidUrlQuery")
        _, link = await whole(graph)
        assert (await follow(graph, f"{link}&{option}=1")).code == "ErrorInvalidUrlQuery"
        assert (await follow(graph, f"{link}&startDateTime=2026-01-01")).status == 400
        assert (await graph.get(DELTA)).code == "ErrorInvalidParameter"


async def test_a_token_is_good_for_its_own_mailbox_and_nothing_else_is_one() -> None:
    async with asking() as graph:
        graph.tenant.add_mailbox("merlin@example.com")
        _, link = await whole(graph)
        elsewhere = await follow(graph, link.replace("kestrel", "merlin"))
        assert elsewhere.code == "ErrorInvalidSyncStateData"
        assert (await graph.get(DELTA, **{"$deltatoken": "x"})).status == 400
        assert (await graph.get(DELTA, **{"$skiptoken": "AAAA"})).status == 400


async def test_latest_skips_what_there_is() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting("Old"))
        answer = await graph.get(DELTA, **WEEK, **{"$deltatoken": "latest"})
        assert answer.json["value"] == []
        graph.kestrel.add(meeting("New"))
        items, _ = await whole(graph, answer.json["@odata.deltaLink"])
        assert [item["subject"] for item in items] == ["New"]


async def test_a_mailbox_may_forget_how_far_everybody_had_read() -> None:
    async with asking() as graph:
        for number in range(11):
            graph.kestrel.add(meeting(str(number)))
        first = (await graph.get(DELTA, **WEEK)).json
        _, link = await whole(graph)
        await graph.control("DELETE", f"/mailboxes/{KESTREL}/tokens")
        for lost in (await follow(graph, link), await follow(graph, first["@odata.nextLink"])):
            assert (lost.status, lost.code) == (410, "SyncStateNotFound")
            assert "generation=1;[highest=2]" in lost.json["error"]["message"]
        assert len((await whole(graph))[0]) == 11


async def test_a_mailbox_remembers_only_so_many_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.simulators.graph.changes.KEPT", 3)
    async with asking() as graph:
        _, link = await whole(graph)
        for number in range(8):
            graph.kestrel.add(meeting(str(number)))
        assert (await follow(graph, link)).code == "SyncStateNotFound"
        assert len((await whole(graph))[0]) == 8


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("gone", 410, "SyncStateNotFound"),
        ("bad_request", 400, "syncStateNotFound"),
        ("not_found", 404, "syncStateNotFound"),
        ("location", 410, "SyncStateNotFound"),
        ("resync", 410, "resyncRequired"),
    ],
)
async def test_tokens_are_lost_in_every_way_that_was_met(how: Any, status: int, code: str) -> None:
    async with asking() as graph:
        for number in range(11):
            graph.kestrel.add(meeting(str(number)))
        _, link = await whole(graph)
        graph.tenant.faults.add(deltas.TokenLost(how=how))
        lost = await follow(graph, link)
        assert (lost.status, lost.code) == (status, code)
        assert ("Location" in lost.headers) == (how == "location")
        if how == "location":
            assert len((await whole(graph, lost.headers["Location"]))[0]) == 11
        graph.tenant.faults.clear()
        graph.tenant.faults.add(deltas.TokenLost(how=how, upon="skiptoken", times=1))
        first = (await graph.get(DELTA, **WEEK)).json
        assert (await follow(graph, first["@odata.nextLink"])).code == code
        assert len((await whole(graph))[0]) == 11


async def spoilt(fault: Fault, fill: Callable[[Caller], object]) -> list[Any]:
    async with asking() as graph:
        fill(graph)
        graph.tenant.faults.add(fault)
        return await pages(graph)


def _many(graph: Caller) -> None:
    for number in range(12):
        graph.kestrel.add(meeting(str(number)))


def _series(graph: Caller) -> None:
    graph.kestrel.add(meeting("Daily", recurrence=DAILY))


async def test_pages_may_be_longer_empty_or_muddled() -> None:
    long = await spoilt(deltas.Overshoot(by=1), _many)
    assert [len(page["value"]) for page in long] == [11, 1]
    empty = await spoilt(deltas.EmptyPages(pages=2), _many)
    assert [len(page["value"]) for page in empty] == [0, 0, 10, 2]
    muddled = await spoilt(deltas.Muddle(replays=True), _many)
    subjects = [item["subject"] for page in muddled for item in page["value"]]
    assert len(subjects) == 36
    assert set(subjects) == {str(number) for number in range(12)}
    assert subjects[0] == "11"
    orphans = await spoilt(deltas.Orphans(), _series)
    assert {item["type"] for page in orphans for item in page["value"]} == {"occurrence"}
    unknown = await spoilt(deltas.UnknownRemovals(), _series)
    assert sum("@removed" in item for page in unknown for item in page["value"]) == 3
    nothing = await spoilt(Empty(), _many)
    assert [page["value"] for page in nothing] == [[], []]


@pytest.mark.parametrize("changing", [True, False])
async def test_a_round_may_never_end(changing: bool) -> None:
    async with asking() as graph:
        _many(graph)
        graph.tenant.faults.add(EndlessPages(changing=changing))
        first = (await graph.get(DELTA, **WEEK)).json
        second = (await follow(graph, first["@odata.nextLink"])).json
        third = (await follow(graph, second["@odata.nextLink"])).json
        assert first["value"] == second["value"] == third["value"]
        assert (second["@odata.nextLink"] != third["@odata.nextLink"]) == changing
        assert "@odata.deltaLink" not in third


@pytest.mark.parametrize("count", [1, 12])
async def test_links_may_lead_elsewhere(count: int) -> None:
    async with asking() as graph:
        for number in range(count):
            graph.kestrel.add(meeting(str(number)))
        link = "@odata.nextLink" if count > 10 else "@odata.deltaLink"
        graph.tenant.faults.add(ForeignLink(times=1))
        page = (await graph.get(DELTA, **WEEK)).json
        assert page[link].startswith("https://graph.example.net/v1.0/users/")
        graph.tenant.faults.add(PlainLink(times=1))
        assert (await graph.get(DELTA, **WEEK)).json[link].startswith("http://")


async def test_changes_may_become_visible_late() -> None:
    async with asking() as graph:
        _, link = await whole(graph)
        graph.tenant.faults.add(deltas.DeltaLag(seconds=30))
        made = graph.kestrel.add(meeting("Late"))
        graph.clock.move(seconds=29)
        graph.kestrel.edit(made.id, subject="Later")
        assert (await whole(graph, link))[0] == []
        graph.clock.move(seconds=2)
        items, link = await whole(graph, link)
        assert [item["subject"] for item in items] == ["Late"]
        graph.clock.move(seconds=30)
        items, _ = await whole(graph, link)
        assert [item["subject"] for item in items] == ["Later"]


async def test_series_without_end_may_be_too_much_for_the_service() -> None:
    async with asking() as graph:
        _many(graph)
        graph.tenant.faults.add(deltas.SeriesTrouble(spared_days=2))
        assert (await graph.get(DELTA, **WEEK)).status == 200
        _series(graph)
        refused = await graph.get(DELTA, **WEEK)
        assert (refused.status, refused.code) == (503, "UnknownError")
        assert (await graph.get(DELTA, **DAY)).status == 200


async def test_faults_of_changes_leave_everything_else_alone() -> None:
    async with asking() as graph:
        graph.tenant.faults.add(Status(status=503, at="delta"))
        assert (await graph.view()).status == 200
        assert (await graph.get(DELTA, **WEEK)).status == 503
