"""Which of several meetings is meant, and what is told of the others."""

import pytest

from rooms import join
from rooms.model import NoJoinReason

TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_QQ%40thread.v2/0"
ZOOM = "https://zoom.us/j/90000000001"
OTHER = "https://zoom.us/j/90000000002"


def chosen(**parts: object) -> join.Found:
    return join.read(join.Invitation(**parts))  # type: ignore[arg-type]  # as a caller writes it


def url(found: join.Found) -> str | None:
    return found.details.join_url if found.details else None


def test_the_service_s_own_link_is_trusted_before_the_location_and_the_body() -> None:
    found = chosen(online_url=TEAMS, locations=(ZOOM,), body=OTHER)
    assert url(found) == TEAMS
    assert found.source == "online_url"


@pytest.mark.fault("event_two_links")
def test_the_location_is_trusted_before_the_body() -> None:
    assert url(chosen(locations=("Room 5", ZOOM), body=OTHER)) == ZOOM


def test_conference_data_is_trusted_most() -> None:
    entry = join.EntryPoint(kind="video", uri=ZOOM)
    assert url(chosen(conference=(entry,), online_url=OTHER)) == ZOOM


def test_the_first_of_equals_wins() -> None:
    assert url(chosen(body=f"{ZOOM} or {OTHER}")) == ZOOM


def test_the_one_with_printed_numbers_wins_over_a_bare_link() -> None:
    body = f"As last time {ZOOM}\n\nJoin {OTHER}\nMeeting ID: 900 0000 0002\nPasscode: 123456"
    assert url(chosen(body=body)) == OTHER


@pytest.mark.parametrize("words", ["old link:", "cancelled:", "Backup", "früher", "anterior:"])
def test_words_that_speak_of_another_meeting_count_against_a_link(words: str) -> None:
    assert url(chosen(body=f"{words} {ZOOM}\nJoin {OTHER}")) == OTHER


def test_of_two_links_to_one_meeting_the_one_that_lets_in_is_shown() -> None:
    assert url(chosen(body=f"{ZOOM}\n{ZOOM}?pwd=abc")) == f"{ZOOM}?pwd=abc"


def test_the_short_and_the_long_teams_link_are_one_meeting() -> None:
    found = chosen(body=f"https://teams.microsoft.com/meet/312345678901234?p=a\nReference<{TEAMS}>")
    assert url(found) == "https://teams.microsoft.com/meet/312345678901234?p=a"
    assert found.candidates == ()


@pytest.mark.fault("event_two_links")
def test_every_other_candidate_is_told_with_why_it_lost() -> None:
    found = chosen(online_url=TEAMS, body=f"> {OTHER}\n\nnew {ZOOM}")
    told = [(one.source, one.join_url, bool(one.why)) for one in found.candidates]
    assert told == [("body", ZOOM, True), ("quoted", OTHER, True)]


def test_a_rival_lowers_the_confidence() -> None:
    alone, rivalled = chosen(body=ZOOM), chosen(body=f"{ZOOM} {OTHER}")
    assert alone.confidence > rivalled.confidence


def test_numbers_stay_with_the_link_above_them() -> None:
    body = f"{OTHER}\nPasscode: 222222\n\n{ZOOM}?pwd=x\nMeeting ID: 900 0000 0001\nPasscode: 111111"
    found = chosen(locations=(ZOOM,), body=body)
    assert found.details is not None
    assert found.details.numeric_passcode == "111111"


def test_a_body_beyond_the_limit_is_cut_with_a_note() -> None:
    found = chosen(body=f"{ZOOM}\n" + "x" * (256 * 1024))
    assert url(found) == ZOOM
    assert "cut at 256 kB" in found.notes


def test_an_invitation_without_a_meeting_says_so() -> None:
    found = chosen(subject="Stand-up", body="Room 5")
    assert found == join.Found(reason=NoJoinReason.NO_ONLINE_MEETING)


@pytest.mark.parametrize(
    ("may_ask", "reason"), [(True, None), (False, "passcode_unknown")], ids=["asks", "must not"]
)
def test_a_meeting_whose_numeric_passcode_is_unknown_is_dialled_unless_the_site_forbids_it(
    may_ask: bool, reason: str | None
) -> None:
    invitation = join.Invitation(body=f"{ZOOM}?pwd=abc\nPasscode: tall-ship")
    found = join.read(invitation, dialing=join.Dialing(may_ask=may_ask))
    assert found.reason == reason
    assert any("will ask" in note for note in found.notes)


def test_what_the_host_lacks_is_told() -> None:
    found = chosen(body=TEAMS)
    assert found.reason == "no_dial_route"
    assert any("Cloud Video Interop" in note for note in found.notes)
