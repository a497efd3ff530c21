"""What an endpoint is told to dial, and the grammars behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import join
from rooms.join import grammar, zoom
from rooms.model import JoinDetails

DETAILS = JoinDetails(
    provider="zoom",
    meeting_id="90000000001",
    numeric_passcode="123456",
    sip="90000000001.123456@zoomcrc.com",
    h323="162.255.37.11##90000000001#123456",
)
DIGITS = st.text("0123456789", min_size=5, max_size=12)
SECRET = st.text("0123456789", max_size=10)


def dialled(protocols: tuple[str, ...], dialing: join.Dialing | None = None) -> str | None:
    found = join.dial_string(DETAILS, protocols, dialing or join.Dialing())
    return found.address if found else None


def test_the_first_protocol_that_leads_in_is_taken() -> None:
    assert dialled(("sip", "h323")) == "90000000001.123456@zoomcrc.com"
    assert dialled(("h323", "sip")) == "162.255.37.11##90000000001#123456"
    assert dialled(("h323",)) == "162.255.37.11##90000000001#123456"
    assert dialled(()) is None


def test_a_room_adds_its_layout_and_host_key() -> None:
    room = join.Dialing(layout="2", host_key="654321")
    assert dialled(("sip",), room) == "90000000001.123456.2.654321@zoomcrc.com"
    assert dialled(("h323",), room) == "162.255.37.11##90000000001#123456#2#654321"


def test_an_empty_position_stays() -> None:
    assert dialled(("sip",), join.Dialing(host_key="654321")) == (
        "90000000001.123456..654321@zoomcrc.com"
    )


def test_a_site_chooses_region_and_domain() -> None:
    assert dialled(("h323",), join.Dialing(zoom_region="germany")) == (
        "213.244.140.110##90000000001#123456"
    )
    assert dialled(("sip",), join.Dialing(zoom_domain="de.zmeu.us")) == (
        "90000000001.123456@de.zmeu.us"
    )


def test_a_site_may_keep_the_passcode_out() -> None:
    assert dialled(("sip",), join.Dialing(include_passcode=False)) == "90000000001@zoomcrc.com"


def test_a_host_key_that_is_none_is_left_out() -> None:
    assert dialled(("sip",), join.Dialing(host_key="12")) == "90000000001.123456@zoomcrc.com"


def test_the_host_key_is_not_told_by_its_settings() -> None:
    assert "654321" not in repr(join.Dialing(host_key="654321"))


def test_a_closed_platform_is_never_dialled() -> None:
    assert join.dial_string(JoinDetails(provider="bluejeans", sip="1@bjn.vc")) is None


@pytest.mark.parametrize("sip", ["a b@example.com", "@example.com", "x@", "x@256.1.1.1", "x@a..b"])
def test_what_breaks_the_grammar_is_never_dialled(sip: str) -> None:
    assert join.dial_string(JoinDetails(provider="sip", sip=sip)) is None


@pytest.mark.parametrize(
    "sip",
    [
        "sip:boardroom@vc.example.com",
        "boardroom@[2001:db8::1]:5061",
        "4711@10.0.0.1",
        "a.b-c_d!~*'()&=+$,;?/@x-y.example",
        "%41@example.com;transport=tls",
    ],
)
def test_sip_uris_of_the_grammar_are_understood(sip: str) -> None:
    found = grammar.sip_uri(sip)
    assert found is not None
    assert str(found) == sip.removeprefix("sip:")


@pytest.mark.parametrize(
    "h323", ["10.0.0.1##4711#12", "vc.example.com##4711", "4711@10.0.0.1", "h323:x@vc.example.com"]
)
def test_h323_addresses_of_the_grammar_are_understood(h323: str) -> None:
    found = grammar.h323_address(h323)
    assert found is not None
    assert str(found) == h323.removeprefix("h323:")


@pytest.mark.parametrize("h323", ["10.0.0.256##1", "##1", "10.0.0.1##", "sip:x@y.example", "word"])
def test_other_words_are_no_h323_addresses(h323: str) -> None:
    assert grammar.h323_address(h323) is None


@given(DIGITS, SECRET, st.sampled_from(["", "1", "12"]), st.sampled_from(["", "123456"]))
def test_composing_and_parsing_zoom_s_dial_strings_round_trips(
    meeting_id: str, passcode: str, layout: str, host_key: str
) -> None:
    call = zoom.Call(id=meeting_id, passcode=passcode, layout=layout, host_key=host_key)
    sip, h323 = zoom.sip(call, "zoomcrc.com"), zoom.h323(call, "162.255.37.11")
    assert sip is not None
    assert h323 is not None
    assert zoom.parse_sip(sip) == (call, "zoomcrc.com")
    assert zoom.parse_h323(h323) == (call, "162.255.37.11")


@given(st.text(max_size=60))
def test_whatever_is_understood_is_written_the_same_way(text: str) -> None:
    for understood in (grammar.sip_uri(text), grammar.h323_address(text)):
        if understood is not None:
            plain = text.partition(":")[2] if text.lower().startswith(("sip", "h323:")) else text
            assert str(understood).lower() in {text.lower(), plain.lower()}


HOSTS = st.one_of(
    st.sampled_from(["zoomcrc.com", "a-.b", "-a.b", "a..b", "1.2.3.4", "1.2.3", "300.1.1.1", "a."]),
    st.text("ab1.-", max_size=12),
)


@given(DIGITS, SECRET, HOSTS)
def test_what_is_taken_for_plain_is_what_would_be_composed_again(
    meeting: str, passcode: str, host: str
) -> None:
    address = f"{meeting}.{passcode}@{host}" if passcode else f"{meeting}@{host}"
    parsed = zoom.parse_sip(address)
    assert zoom.is_plain(address) == (parsed is not None)
    assert parsed is None or zoom.sip(*parsed) == address
