"""What is asked of Exchange, against Microsoft's schema, and in how many requests."""

from pathlib import Path

import pytest
from lxml import etree

from connector.sources.ews import changing, operations
from connector.sources.ews.soap import Element, S, envelope, parse
from tests.connector.source_contract import HOUR
from tests.connector.writer_contract import draft
from tests.fakes.virtual import NOON

MAILBOX = "kestrel@example.com"
REQUESTS: dict[str, Element] = {
    "find": operations.find_items(MAILBOX, NOON, NOON + HOUR),
    "get": operations.get_items(["AAMk=", "AAMl="]),
    "get without texts": operations.get_items(["AAMk="], body=False),
    "sync": operations.sync_items(MAILBOX, "H4sIAAA="),
    "sync from nothing": operations.sync_items(MAILBOX, ""),
    "subscribe": operations.subscribe(MAILBOX),
    "stream": operations.streaming_events(["JgBl", "JgBm"], 29),
    "room lists": operations.room_lists(),
    "rooms": operations.rooms("london@example.com"),
    "sign of life": operations.sign_of_life(),
    "find a key": changing.find_key(MAILBOX, "key"),
    "create": changing.create(MAILBOX, draft(text="a & b")),
    "look": changing.look("AAMk="),
    "look at the series": changing.look_at_series("AAMk="),
    "end": changing.set_end("AAMk=", "DwAA", operations.utc(NOON)),
    "decline": changing.decline("AAMk=", "DwAA"),
    "decline with words": changing.decline("AAMk=", "DwAA", "Nobody came & so on"),
    "delete": changing.delete("AAMk=", "DwAA"),
    **{
        rule: changing.create(MAILBOX, draft(recurrence=rule))
        for rule in (
            "FREQ=DAILY;COUNT=4",
            "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231",
            "FREQ=MONTHLY;BYDAY=4MO;COUNT=2",
            "FREQ=MONTHLY;COUNT=2",
            "FREQ=YEARLY;COUNT=2",
            "FREQ=YEARLY;BYDAY=4MO;COUNT=2",
        )
    },
}


@pytest.fixture(scope="module")
def schema(contracts: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(contracts / "schema" / "ews" / "messages.xsd")))


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_is_one_by_microsoft_s_schema(schema: etree.XMLSchema, name: str) -> None:
    root = parse(envelope(REQUESTS[name], impersonated=MAILBOX))
    body = root.find(f"{S}Body")
    assert body is not None
    alone = etree.fromstring(etree.tostring(body[0]))
    assert schema.validate(alone), str(schema.error_log)


@pytest.mark.parametrize("name", ["RequestServerVersion", "ExchangeImpersonation"])
def test_the_header_is_one_by_microsoft_s_schema(contracts: Path, name: str) -> None:
    types = etree.XMLSchema(etree.parse(str(contracts / "schema" / "ews" / "types.xsd")))
    root = parse(envelope(operations.room_lists(), impersonated=MAILBOX))
    (found,) = root.findall(f"{S}Header/{{*}}{name}")
    assert types.validate(etree.fromstring(etree.tostring(found))), str(types.error_log)
