"""Links behind mail filters."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.join.unwrap import LAYERS, unwrap

ZOOM = "https://zoom.us/j/90000000001?pwd=a%2Bb&from=addon"
QUOTED = quote(ZOOM, safe="")

WRAPPED = {
    "Safe Links": f"https://nam02.safelinks.protection.outlook.com/?url={QUOTED}&data=05%7C02",
    "Safe Links for apps": f"https://eur03.safelinks.protection.outlook.com/ap/t-59/?url={QUOTED}",
    "Safe Links, government": f"https://gcc02.safelinks.protection.office365.us/?url={QUOTED}",
    "Safe Links out of HTML": f"https://x.safelinks.protection.outlook.com/?a=b&amp;url={QUOTED}",
    "Proofpoint 1": f"https://urldefense.proofpoint.com/v1/url?u={QUOTED}&k=x",
    "Google": f"https://www.google.com/url?q={QUOTED}&sa=D",
    "Google, of a country": f"https://www.google.co.uk/url?sa=t&url={QUOTED}",
    "Barracuda": f"https://linkprotect.cudasvc.com/url?a={QUOTED}&c=E,1",
    "Cisco": f"https://secure-web.cisco.com/1AbC/{QUOTED}",
    "Trend Micro": f"https://eu.ctp.trendmicro.com/wis/clicktime/v1/query?url={QUOTED}&umid=x",
    "FireEye": f"https://protect2.fireeye.com/v1/url?k=0&q=1&e=2&u={QUOTED}",
    "Symantec": f"https://clicktime.symantec.com/38YrY?u={QUOTED}",
    "Check Point": f"https://protect.checkpoint.com/v2/r01/___{ZOOM}___.YzJ1OnRo",
    "Amazon": f"https://abc.r.us-east-1.awstrack.me/L0/{QUOTED}/1/0100",
    "Trustwave": f"https://scanmail.trustwave.com/?c=1&d=2&u={QUOTED}",
    "FortiMail": f"https://mail.example.com/fmlurlsvc/?fewReq=:B:x&url={QUOTED}",
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_a_filter_s_link_is_undone_once(wrapped: str) -> None:
    found = unwrap(wrapped)
    assert found.url == ZOOM
    assert len(found.through) == 1
    assert not found.opaque


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.fault("event_text")
def test_filters_behind_one_another_are_undone(wrapped: str) -> None:
    outer = "https://nam02.safelinks.protection.outlook.com/?url=" + quote(wrapped, safe="")
    assert unwrap(outer).url == ZOOM


@pytest.mark.parametrize(
    ("wrapped", "plain"),
    [
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__zoom.us_j_900-3Fpwd-3Dab-5Fc&d=x",
            "https://zoom.us/j/900?pwd=ab_c",
        ),
        (
            "https://urldefense.com/v3/__https://zoom.us/j/900*pwd=1__;Pw!!AbC!xyz$",
            "https://zoom.us/j/900?pwd=1",
        ),
        (
            "https://urldefense.us/v3/__https://x.example/**Aa**_b__;w6Qj" + "Iy" * 44 + "!!A$",
            None,
        ),
        ("https://urldefense.com/v3/__https:/zoom.us/j/900__;!!A!b$", "https://zoom.us/j/900"),
        ("https://protect.checkpoint.com/v2/___https:/zoom.us/j/9___.x", "https://zoom.us/j/9"),
        (
            "https://eu-west-1.protection.sophos.com/?d=zoom.us&u=aHR0cHM6Ly96b29tLnVzL2ovOTAw&i=x",
            "https://zoom.us/j/900",
        ),
    ],
)
def test_filters_with_an_alphabet_of_their_own_are_undone(wrapped: str, plain: str | None) -> None:
    found = unwrap(wrapped)
    assert found.through
    assert plain is None or found.url == plain


@pytest.mark.parametrize(
    "broken",
    [
        "https://nam11.safelinks.protection.outlook.com/?url=https%3A%2F%2Fzoom.us%xx&data=1",
        "https://nam11.safelinks.protection.outlook.com/?data=1",
        "https://urldefense.com/v3/__https://zoom.us/j/900",
        "https://eu.protection.sophos.com/?u=%%%",
        "https://url.avanan.click/v2/r06/___myyux://eqqr.zx/o/9___.x",
    ],
)
@pytest.mark.fault("event_text")
def test_a_damaged_link_is_left_alone_and_said_to_be_unreadable(broken: str) -> None:
    found = unwrap(broken)
    assert found.url == broken
    assert found.opaque


def test_a_filter_that_keeps_nothing_tells_at_most_a_host() -> None:
    found = unwrap("https://protect-eu.mimecast.com/s/AbC?domain=example.zoom.us")
    assert (found.opaque, found.hint) == ("mimecast", "example.zoom.us")


def test_links_that_wrap_themselves_come_to_an_end() -> None:
    loop = "https://www.google.com/url?q=https://www.google.com/url?q=" * 30
    assert len(unwrap(loop).through) <= LAYERS


def test_other_sites_with_a_link_in_their_query_are_no_filters() -> None:
    url = f"https://evil.example/?url={QUOTED}"
    assert unwrap(url).url == url


@given(st.text(max_size=300), st.sampled_from([w.split(QUOTED)[0] for w in WRAPPED.values()]))
def test_unwrapping_never_raises_and_never_grows(text: str, start: str) -> None:
    found = unwrap(start + text)
    assert len(found.url) <= len(start + text) * 3
