"""What goes wrong on request."""

from base64 import b64decode
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
import pytest

from connector.simulators.graph.faults import Fault
from connector.simulators.graph.faults.answers import (
    ClaimsChallenge,
    Portal,
    PreferencesIgnored,
    Redirect,
    Slow,
    Status,
    TokenRefused,
)
from connector.simulators.graph.faults.kinds import AnyFault
from connector.simulators.graph.faults.oddities import ODDITIES
from connector.simulators.graph.faults.pages import (
    Empty,
    EndlessPages,
    ForeignLink,
    HugeBody,
    OddItems,
    PlainLink,
)
from connector.simulators.graph.faults.transfer import (
    Dropped,
    InvalidJson,
    Oversized,
    Truncated,
    WrongCharset,
)

from .graph_tenant import DAY, KESTREL, NOON, Answer, Caller, asking, meeting

MERLIN = "merlin@example.com"


async def spoilt(fault: Fault, prefer: str = "", **options: str) -> Answer:
    """The answer for a room with one meeting."""
    async with asking() as graph:
        graph.kestrel.add(meeting())
        graph.tenant.faults.add(fault)
        return await graph.view(prefer, **options)


async def statuses(graph: Caller, count: int) -> list[int]:
    return [(await graph.view()).status for _ in range(count)]


async def test_a_fault_strikes_so_often_and_then_no_more() -> None:
    async with asking() as graph:
        graph.tenant.faults.add(Status(status=503, times=2))
        assert await statuses(graph, 3) == [503, 503, 200]
        assert graph.tenant.faults.all() == []


async def test_a_fault_strikes_until_it_is_cleared() -> None:
    async with asking() as graph:
        standing = graph.tenant.faults.add(Status(status=500))
        assert await statuses(graph, 3) == [500] * 3
        graph.tenant.faults.clear(standing.id)
        assert await statuses(graph, 1) == [200]


async def test_a_fault_may_strike_one_mailbox_only() -> None:
    async with asking() as graph:
        graph.tenant.add_mailbox(MERLIN)
        graph.tenant.faults.add(Status(status=500, mailbox="Kestrel@example.com"))
        merlin = await graph.get(f"/v1.0/users/{MERLIN}/calendarView", **DAY)
        assert (merlin.status, await statuses(graph, 1)) == (200, [500])
        by_id = await graph.get(f"/v1.0/users/{graph.kestrel.id}/calendarView", **DAY)
        assert by_id.status == 500


async def test_a_fault_of_graph_leaves_the_token_endpoint_alone() -> None:
    async with asking() as graph:
        graph.tenant.faults.add(Status(status=503))
        assert (await graph.log_in()).status == 200
        graph.tenant.faults.clear()
        graph.tenant.faults.add(Status(status=503, at="token", retry_after=3))
        answer = await graph.log_in()
        assert await statuses(graph, 1) == [200]
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "3"


async def test_several_faults_strike_together() -> None:
    async with asking() as graph:
        graph.tenant.faults.add(Slow(seconds=30))
        graph.tenant.faults.add(Status(status=504))
        answer = await graph.view()
        assert graph.clock.slept == [30]
    assert (answer.status, answer.code) == (504, "UnknownError")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "InvalidAuthenticationToken"),
        (403, "ErrorAccessDenied"),
        (404, "ResourceNotFound"),
        (410, "SyncStateNotFound"),
        (429, "ApplicationThrottled"),
        (500, "ErrorInternalServerError"),
        (503, "ServiceUnavailable"),
        (504, "UnknownError"),
        (418, "UnknownError"),
    ],
)
async def test_an_error_has_the_code_that_goes_with_its_status(status: int, code: str) -> None:
    answer = await spoilt(Status(status=status))
    assert (answer.status, answer.code) == (status, code)
    assert "Retry-After" not in answer.headers
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


async def test_an_error_may_have_another_code() -> None:
    answer = await spoilt(Status(status=404, code="MailboxNotEnabledForRESTAPI", message="Asleep"))
    assert answer.code == "MailboxNotEnabledForRESTAPI"
    assert answer.json["error"]["message"] == "Asleep"


async def test_when_to_come_back_is_said_in_seconds_or_as_a_date() -> None:
    seconds = await spoilt(Status(status=429, retry_after=120))
    date = await spoilt(Status(status=503, retry_after=120, as_date=True))
    assert seconds.headers["Retry-After"] == "120"
    then = parsedate_to_datetime(date.headers["Retry-After"])
    assert (then - NOON).total_seconds() == 120


async def test_a_claims_challenge_asks_for_a_token_with_more_in_it() -> None:
    answer = await spoilt(ClaimsChallenge())
    words = answer.headers["WWW-Authenticate"]
    assert (answer.status, 'error="insufficient_claims"' in words) == (401, True)
    claims = b64decode(words.partition('claims="')[2].rstrip('"'))
    assert "access_token" in msgspec.json.decode(claims)


@pytest.mark.parametrize("at", ["graph", "token"])
async def test_a_portal_answers_with_a_page(at: Any) -> None:
    async with asking() as graph:
        graph.tenant.faults.add(Portal(at=at))
        answer = await graph.view() if at == "graph" else await graph.log_in()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.body.startswith(b"<!DOCTYPE html>")


async def test_a_portal_may_send_people_away() -> None:
    answer = await spoilt(Redirect())
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["Location"] == "https://signin.example.net/login"


async def test_the_token_endpoint_may_refuse_what_was_right() -> None:
    async with asking() as graph:
        graph.tenant.faults.add(TokenRefused(times=1))
        refused, granted = await graph.log_in(), await graph.log_in()
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert refused.json["error_codes"] == [7000215]
    assert granted.status == 200


async def test_preferences_may_be_ignored() -> None:
    answer = await spoilt(PreferencesIgnored(), 'outlook.timezone="Tokyo Standard Time"')
    assert "Preference-Applied" not in answer.headers
    assert answer.json["value"][0]["start"]["timeZone"] == "UTC"


async def test_json_may_be_cut_off_or_nonsense() -> None:
    truncated, invalid = await spoilt(Truncated()), await spoilt(InvalidJson())
    for answer in (truncated, invalid):
        assert (answer.status, answer.body[:1]) == (200, b"{")
        with pytest.raises(msgspec.DecodeError):
            _ = answer.json
    assert int(truncated.headers["Content-Length"]) == len(truncated.body)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
async def test_bytes_may_be_in_another_encoding_than_the_header_says(encoding: Any) -> None:
    answer = await spoilt(WrongCharset(encoding=encoding))
    assert "charset=utf-8" in answer.headers["Content-Type"]
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()
    assert "Gespräch: Review" in answer.body.decode(encoding)


async def test_a_page_may_be_larger_than_anybody_should_read() -> None:
    read = 0
    async with asking() as graph:
        graph.tenant.faults.add(Oversized(mebibytes=51))
        headers = {"Authorization": f"Bearer {graph.token}"}
        path = f"/v1.0/users/{KESTREL}/calendarView"
        async with graph.http.get(path, params=DAY, headers=headers) as answer:
            assert (answer.status, answer.content_length) == (200, None)
            async for chunk in answer.content.iter_any():
                read += len(chunk)
    assert read > 51 << 20
    assert chunk.endswith(b"}")


async def test_a_client_may_hang_up_on_a_page_that_is_too_large() -> None:
    async with asking() as graph:
        graph.tenant.faults.add(Oversized(mebibytes=512, times=1))
        headers = {"Authorization": f"Bearer {graph.token}"}
        path = f"/v1.0/users/{KESTREL}/calendarView"
        async with graph.http.get(path, params=DAY, headers=headers) as answer:
            await answer.content.read(1 << 20)
        assert await statuses(graph, 1) == [200]


async def test_a_connection_may_break_in_the_middle() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        graph.tenant.faults.add(Dropped(times=1))
        with pytest.raises(aiohttp.ClientPayloadError):
            await graph.view()
        assert await statuses(graph, 1) == [200]


async def test_a_body_may_be_huge() -> None:
    answer = await spoilt(HugeBody(mebibytes=3))
    assert 3 << 20 > len(answer.json["value"][0]["body"]["content"]) > 3_000_000
    async with asking() as graph:
        graph.tenant.faults.add(HugeBody(mebibytes=3))
        assert len((await graph.view()).json["value"]) == 1


async def test_a_calendar_may_seem_empty() -> None:
    async with asking() as graph:
        for _ in range(11):
            graph.kestrel.add(meeting())
        graph.tenant.faults.add(Empty())
        answer = await graph.view()
    assert (answer.status, answer.json["value"]) == (200, [])
    assert "@odata.nextLink" not in answer.json


@pytest.mark.parametrize("changing", [True, False])
async def test_pages_may_never_end(changing: bool) -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        graph.tenant.faults.add(EndlessPages(changing=changing))
        answer = await graph.view()
        links = []
        for _ in range(3):
            links.append(answer.json["@odata.nextLink"])
            answer = await graph.follow(links[-1])
            assert answer.subjects == ["Review"]
    assert len(set(links)) == (3 if changing else 1)


async def test_a_link_may_lead_to_another_host_or_out_of_tls() -> None:
    foreign, plain = await spoilt(ForeignLink()), await spoilt(PlainLink())
    link = foreign.json["@odata.nextLink"]
    assert link.startswith(f"https://graph.example.net/v1.0/users/{KESTREL}/calendarView?")
    assert "startDateTime=" in link
    assert plain.json["@odata.nextLink"].startswith("http://127.0.0.1:")


async def test_odd_events_stand_beside_good_ones() -> None:
    answer = await spoilt(OddItems())
    good, *odd = answer.json["value"]
    assert good["subject"] == "Review"
    by_id = {event["id"]: event for event in odd}
    assert len(by_id) == len(ODDITIES)
    named = {name: event for name in ODDITIES for id_, event in by_id.items() if id_.endswith(name)}
    backwards = named["end_before_start"]
    assert backwards["start"]["dateTime"] > backwards["end"]["dateTime"]
    assert named["zero_length"]["start"] == named["zero_length"]["end"]
    assert named["year_1601"]["start"]["dateTime"].startswith("1601")
    assert named["year_4500"]["start"]["dateTime"].startswith("4500")
    assert named["ten_years"]["end"]["dateTime"].startswith("2036")
    assert named["custom_zone"]["start"]["timeZone"] == "tzone://Microsoft/Custom"
    assert named["unknown_values"]["showAs"] == "unknownFutureValue"
    assert named["nulls"]["subject"] is None
    assert len(named["many_attendees"]["attendees"]) == 500


async def test_odd_events_come_once_not_on_every_page() -> None:
    async with asking() as graph:
        for _ in range(11):
            graph.kestrel.add(meeting())
        graph.tenant.faults.add(OddItems(oddities=("bare",)))
        first = await graph.view()
        second = await graph.follow(first.json["@odata.nextLink"])
    assert (len(first.json["value"]), len(second.json["value"])) == (11, 1)


async def test_one_oddity_may_be_chosen_and_selected_from() -> None:
    answer = await spoilt(OddItems(oddities=("year_1601",)), dollar_select="start")
    assert [event["start"]["dateTime"][:4] for event in answer.json["value"]] == ["2026", "1601"]
    assert all(event.keys() == {"@odata.etag", "id", "start"} for event in answer.json["value"])
    with pytest.raises(ValueError, match="no such oddity: purple"):
        OddItems(oddities=("purple",))


@pytest.mark.parametrize("kind", AnyFault.__args__)
def test_every_kind_is_written_and_read(kind: type[Fault]) -> None:
    needed: dict[str, Any] = {"Slow": {"seconds": 2}, "Status": {"status": 503}}
    fault = kind(**needed.get(kind.__name__, {}), mailbox=KESTREL, times=2)
    assert msgspec.json.decode(msgspec.json.encode(fault), type=AnyFault) == fault
