"""Bodies as text."""

import pytest

from connector.simulators.graph import invitations, text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<p>See <a href="https://example.com/a?b=1&amp;c=2">this</a>.</p>',
         "See this<https://example.com/a?b=1&c=2>."),
        ('<a href="https://example.com">https://example.com</a>',
         "https://example.com<https://example.com>"),
        ('<a href="#top">Up</a> <a>no address</a>', "Up no address"),
        ('<a href="mailto:a@example.com">A</a>', "A<mailto:a@example.com>"),
        ("one<br>two<br/>three", "one\r\ntwo\r\nthree"),
        ("<p>one</p>\n<p>two</p>", "one\r\n\r\ntwo"),
        ("<div>one</div><div>two</div>", "one\r\ntwo"),
        ("<div><div><div>deep</div></div></div>", "deep"),
        ("a <b>bold</b>\n   word &amp;&nbsp;more", "a bold word & more"),
        ("one<hr>two", "one\r\n________________________________\r\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>end", "  *   one\r\n  *   two\r\n\r\nend"),
        ("<table><tr><td>ID</td><td>123</td></tr><tr><td>x</td></tr></table>", "ID 123\r\nx"),
        ("<head><title>T</title><style>p {}</style></head><script>x()</script>word", "word"),
        ('<img src="cid:1" alt="Logo"><img src="https://example.com/l.png"><img>',
         "[Logo][https://example.com/l.png]"),
        ("", ""),
    ],
)  # fmt: skip
def test_tags_become_what_outlook_writes(html: str, expected: str) -> None:
    assert text.as_text(html) == expected


def test_a_preview_has_255_characters_and_no_addresses() -> None:
    body = '<p><a href="https://example.com/secret">Join</a></p>' + "<p>word</p>" * 100
    assert text.preview(body).startswith("Join\r\n\r\nword")
    assert len(text.preview(body)) == 255


def test_a_text_body_survives_being_kept_as_html() -> None:
    assert text.as_text(text.from_text("1 < 2\r\n<b> & so on")) == "1 < 2\r\n<b> & so on"


def test_a_fragment_is_kept_as_a_page_and_a_page_as_it_is() -> None:
    page = text.as_page("<p>x</p>")
    assert page.startswith("<html>")
    assert text.as_page(page) == page


@pytest.mark.parametrize(
    ("html", "needed"),
    [
        (invitations.zoom("a"), ["https://example.zoom.us/j/8", "@zoomcrc.com", "Passcode: "]),
        (invitations.teams("a", room_systems=False), ["Join: https://teams", "Meeting ID: "]),
        (invitations.teams("a", room_systems=True), ["Tenant key: example@m", "Video ID: "]),
        (invitations.webex("a"), ["MTID=m", "@example.webex.com", "(access code): 25"]),
        (invitations.meet("a"), ["https://meet.google.com/", "PIN: "]),
    ],
)
def test_nothing_that_is_needed_to_join_gets_lost(html: str, needed: list[str]) -> None:
    written = text.as_text(html)
    for words in needed:
        assert words in written
    assert "&" not in written or "&amp;" not in written


def test_an_invitation_is_the_same_every_time_and_another_for_every_meeting() -> None:
    assert invitations.zoom("a") == invitations.zoom("a") != invitations.zoom("b")
