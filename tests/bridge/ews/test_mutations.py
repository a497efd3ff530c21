"""Requests as no client sends them: changed at random, each is answered by the schema or a fault."""

import random
from collections.abc import Sequence
from contextlib import suppress

import pytest
from lxml import etree

from bridge.views.ews.markup import Fault
from bridge.views.ews.operations import answered
from bridge.views.ews.routes import Ews
from bridge.views.ews.shelf import Call
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import CALL, ENVELOPE, MAILBOX, QUIET, READER, find, get, valid
from tests.bridge.ews.test_changes import pull, subscribe, sync
from tests.bridge.ews.test_people import LONDON, availability

RESTRICTED = (
    '<m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="End"/><m:Restriction>'
    '<t:And><t:IsGreaterThan><t:FieldURI FieldURI="calendar:End"/><t:FieldURIOrConstant>'
    '<t:Constant Value="2026-01-01T00:00:00Z"/></t:FieldURIOrConstant></t:IsGreaterThan><t:Not>'
    '<t:IsEqualTo><t:FieldURI FieldURI="calendar:Start"/></t:IsEqualTo></t:Not></t:And>'
    '</m:Restriction><m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="x"/>'
    "</t:FieldOrder></m:SortOrder>"
)
SEEDS = (
    find(),
    find(view=RESTRICTED),
    get("AAA"),
    sync(),
    sync("AQID"),
    subscribe(),
    subscribe("Streaming"),
    pull("a", "b"),
    availability(MAILBOX, "x", zone=LONDON),
    (
        '<m:FindFolder Traversal="Deep"><m:ParentFolderIds><t:DistinguishedFolderId Id="root"/>'
        "</m:ParentFolderIds></m:FindFolder>"
    ),
    '<m:GetFolder><m:FolderIds><t:FolderId Id="x"/></m:FolderIds></m:GetFolder>',
    "<m:ResolveNames><m:UnresolvedEntry>k</m:UnresolvedEntry></m:ResolveNames>",
    '<m:ConvertId><m:SourceIds><t:AlternateId Id="x" Mailbox="y"/></m:SourceIds></m:ConvertId>',
    "<m:CreateItem><m:Items><t:AcceptItem/></m:Items></m:CreateItem>",
)
WORDS = (
    "",
    "0",
    "-1",
    "99999999999999999999",
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2026-13-01",
    "calendar",
    "ā",
    "x" * 300,
    "Sunday",
    "25:00:00",
    "24:00:00",
    "AQID",
)


def changed(seed: str, chance: random.Random) -> bytes:
    """A request with some of it replaced, removed or repeated."""
    root = etree.fromstring(ENVELOPE.format(header="", body=seed).encode())
    inside: Sequence[etree._Element] = list(root[1].iter())[1:]
    for _ in range(chance.randint(0, 4)):
        one = chance.choice(inside)
        parent = one.getparent()
        match chance.randint(0, 4):
            case 0 if len(one.attrib):
                one.set(chance.choice(list(one.keys())), chance.choice(WORDS))
            case 1 if one is not inside[0] and parent is not None:
                parent.remove(one)
            case 2:
                one.append(etree.fromstring(etree.tostring(chance.choice(inside))))
            case 3:
                one.attrib.clear()
            case _:
                one.text = chance.choice(WORDS)
    return etree.tostring(root)


@pytest.mark.fault("facade_xml")
@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_is_sent_is_answered_by_the_schema_or_is_a_fault(
    views: Views, ews: Ews, seed: str
) -> None:
    await views.keep(CALL, QUIET)
    chance = random.Random(seed)
    reader = views.house.readers.named("kestrel")
    assert reader == READER
    room, now = views.house.rooms["kestrel"], views.clock.now()
    for _ in range(150):
        body = changed(seed, chance)
        with suppress(Fault):
            asked = ews._requests.asked(body)
            call = Call(asked, reader, room, views.house, ews.shelf, now)
            valid(answered(call, ews.subscriptions))
