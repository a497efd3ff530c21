"""Invitations of nothing but prose."""

from hypothesis import example, given
from hypothesis import strategies as st

from rooms.join.dial import Dialing
from rooms.join.invitation import Invitation
from rooms.join.passages import passages_of
from rooms.join.prose import silent
from rooms.join.reading import _built_in, read
from rooms.model import NoJoinReason

SPACED = (
    "Zoom Webex Teams meeting ID: passcode 912 3456 7890 4711 sip: \uff11\uff12\uff13 9\u200b1\u200b2"
    " room.example.com zoom.us j ## # h323 11. 12.5.1.1 > From: Sent: & = % <"
)
WORDS = st.sampled_from([*SPACED.split(" "), "\n"])
TEXTS = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60)


@given(body=TEXTS, subject=TEXTS, location=TEXTS)
@example(body="Zoom meeting ID: 9\u200b1\u200b2\u200b3456789", subject="", location="")
def test_what_is_passed_over_holds_nothing(body: str, subject: str, location: str) -> None:
    invitation = Invitation(body=body, subject=subject, locations=(location,))
    if silent(invitation):
        passages, notes = passages_of(invitation)
        assert _built_in(passages, notes, Dialing()) == read(invitation)


def test_prose_says_that_there_is_no_online_meeting() -> None:
    invitation = Invitation(subject="Lunch", body="Please bring a pencil, it is at noon. " * 40)
    assert silent(invitation)
    assert read(invitation).reason is NoJoinReason.NO_ONLINE_MEETING
