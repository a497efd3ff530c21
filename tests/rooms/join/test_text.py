"""Text and HTML as they were meant."""

import pytest

from rooms.join import markup, quotes, text, urls


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        (
            "DESCRIPTION:https://zoom.us/j/12\r\n 34\\nnext",
            "DESCRIPTION:https://zoom.us/j/1234\nnext",
        ),
        ("a=3Db=0Ac", "a=b\nc"),
        ("soft=\nbreak =3D", "softbreak ="),
        ("https://x.example/?a=3Db&c=d", "https://x.example/?a=3Db&c=d"),
        ("https:\\/\\/zoom.us\\/j\\/1", "https://zoom.us/j/1"),
        ("data:text/html,%3Cb%3Ehello+you%3C/b%3E", "data:text/html,<b>hello you</b>"),
    ],
)
def test_what_the_way_did_is_undone(written: str, read: str) -> None:
    assert text.undone(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a&amp;b &lt;c&gt; &#x41;&#66;", "a&b <c> AB"),
        ("&amp;#65279;x", "x"),
        ("?a=1&reg=2&copy=3", "?a=1&reg=2&copy=3"),
        ("&#0;&#xD800;&#99999999;&nosuch;", "&#99999999;&nosuch;"),
        ("zero\u200bwidth \u202eright\u202c \ud800", "zerowidth right "),
        ("ＩＤ：１２３", "ID:123"),
    ],
)
def test_what_nobody_sees_is_left_out(written: str, read: str) -> None:
    assert text.readable(written) == read


def part(html: str, name: str = markup.NEWEST) -> str:
    return " ".join(markup.parts_of(html).get(name, "").split())


@pytest.mark.parametrize(
    ("html", "read"),
    [
        ('<a href="https://x.example/a">Join</a> now', "Join <https://x.example/a> now"),
        ("<a href=https://x.example/a>Join", "Join <https://x.example/a>"),
        ("<A HREF='https://x.example/a'>Join</A>", "Join <https://x.example/a>"),
        ('<a title="a>b" href="https://x.example/a">Join</a>', "Join <https://x.example/a>"),
        ("<p>Meeting\n ID:<br>123</p>", "Meeting ID: 123"),
        ("<table><td>ID</td><td>123</td></table>", "ID 123"),
        (
            "write <https://x.example/a> or <jane@x.example>",
            "write <https://x.example/a> or <jane@x.example>",
        ),
        ("1 < 2 <b>bold", "1 < 2 bold"),
        ("<style>a{}</style><script>b</script><title>c</title>d", "d"),
        ("<style>never closed", "never closed"),
        ("never <closed", "never <closed"),
        ('<img src="https://x.example/logo.png"><a href="#top">top</a>', "top"),
    ],
)
@pytest.mark.fault("event_text")
def test_html_is_read_as_its_words_and_link_targets(html: str, read: str) -> None:
    assert part(html) == read


@pytest.mark.parametrize(
    "html",
    [
        '<div style="display: none">secret<div>inner</div></div>',
        "<span hidden>secret inner</span>",
        '<p style="mso-hide:all">secret inner</p>',
        "<!-- secret inner https://x.example -->",
    ],
)
def test_hidden_parts_are_read_apart(html: str) -> None:
    assert part("before " + html + " after") == "before after"
    assert "inner" in part(html, markup.HIDDEN)


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote>old<blockquote>older</blockquote></blockquote>",
        '<div class="gmail_quote"><div>old</div></div>',
        '<div id="appendonsend"></div>old',
        '<hr><div id="x_divRplyFwdMsg">From: a</div>old',
    ],
)
def test_quoted_parts_are_read_apart(html: str) -> None:
    assert "old" not in part("new " + html)
    assert "old" in part(html, markup.QUOTED)


@pytest.mark.parametrize(
    "thread",
    [
        "new\n> old",
        "new\n\n-----Original Message-----\nold",
        "new\n-----Ursprünglicher Termin-----\nold",
        "new\n\nFrom: a <a@x.example>\nSent: Monday\nold",
        "new\n________________________________\nVon: a\nGesendet: Montag\nold",
        "new\n*De :* a\n*Envoyé :* lundi\nold",
        "new\n差出人: a\n送信日時: 2026\nold",
        "new\nOn Monday Nora wrote:\nold",
        "new\nAm Montag schrieb Nora:\nold",
        "new\nBegin forwarded message:\nold",
        "> old\n\nnew",
        "On Monday Nora wrote:\n> old\n\nnew",
    ],
)
def test_older_messages_are_told_from_the_newest(thread: str) -> None:
    newest, quoted = quotes.split(thread)
    assert "new" in newest
    assert "old" in quoted
    assert "old" not in newest


@pytest.mark.parametrize(
    "message",
    ["From: 10:00\nTill: 11:00\nnew", "________\nMicrosoft Teams\n________", "Agenda:\n1. new"],
)
def test_what_is_no_thread_stays_whole(message: str) -> None:
    assert quotes.split(message)[1] == ""


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("(https://x.example/a)", "https://x.example/a"),
        ("[b](https://x.example/a)", "https://x.example/a"),
        ("[https://x.example/a][3]", "https://x.example/a"),
        ("https://x.example/a(b)c.", "https://x.example/a(b)c"),
        ("'https://x.example/a'", "https://x.example/a"),
        ("*https://x.example/a*", "https://x.example/a"),
        ("_https://x.example/a_", "https://x.example/a"),
        ("https://x.example/a。次", "https://x.example/a"),
        ("https://x.example/a에서", "https://x.example/a"),
        ("Joinhttps://x.example/a", "https://x.example/a"),
        ("https://x.example/aMeeting ID: 1", "https://x.example/a"),
        ("https://x.example/ahttps://y.example/b", "https://x.example/a"),
        ("<https://x.example/a\n  b/\nc>", "https://x.example/ab/c"),
        (f"https://x.example/{'a' * 60}\nb/c=d next", f"https://x.example/{'a' * 60}b/c=d"),
        (f"https://x.example/{'a' * 60}\nMeeting ID", f"https://x.example/{'a' * 60}"),
        (f"https://x.example/{'a' * 60}\n+49 89", f"https://x.example/{'a' * 60}"),
        (f"https://x.example/{'a' * 60}\nroom12345@x.example", f"https://x.example/{'a' * 60}"),
        (
            'https://t.example/0?context={"Tid":"a","Oid":"b"} x',
            'https://t.example/0?context={"Tid":"a","Oid":"b"}',
        ),
    ],
)
def test_a_link_is_cut_out_whole_and_without_what_stands_around_it(written: str, link: str) -> None:
    assert next(iter(urls.find(written)))[2] == link
