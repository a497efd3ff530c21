"""Message files and records of JSON."""

import json
from email.message import EmailMessage

import pytest

from rooms import join
from rooms.join import files

ZOOM = "https://zoom.us/j/90000000001?pwd=abc"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Harbour\\, weekly\r\n"
    'ORGANIZER;CN="Vale, Nora":mailto:nora@example.com\r\n'
    "DESCRIPTION;LANGUAGE=en:Join Zoom Meeting\\nhttps://zoom.us/j/9000000\r\n 0001?pwd=abc\\n\r\n"
    "LOCATION:Room 5\r\nBEGIN:VALARM\r\nDESCRIPTION:https://zoom.us/j/1\r\nEND:VALARM\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def url(name: str, data: bytes | str) -> str | None:
    content = data.encode() if isinstance(data, str) else data
    details = join.read(files.invitation(name, content)).details
    return details.join_url if details else None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", f"Join {ZOOM}"),
        ("a.md", f"[Join]({ZOOM})"),
        ("a.html", f'<a href="{ZOOM}">Join</a>'),
        ("a.ics", CALENDAR),
        ("A.ICS", "\ufeff" + CALENDAR.replace("\r\n", "\n")),
        ("a.txt", CALENDAR),
        ("a.json", json.dumps({"text": ZOOM})),
        ("a.json", json.dumps({"body": {"contentType": "html", "content": f"<p>{ZOOM}</p>"}})),
        ("a.json", json.dumps({"onlineMeeting": {"joinUrl": ZOOM}})),
        ("a.json", json.dumps({"joinWebUrl": ZOOM})),
        ("a.json", json.dumps({"location": {"displayName": ZOOM}})),
        ("a.json", json.dumps({"locations": [{"locationUri": ZOOM}]})),
        ("a.json", json.dumps({"hangoutLink": ZOOM})),
        ("a.json", json.dumps({"conferenceData": {"entryPoints": [{"uri": ZOOM}]}})),
        ("a.json", json.dumps({"conferenceData": {"notes": f"Join <a href='{ZOOM}'>here</a>"}})),
        ("a.json", f"not json {ZOOM}"),
        ("a.json", json.dumps([ZOOM])),
        ("no-ending", ZOOM),
        ("a.txt", f"Join {ZOOM}".encode("utf-16")),
        ("a.txt", f"Grüße {ZOOM}".encode("cp1252")),
    ],
)
def test_a_file_is_read_by_its_ending(name: str, data: bytes | str) -> None:
    assert url(name, data) == ZOOM


def test_the_calendar_part_of_a_message_says_most() -> None:
    message = EmailMessage()
    message["Subject"] = "Fw: Harbour"
    message["From"] = "Nora <nora@example.com>"
    message.set_content("See https://zoom.us/j/2")
    message.add_alternative("<a href='https://zoom.us/j/3'>Join</a>", subtype="html")
    message.add_alternative(CALENDAR, subtype="calendar")
    invitation = files.invitation("a.eml", message.as_bytes())
    assert invitation.subject == "Harbour, weekly"
    assert invitation.locations == ("Room 5",)
    assert invitation.organizer_domain == "example.com"
    assert url("a.eml", message.as_bytes()) == ZOOM


def test_a_message_without_a_calendar_is_read_by_its_html() -> None:
    message = EmailMessage()
    message.set_content("See below")
    message.add_alternative(f"<a href='{ZOOM}'>Join</a>", subtype="html")
    assert url("a.eml", message.as_bytes()) == ZOOM


def test_the_event_that_leads_somewhere_is_taken() -> None:
    two = CALENDAR.replace(
        "BEGIN:VEVENT", "BEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VEVENT"
    )
    assert url("a.ics", two) == ZOOM


def test_a_calendar_whose_lines_were_never_folded_is_read() -> None:
    broken = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION:\nHello\nJoin {ZOOM}\nEND:VEVENT\n"
    assert url("a.ics", broken + "END:VCALENDAR") == ZOOM


@pytest.mark.parametrize(
    "line",
    [
        f"X-MICROSOFT-SKYPETEAMSMEETINGURL:{ZOOM}",
        f"X-GOOGLE-CONFERENCE:{ZOOM}",
        f'CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL="a: b":{ZOOM}',
        f"URL:{ZOOM}",
        f'X-ALT-DESC;FMTTYPE=text/html:<a href="{ZOOM}">x</a>',
    ],
)
def test_properties_with_a_link_are_known(line: str) -> None:
    assert url("a.ics", f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{line}\nEND:VEVENT\nEND:VCALENDAR") == ZOOM


def test_a_chat_or_a_dial_in_of_conference_data_does_not_join() -> None:
    chat = "CONFERENCE;VALUE=URI;FEATURE=CHAT:https://zoom.us/j/5"
    assert url("a.ics", f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{chat}\nEND:VEVENT\nEND:VCALENDAR") is None


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\x00" * 100, b"{", b"BEGIN:VCALENDAR"])
@pytest.mark.parametrize("name", ["a.eml", "a.ics", "a.json", "a.html", "a"])
def test_a_broken_file_holds_no_meeting(name: str, data: bytes) -> None:
    assert url(name, data) is None


@pytest.mark.parametrize(
    ("name", "part"),
    [("a.json", "["), ("a.eml", "Content-Type: message/rfc822\n\n"), ("a.ics", "BEGIN:VEVENT\n")],
)
def test_parts_within_parts_without_end_do_no_harm(name: str, part: str) -> None:
    assert url(name, part * 20_000) is None


def test_a_line_of_jsonl_has_text_or_html_subject_and_location() -> None:
    record = {"id": "7", "html": f"<a href='{ZOOM}'>x</a>", "subject": "s", "location": ["a", "b"]}
    assert files.record(record) == join.Invitation(
        subject="s", locations=("a", "b"), body=f"<a href='{ZOOM}'>x</a>", html=True
    )
