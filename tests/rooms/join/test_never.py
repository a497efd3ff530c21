"""What must never happen, whatever an invitation says."""

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms import join
from rooms.join import grammar
from rooms.join.text import LIMIT
from tests.rooms.join.hostile import invitations
from tests.rooms.join.samples import samples

SECONDS = 3
"""Many times what the hostile invitations below take on a slow machine."""

SIZE = LIMIT // 4
"""A quarter of what is read; `bench/join_adversarial_growth.py` compares with all of it."""

PIECES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "https://zoom.us/j/90000000001",
            "https://us02web.zoom.us/j/123?pwd=",
            "https://teams.microsoft.com/meet/312345678901234?p=",
            "https://teams.microsoft.com/l/meetup-join/19%3a",
            "https://x.webex.com/x/j.php?MTID=m",
            "https://x.webex.com/meet/",
            "https://meet.google.com/abc-defg-hij",
            "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F1",
            "https://urldefense.com/v3/__https://zoom.us/j/1*__;Iw!!A!b$",
            "https://vc.example.com/webapp/?conference=",
            "pexip://",
            "zoommtg://zoom.us/join?confno=",
            "sip:",
            "h323:",
            "@zoomcrc.com",
            "@m.webex.com",
            "@vc.example.com",
            "##4711#12",
            "162.255.37.11",
            "Join by H.323\n",
            "Meeting ID: 900 0000 0001",
            "VTC Conference ID: 123 456 7890",
            "Passcode: ",
            "Passcode: 123456",
            ",,90000000001#,,,,*123456#",
            "<",
            ">",
            "<a href='",
            "<div style='display:none'>",
            "</div>",
            "<!--",
            "&amp;",
            "=3D",
            "=\n",
            "\\n",
            "\r\n ",
            "\n> ",
            "\n\nFrom: a\nSent: b\n",
            "\u200b",
            "\u202e",
            "\ud800",
            "٣",
            "İ",
            "%",
            "%xx",
        ]
    ),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@settings(max_examples=300, deadline=None)
@given(body=TEXTS, subject=TEXTS, location=TEXTS, url=TEXTS, html=st.booleans())
def test_reading_never_raises_and_what_it_returns_is_well_formed(
    body: str, subject: str, location: str, url: str, html: bool
) -> None:
    entry = join.EntryPoint(kind="sip", uri=url, meeting_id=subject, passcode=location)
    invitation = join.Invitation(
        subject=subject,
        locations=(location,),
        online_url=url,
        conference=(entry,),
        body=body,
        html=html,
    )
    start = time.perf_counter()
    found = join.read(invitation)
    assert time.perf_counter() - start < SECONDS
    _is_well_formed(found)


def _is_well_formed(found: join.Found) -> None:
    details = found.details
    assert (details is None) <= (found.reason is not None)
    assert 0 <= found.confidence <= 1
    if details is None:
        return
    assert (found.reason is None) <= bool(details.sip or details.h323)
    assert details.join_url is None or (
        urlsplit(details.join_url).scheme and not any(c.isspace() for c in details.join_url)
    )
    for sip in (details.sip, details.sip_printed):
        assert sip is None or grammar.sip_uri(sip)
    assert details.h323 is None or grammar.h323_address(details.h323)
    assert details.numeric_passcode is None or details.numeric_passcode.isdigit()
    assert all(grammar.is_ipv4(gateway) for gateway in details.h323_gateways)
    dial = join.dial_string(details)
    assert dial is None or not any(c.isspace() for c in dial.address)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(["a.eml", "a.ics", "a.json", "a.html", "a.txt"]),
    head=st.sampled_from(["", "Subject: ", "From: =?utf-8?q?", "BEGIN:VEVENT\n", '{"body": ']),
    text=TEXTS,
    tail=st.binary(max_size=40),
)
def test_a_file_never_raises(name: str, head: str, text: str, tail: bytes) -> None:
    data = (head + text).encode(errors="surrogatepass") + tail
    _is_well_formed(join.read(join.files.invitation(name, data)))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_sample_cut_and_mixed_with_others_is_read_without_harm(data: st.DataObject) -> None:
    bodies = [sample.invitation.body for sample in samples()]
    body = data.draw(st.sampled_from(bodies)) + data.draw(st.sampled_from(bodies))
    start = data.draw(st.integers(0, len(body)))
    _is_well_formed(join.read(join.Invitation(body=body[start:], html=data.draw(st.booleans()))))


@pytest.mark.parametrize("name", invitations(SIZE))
def test_a_hostile_invitation_takes_time_in_proportion_to_its_length(name: str) -> None:
    invitation = invitations(SIZE)[name]
    start = time.perf_counter()
    _is_well_formed(join.read(invitation))
    assert time.perf_counter() - start < SECONDS
