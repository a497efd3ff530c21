"""Names of time zones, as the simulated Exchange writes them."""

import pytest

from connector.simulators.exchange import zones

from .exchange_server import asking, meeting


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("Europe/London", "GMT Standard Time"),
        ("W. Europe Standard Time", "W. Europe Standard Time"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Custom", "tzone://Microsoft/Custom"),
        ("Middle-earth Standard Time", "Middle-earth Standard Time"),
    ],
)
def test_a_zone_goes_by_its_windows_name(name: str, windows: str) -> None:
    assert zones.windows(name) == windows


def test_a_zone_that_windows_does_not_know_goes_by_one_that_is_alike() -> None:
    assert zones.full(zones.windows("Europe/Vienna")).count("Bias") == 2
    assert "PT-" not in zones.full(zones.windows("Europe/Vienna"))


def test_zones_are_shown_with_their_offset() -> None:
    assert zones.display("India Standard Time") == "(UTC+05:30) India Standard Time"
    assert zones.display("Eastern Standard Time") == "(UTC-05:00) Eastern Standard Time"
    assert zones.display("nowhere") == "nowhere"


async def test_anything_at_all_may_stand_in_an_item() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting(raw={"Start": "soon", "End": None}))
        answer = await caller.get(event.id)
        assert answer.texts("t:Start") == ["soon"]
        assert answer.texts("t:End") == []
