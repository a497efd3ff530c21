"""What `roombridge join --json` prints, and what `explain` tells."""

from datetime import UTC, datetime

from rooms import join
from rooms.model import Event, Person, Window

KEYS = (
    "id provider meeting_id passcode numeric_passcode join_url sip sip_printed h323 h323_gateways"
    " dial source rule confidence candidates reason"
)
WINDOW = Window(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 2, tzinfo=UTC))


def test_the_object_has_exactly_the_keys_of_the_design() -> None:
    for body in ("", "https://zoom.us/j/90000000001"):
        told = join.as_json(join.read(join.Invitation(body=body)), id="7")
        assert " ".join(told) == KEYS
        assert told["id"] == "7"


def test_without_a_meeting_all_is_null_but_the_reason() -> None:
    told = join.as_json(join.read(join.Invitation()))
    assert {key for key, value in told.items() if value} == {"reason"}
    assert told["provider"] is None


def test_a_token_of_a_link_is_never_a_passcode() -> None:
    for link in (
        "https://zoom.us/j/90000000001?pwd=token123",
        "https://teams.microsoft.com/meet/312345678901234?p=token123",
        "https://v.ringcentral.com/join/123456789?pw=token123",
    ):
        told = join.as_json(join.read(join.Invitation(body=link)))
        assert told["passcode"] is None
        assert told["numeric_passcode"] is None


def test_the_steps_are_told_in_words() -> None:
    body = "https://zoom.us/j/90000000001\n> https://zoom.us/j/90000000002"
    lines = join.in_words(join.read(join.Invitation(body=body)))
    assert lines[0] == "zoom, found in body by zoom/join"
    assert any(line.startswith("not taken: zoom in quoted") for line in lines)


def test_an_event_is_read_by_all_its_parts() -> None:
    event = Event(
        id="1",
        when=WINDOW,
        subject="s",
        organizer=Person(address="nora@example.com"),
        locations=("Room 5",),
        online_url="https://zoom.us/j/90000000001",
        body="<p>x</p>",
        html=True,
    )
    assert join.invitation_of(event) == join.Invitation(
        subject="s",
        locations=("Room 5",),
        online_url="https://zoom.us/j/90000000001",
        body="<p>x</p>",
        html=True,
        organizer_domain="example.com",
    )
