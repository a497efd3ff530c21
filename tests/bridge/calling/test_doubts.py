"""What the running appliance has the doctor say of room systems."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bridge.calling.shown import doubts
from bridge.dispatch.status import EndpointStatus
from bridge.settings.model import EndpointSettings
from tests.fakes.endpoints import FakeEndpoint, FakeOptions
from tests.fakes.virtual import NOON

LONG = NOON + timedelta(minutes=31)
STATUS = EndpointStatus(
    id="codec",
    kind="fake",
    room="kestrel",
    state="shown",
    since=NOON,
    reachable=True,
    shown_at=NOON,
    confirmed_at=None,
    calls=None,
    facts=None,
    last_error=None,
    last_wish=None,
    checked_in="",
    connected=None,
    failures=0,
    drift=0,
)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, []),
        ({"confirmed_at": NOON}, ["endpoint_not_confirmed"]),
        ({"drift": 1}, ["endpoint_not_confirmed"]),
        ({"state": "unknown"}, ["endpoint_not_confirmed"]),
        ({"state": "confirmed", "confirmed_at": NOON}, []),
        ({"state": "denied"}, []),
    ],
)
def test_a_list_that_stays_unconfirmed_is_doubted_where_the_unit_could_tell(
    status: dict[str, Any], said: list[str]
) -> None:
    settings = EndpointSettings(id="codec", kind="fake", room="kestrel", options=FakeOptions())
    stands = msgspec.structs.replace(STATUS, **status)
    endpoint = FakeEndpoint()
    assert list(doubts(settings, endpoint, stands, None, LONG)) == said
    assert list(doubts(settings, endpoint, stands, None, NOON + timedelta(minutes=29))) == []
