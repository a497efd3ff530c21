"""The page of what discovery proposes, over a real discovery and a real keeper."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import pytest

from bridge.callers import SCOPES
from connector.discovery import FoundRoom
from tests.bridge.admin.conftest import PROOF, person
from tests.bridge.admin.found import LISTED, Found, found, found_in_files, sought, sought_in_files
from tests.bridge.test_deciding import told

__all__ = ["found", "found_in_files", "sought", "sought_in_files"]  # fixtures
PATH = "/admin/discovery"


async def ids(found: Found, what: str) -> dict[str, str]:
    """Proposals of a kind by mailbox and field."""
    (one,) = (await found.discovery.stands()).sources
    return {
        f"{each.mailbox.partition('@')[0]} {each.field}".strip(): each.id
        for each in one.findings
        if each.what == what
    }


async def decided(
    found: Found, do: str, *ticked: str, what: str = "new", **fields: str
) -> tuple[int, str, str]:
    """The status of what a form was answered with, where it leads to, and its text."""
    data: list[tuple[str, str]] = [*PROOF.items(), ("do", do), *fields.items()]
    data += [("id", one) for one in ticked]
    answer = await found.client.post(f"{PATH}?what={what}", data=data, allow_redirects=False)
    return answer.status, answer.headers.get("Location", ""), await answer.text()


async def applied(found: Found, location: str) -> str:
    """A plan that a form led to, applied; the text of its page."""
    assert location.startswith("/admin/plans/"), location
    page = await found.text(location)
    answer = await found.send(location)
    assert "done=applied" in answer.headers["Location"], answer.headers["Location"]
    return page


async def test_what_differs_is_told_by_kinds(found: Found) -> None:
    page = await found.text(PATH)
    assert re.search(r"New rooms <span class=\"thin\">2<", page)
    assert f'href="{PATH}" aria-current="page"' in page
    assert "Eagle" in page
    assert "Mill · floor 1 · 4 seats" in page
    assert "The service does not tell its time zone." in page
    page = await found.text(f"{PATH}?what=differs")
    assert "Heron Lounge" in page
    assert "Kestrel" in page
    page = await found.text(f"{PATH}?what=gone")
    assert "Wren" in page
    assert "Kein Raum ist verschwunden." not in page
    assert "No address is there twice." in await found.text(f"{PATH}?what=twice")
    assert "Verschwunden" in await found.text(f"{PATH}?what=gone&lang=de")


async def test_one_is_taken_over_after_its_plan_was_shown(found: Found) -> None:
    new = await ids(found, "new")
    status, location, _ = await decided(found, f"approve {new['eagle']}")
    assert status == 303
    assert "eagle" not in found.document.rooms
    page = await applied(found, location)
    assert "eagle@example.com" in page
    assert found.document.rooms["eagle"]["capacity"] == "4"
    assert found.document.rooms["eagle"]["lists"] == ["north"]
    assert "eagle" not in await ids(found, "new")


async def test_a_time_zone_that_nobody_knows_is_asked_for(found: Found) -> None:
    new = await ids(found, "new")
    status, _, text = await decided(found, "approve", *new.values())
    assert status == 422
    assert "time_zone" in text
    assert text.count(" checked") == 2, "what was ticked stays"
    status, location, _ = await decided(found, "approve", *new.values(), time_zone="Europe/Paris")
    assert status == 303
    await applied(found, location)
    rooms = found.document.rooms
    assert rooms["owl"]["time_zone"] == "Europe/Paris"
    assert rooms["eagle"]["time_zone"] == "Europe/London", "what the service tells stays"
    assert "tower" in found.document.lists


async def test_all_that_are_found_are_taken_over_at_once(found: Found) -> None:
    page = await found.text(f"{PATH}?what=differs")
    seen = _seen(page, "approve")
    status, location, _ = await decided(found, "approve all", what="differs", seen_approve=seen)
    assert status == 303
    await applied(found, location)
    assert found.document.rooms["heron"]["name"] == "Heron Lounge"
    assert found.document.rooms["kestrel"]["capacity"] == "10"
    assert await ids(found, "differs") == {}


async def test_all_of_other_proposals_than_were_seen_is_refused(found: Found) -> None:
    seen = _seen(await found.text(f"{PATH}?what=new"), "reject")
    found.lists(*LISTED, told("falcon"))
    await found.ask()
    data = PROOF | {"do": "reject all", "seen_reject": seen}
    answer = await found.client.post(f"{PATH}?what=new", data=data, allow_redirects=False)
    assert "failed=changed_meanwhile" in answer.headers["Location"]
    assert len(await ids(found, "new")) == 3


async def test_what_is_turned_down_comes_no_more_and_can_be_proposed_again(found: Found) -> None:
    new = await ids(found, "new")
    _, location, _ = await decided(found, "reject", *new.values())
    assert "done=rejected" in location
    page = await found.text(location)
    assert "No new rooms." in page
    page = await found.text(f"{PATH}?what=rejected")
    assert "Turned down by Grace Hopper" in page
    _, location, _ = await decided(found, f"take_back {new['owl']}", what="rejected")
    assert "done=taken_back" in location
    assert list(await ids(found, "new")) == ["owl"]


async def test_what_is_gone_is_retired_by_a_plan(found: Found) -> None:
    gone = await ids(found, "gone")
    _, location, _ = await decided(found, f"approve {gone['wren']}", what="gone", sure="1")
    page = await applied(found, location)
    assert "The room leaves the bridge." in page
    assert "wren" not in found.document.rooms


async def test_many_gone_at_once_take_somebody_who_made_sure(found: Found) -> None:
    found.lists(LISTED[2], LISTED[3])
    await found.ask(1)
    page = await found.text(f"{PATH}?what=gone")
    assert "The service lists far fewer rooms than before" in page
    assert "Not believed yet" in page
    gone = await ids(found, "gone")
    assert list(gone) == ["wren"], "what is doubted is not proposed"
    status, _, text = await decided(found, f"approve {gone['wren']}", what="gone", sure="1")
    assert (status, "This is not believed yet." in text) == (409, True)
    await found.ask(2)
    gone = await ids(found, "gone")
    assert len(gone) == 3
    status, _, text = await decided(found, "approve", *gone.values(), what="gone")
    assert (status, "Make sure first" in text) == (409, True)
    assert len(found.document.rooms) == 3
    found.look_as(person("facilities", scopes=SCOPES["facilities"]))
    page = await found.text(f"{PATH}?what=gone")
    assert "an engineer has to approve this" in page
    assert 'value="approve' not in page
    status, _, text = await decided(found, "approve", *gone.values(), what="gone", sure="1")
    assert status == 409


async def test_what_was_missing_once_waits(found: Found) -> None:
    found.lists(*LISTED, told("wren"))
    await found.ask()
    found.lists(*LISTED)
    await found.ask(1)
    assert "Missing once only." in await found.text(f"{PATH}?what=gone")


async def test_an_address_of_several_rooms_can_only_be_turned_down(found: Found) -> None:
    found.lists(*LISTED, told("kestrel", name="Other"))
    await found.ask()
    page = await found.text(f"{PATH}?what=twice")
    assert "IT staff must mend this at the service." in page
    assert 'value="approve' not in page
    (id_,) = (await ids(found, "twice")).values()
    status, _, _ = await decided(found, f"approve {id_}", what="twice")
    assert status == 409


async def test_facilities_see_what_is_theirs_and_nothing_of_the_others(found: Found) -> None:
    found.look_as(found.facilities("north"))
    page = await found.text(f"{PATH}?what=new")
    assert "Eagle" in page
    assert "owl" not in page.lower()
    assert "Heron" not in await found.text(f"{PATH}?what=differs")
    assert f"{PATH}/look" not in page, "engineers have services asked"
    for path in (f"{PATH}/look", f"{PATH}/asking"):
        method = "POST" if path.endswith("look") else "GET"
        answer = await found.client.request(method, path, data=PROOF)
        assert answer.status == 403
    foreign = (await ids(found, "new"))["owl"]
    status, _, text = await decided(found, f"approve {foreign}", time_zone="Europe/Paris")
    assert (status, "The service says something else by now." in text) == (404, True)


@pytest.mark.parametrize("do", ["", "eat", "approve ../x", "take_back all", "approve all"])
async def test_orders_that_make_no_sense_change_nothing(found: Found, do: str) -> None:
    status, location, _ = await decided(found, do)
    assert status in {400, 404} or "failed=" in location
    assert len(found.document.rooms) == 3


async def test_nothing_ticked_is_said(found: Found) -> None:
    _, location, _ = await decided(found, "approve")
    assert "failed=nothing_chosen" in location


async def test_services_are_asked_and_how_far_they_are_is_shown(found: Found) -> None:
    found.directory.before = asyncio.Event()
    found.directory.called.clear()
    answer = await found.send(f"{PATH}/look")
    assert answer.headers["Location"] == f"{PATH}/asking"
    await found.directory.called.wait()
    page = await found.text(f"{PATH}/asking")
    assert "3 rooms of about 4" in page
    assert "<progress" in page
    assert 'http-equiv="refresh"' in page
    found.directory.before.set()
    await asyncio.gather(*found.discovery._begun)
    answer = await found.client.get(f"{PATH}/asking", allow_redirects=False)
    assert answer.headers["Location"] == f"{PATH}?done=asked"
    assert (await found.send(f"{PATH}/look", {"source": "nowhere"})).status == 404


async def test_where_files_decide_it_becomes_text(found_in_files: Found) -> None:
    found = found_in_files
    new = await ids(found, "new")
    _, location, _ = await decided(found, f"approve {new['heron']}")
    page = await found.text(location)
    (link,) = re.findall(r'href="(/admin/plans/[^"?]+/text[^"]*)"', page)
    assert "Heron Lounge" in await found.text(link.replace("&amp;", "&"))


async def test_ten_thousand_proposals_are_shown_by_pages(found: Found) -> None:
    found.lists(*many(10_000))
    await found.ask()
    page = await found.text(f"{PATH}?what=new")
    assert re.search(r"New rooms <span class=\"thin\">10,000<", page)
    assert page.count('name="id"') == 50
    assert len(page) < 120_000
    assert "Page 1 of 200" in page
    assert "Room 51" in await found.text(f"{PATH}?what=new&page=2")
    assert page.count("Room 7777") == 0
    page = await found.text(f"{PATH}?what=new&q=room+7777")
    assert page.count('name="id"') == 1


def many(number: int) -> Iterable[FoundRoom]:
    return (told(f"room-{one}", name=f"Room {one}") for one in range(1, number + 1))


def _seen(page: str, kind: str) -> Any:
    found = re.search(rf'name="seen_{kind}" value="(\w+)"', page)
    assert found
    return found[1]
