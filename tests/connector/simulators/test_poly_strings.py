"""What a unit makes of raw text: answers of a server, and what is typed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.simulators.poly import literal
from connector.simulators.poly.typed import LONGEST, lines, plain

ITEM = (
    '<t:CalendarItem><t:ItemId Id="a&amp;b" ChangeKey="k"/><t:Subject>R&amp;D &lt;1&gt;</t:Subject>'
    '<t:Body BodyType="HTML">&lt;p&gt;Hello&#xD;&lt;/p&gt;</t:Body>'
    "<t:Organizer><t:Mailbox><t:Name>Ann</t:Name></t:Mailbox></t:Organizer>"
    "<t:RequiredAttendees><t:Attendee><t:Mailbox><t:Name>Ben</t:Name></t:Mailbox></t:Attendee>"
    "</t:RequiredAttendees></t:CalendarItem>"
)
FOUND = (
    '<m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
)


def test_an_item_is_read_by_its_strings() -> None:
    (item,) = literal.items(ITEM)
    assert literal.ids(item) == [("a&b", "k")]
    assert literal.element(item, "t:Subject") == "R&D <1>"
    assert literal.body(item) == "<p>Hello\r</p>"
    assert literal.mailbox_name(item, "Organizer") == "Ann"
    assert literal.names(item, "RequiredAttendees") == ("Ben",)
    assert literal.body("<t:Subject/>") == ""


@pytest.mark.parametrize(
    "change",
    [("m:", "messages:"), ('"', "'"), ("Success", "Error"), ("NoError", "ErrorAccessDenied")],
)
def test_an_answer_that_is_written_otherwise_is_none(change: tuple[str, str]) -> None:
    literal.check(FOUND, "FindItemResponseMessage")
    with pytest.raises(literal.Unreadable):
        literal.check(FOUND.replace(*change), "FindItemResponseMessage")


@given(st.text(alphabet='<>/tm:"= IdKeyCalendarItemSubject&;'))
def test_any_answer_can_be_searched(text: str) -> None:
    for item in [*literal.items(text), text]:
        literal.ids(item)
        literal.body(item)
        literal.names(item, "RequiredAttendees")


def typed(pieces: list[str]) -> list[str]:
    """The lines that come of pieces."""
    waiting = iter(pieces)

    async def read(_most: int) -> str:
        return next(waiting, "")

    async def all_of_them() -> list[str]:
        return [line async for line in lines(read)]

    return asyncio.run(all_of_them())


@given(st.lists(st.text(alphabet="ab\r\n", min_size=1)))
def test_lines_are_the_same_however_they_arrive(pieces: list[str]) -> None:
    whole = "".join(pieces)
    ended = whole[: max(whole.rfind("\r"), whole.rfind("\n")) + 1]
    assert [one for one in typed(pieces) if one] == ended.split()


def test_a_line_without_an_end_ends_the_session() -> None:
    assert typed(["a" * LONGEST, "b", "c\r\n"]) == []


@given(st.binary())
def test_anything_may_come_over_telnet(received: bytes) -> None:
    plain(received)
