"""SIP messages, addresses and logins: read with bounds, written exactly."""

import secrets
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.secret import Secret
from connector.sip import address, digest
from connector.sip.message import (
    LIMIT,
    Framing,
    NotSip,
    Request,
    Response,
    parameters,
    read,
    split,
    via,
)

ASKED = (
    b"OPTIONS sip:room@pbx.example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKabc;rport\r\n"
    b"From: <sip:bridge@192.0.2.7>;tag=1\r\n"
    b"To: <sip:room@pbx.example.com>\r\n"
    b"Call-ID: one\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
FOLDED = (
    b"invite sip:room@pbx.example.com;x=%41 SIP/2.0\n"
    b"v : SIP / 2.0\n /TCP [2001:db8::9] : 5061 ;branch = z9hG4bK.~ ; received=2001:db8::7\n"
    b'f: "A \\" , <b>" <sip:a@example.com>;tag="t,1"\n'
    b"t: sip:room@pbx.example.com ; tag = 2\n"
    b"i: a,b@c\n"
    b"CSeq: 0009\n\t INVITE\n"
    b'm: "x, y" <sip:1@h;lr>, <sip:2@h>\n'
    b"c: application/sdp\n"
    b"l:  3\n"
    b"\n"
    b"v=0 and more"
)


def test_compact_folded_and_spaced_fields_are_read() -> None:
    message = read(FOLDED)
    assert isinstance(message, Request)
    assert message.method == "INVITE"
    assert message.via.host == "[2001:db8::9]"
    assert message.via.transport == "TCP"
    assert (message.via.port, message.via.branch) == (5061, "z9hG4bK.~")
    assert address.named(message.first("from")).tag == "t,1"
    assert address.named(message.first("to")).tag == "2"
    assert message.each("contact") == ['"x, y" <sip:1@h;lr>', "<sip:2@h>"]
    assert message.number == 9
    assert message.body == b"v=0"


def test_what_is_written_is_read_the_same() -> None:
    message = read(ASKED)
    assert read(bytes(message)) == message
    answer = Response(status=200, reason="OK", fields=message.fields, body=b"\0\xff")
    assert read(bytes(answer)) == answer


@given(st.binary(max_size=300))
def test_nothing_makes_reading_crash(data: bytes) -> None:
    for tried in (data, ASKED.replace(b"one", data), ASKED + data, FOLDED.replace(b"SIP", data)):
        with suppress(NotSip):
            _ = bytes(read(tried))


@given(
    st.lists(st.integers(1, len(ASKED) - 1), max_size=6),
    st.sampled_from([b"", b"\r\n", b"\r\n\r\n", b"\n"]),
)
def test_a_stream_cut_anywhere_has_the_same_messages(cuts: list[int], between: bytes) -> None:
    stream = between.join([b"", ASKED, FOLDED[: FOLDED.index(b" and")], ASKED])
    places = sorted(cuts)
    parts = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    framing = Framing()
    got = [message for part in parts for message in framing.feed(part)]
    assert [bytes(read(one)) for one in got] == [
        bytes(read(ASKED)),
        bytes(read(FOLDED)),
        bytes(read(ASKED)),
    ]


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_nothing_makes_a_stream_crash(parts: list[bytes]) -> None:
    framing = Framing()
    try:
        for part in parts:
            assert all(len(one) <= LIMIT for one in framing.feed(part))
    except NotSip:
        pass


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        ASKED[:-2],
        ASKED.replace(b"Call-ID: one\r\n", b""),
        ASKED.replace(b"1 OPTIONS", b"1 INVITE"),
        ASKED.replace(b"Content-Length: 0", b"Content-Length: 1"),
        ASKED.replace(b"Content-Length: 0", b"Content-Length: -1"),
        ASKED.replace(b"Content-Length: 0", b"Content-Length: 99999999999"),
        ASKED.replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n"),
        ASKED.replace(b":5060;", b":77777;"),
        ASKED.replace(b"Call-ID: one", b"Call-ID one"),
        ASKED.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 300 + b"\r\n"),
        ASKED + b"x" * LIMIT,
    ],
)
def test_what_cannot_be_answered_is_no_message(data: bytes) -> None:
    with pytest.raises(NotSip):
        read(data)


def test_a_stream_without_an_end_is_given_up() -> None:
    framing = Framing()
    assert not [one for _ in range(60) for one in framing.feed(b"x" * 1000)]
    with pytest.raises(NotSip):
        list(framing.feed(b"x" * 10_000))
    with pytest.raises(NotSip):
        list(Framing().feed(ASKED.replace(b"Length: 0", b"Length: 999999")))


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0"])
def test_a_line_break_never_leaves_in_a_field(break_: str) -> None:
    request = Request(method="REFER", uri="sip:x@y", fields=(("refer-to", f"<a>{break_}X: y"),))
    with pytest.raises(ValueError, match="line break"):
        bytes(request)
    with pytest.raises(ValueError, match="line break"):
        bytes(Request(method="REFER", uri=f"sip:x{break_}@y"))


@given(st.text(max_size=60))
def test_values_of_any_kind_are_split_without_a_crash(text: str) -> None:
    _ = split(text), parameters(text)
    for reading in (via, address.uri, address.named):
        with suppress(NotSip):
            _ = reading(text)


def test_addresses_are_taken_apart() -> None:
    found = address.uri("sips:1.2;x@[2001:db8::7]:5061;transport=tcp;lr")
    assert (found.user, found.host, found.port) == ("1.2;x", "2001:db8::7", 5061)
    assert found.transport == "TLS"
    assert address.uri("sip:example.com;transport=tcp").transport == "TCP"
    assert address.named("sip:a@b;tag=x").uri == "sip:a@b"
    for text in ("", "sip:", "tel:1", "sip:a@b c", "sip:a@b:99999", "sip:a<b>@c"):
        with pytest.raises(NotSip):
            address.uri(text)


# --- logins

LOGIN = digest.Login(username="Mufasa", password=Secret("Circle of Life"))
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"


def challenged(*values: str, status: int = 401) -> Response:
    name = "www-authenticate" if status == 401 else "proxy-authenticate"
    return Response(status=status, fields=tuple((name, value) for value in values))


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_come_out_right(
    algorithm: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr(secrets, "token_hex", lambda _: mark)
    response = challenged(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
        f' nonce="{NONCE}", opaque="x"'
    )
    asked = digest.challenge(response)
    assert asked
    name, value = digest.answer(response, asked, LOGIN, "GET", "/dir/index.html")
    assert name == "authorization"
    assert f'response="{expected}"' in value
    assert "Circle" not in value


def test_the_best_challenge_that_can_be_answered_is_answered() -> None:
    md5, sha = (f'Digest realm="r", nonce="n", algorithm={name}' for name in ("MD5", "SHA-256"))
    best = digest.challenge(challenged(md5, 'Digest realm="r", nonce="n", algorithm=X', sha))
    assert best
    assert best.algorithm == "SHA-256"
    for bad in ("Basic realm=r", "Digest", 'Digest realm="r"', 'Digest nonce="n", qop="auth-int"'):
        assert digest.challenge(challenged(bad)) is None
    assert digest.challenge(challenged('Digest nonce="n"', status=407))


@given(st.text(max_size=80))
def test_no_challenge_makes_it_crash(text: str) -> None:
    response = challenged(f"Digest {text}", f'Digest nonce="n", {text}')
    asked = digest.challenge(response)
    if asked:
        digest.answer(response, asked, LOGIN, "INVITE", "sip:x@y")
