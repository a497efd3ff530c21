"""Invitations from files of messages and calendars: `.eml .ics .json .html .txt .md`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rooms.join import icalendar
from rooms.join.invitation import EntryPoint, Invitation

MOST = 8 * 1024 * 1024
"""Bytes of a file that are read."""


def invitation(name: str, data: bytes) -> Invitation:
    """The invitation in a file; what its name ends in says how it is written."""
    data = data[:MOST]
    kind = name.lower().rpartition(".")[2]
    if kind == "eml":
        return _of_mail(data)
    text = _text(data)
    if kind == "ics":
        return icalendar.invitation(text)
    if kind == "json":
        try:
            loaded = json.loads(text)
        except (ValueError, RecursionError):
            return Invitation(body=text)
        return record(loaded) if isinstance(loaded, dict) else Invitation(body=text)
    return _pasted(text) or Invitation(body=text, html=kind in {"html", "htm"})


def _pasted(text: str) -> Invitation | None:
    """The invitation in a whole calendar or message that somebody calls text."""
    if text.lstrip()[:16].upper().startswith("BEGIN:VCALENDAR"):
        return icalendar.invitation(text.lstrip())
    head = text[:8192].lower()
    if "\nmime-version:" in head and "\ncontent-type: multipart/" in head:
        return _of_mail(text.encode(errors="replace"))
    return None


def record(data: Mapping[str, Any]) -> Invitation:
    """The invitation in an object of JSON: an event of Graph or Google, or a line of `--jsonl`."""
    if "text" in data or ("html" in data and "body" not in data):
        html, text = _string(data.get("html")), _string(data.get("text"))
        pasted = (None if html else _pasted(text)) or Invitation(body=html or text, html=bool(html))
        return msgspec.structs.replace(
            pasted,
            subject=_string(data.get("subject")) or pasted.subject,
            locations=(*_strings(data.get("location")), *pasted.locations),
        )
    body, html_body = _body(data)
    return Invitation(
        subject=_string(data.get("subject")) or _string(data.get("summary")),
        locations=tuple(dict.fromkeys(_locations(data))),
        online_url=_online_url(data),
        conference=tuple(_entry_points(data)),
        body=body,
        html=html_body,
        organizer_domain=_string(_at(data, "organizer", "email")).rpartition("@")[2],
    )


def _body(data: Mapping[str, Any]) -> tuple[str, bool]:
    """Graph keeps the body in an object with its type, Google in a description that may be HTML."""
    body = data.get("body")
    if isinstance(body, dict):
        kind = _string(body.get("contentType")) or _string(body.get("BodyType"))
        content = body.get("content", body.get("Value"))
        if _string(content).strip():
            return _string(content), kind.lower() == "html"
        return _string(data.get("bodyPreview")), False
    information = _string(_at(data, "joinInformation", "content"))
    return _string(body) or _string(data.get("description")) or information, False


def _online_url(data: Mapping[str, Any]) -> str:
    places = (
        ("onlineMeeting", "joinUrl"),
        ("onlineMeeting", "joinWebUrl"),
        ("joinWebUrl",),
        ("joinUrl",),
        ("onlineMeetingUrl",),
        ("hangoutLink",),
    )
    return next((url for place in places if (url := _string(_at(data, *place)))), "")


def _locations(data: Mapping[str, Any]) -> Iterator[str]:
    for place in (data.get("location"), *_list(data.get("locations"))):
        if isinstance(place, dict):
            yield from _strings([place.get("displayName"), place.get("locationUri")])
        else:
            yield from _strings(place)


def _entry_points(data: Mapping[str, Any]) -> Iterator[EntryPoint]:
    conference = data.get("conferenceData")
    points = _list(_at(data, "conferenceData", "entryPoints")) or _list(data.get("entry_points"))
    for point in points:
        if isinstance(point, dict):
            codes = ("meetingCode", "meeting_code", "accessCode")
            secrets = ("passcode", "password")
            yield EntryPoint(
                kind=_string(point.get("entryPointType")) or _string(point.get("type")),
                uri=_string(point.get("uri")),
                label=_string(point.get("label")),
                meeting_id=next((c for name in codes if (c := _string(point.get(name)))), ""),
                passcode=next((c for name in secrets if (c := _string(point.get(name)))), ""),
            )
    notes = _string(conference.get("notes")) if isinstance(conference, dict) else ""
    if notes:
        yield EntryPoint(kind="notes", uri=notes)
    vtc = _string(data.get("videoTeleconferenceId"))
    if vtc.isdigit():
        yield EntryPoint(kind="vtc", uri=f"VTC Conference ID: {vtc}")


def _of_mail(data: bytes) -> Invitation:
    """A message: its calendar part says most, then its HTML, then its text."""
    import email  # noqa: PLC0415 only where a message is read

    parts: dict[str, str] = {}
    try:
        message = email.message_from_bytes(data)
        for part in message.walk():
            kind = part.get_content_type()
            if kind in {"text/calendar", "text/html", "text/plain"} and kind not in parts:
                parts[kind] = _text(_payload(part), part.get_content_charset("utf-8"))
    except RecursionError:  # Thousands of parts within parts.
        return Invitation(body=_text(data))
    subject = _header(message.get("subject"))
    sender = str(message.get("from", "")).rpartition("@")[2].strip("> ")
    calendar = icalendar.invitation(parts.get("text/calendar", ""))
    html, text = parts.get("text/html", ""), parts.get("text/plain", "")
    body = calendar.body or html or text
    return Invitation(
        subject=calendar.subject or subject,
        locations=calendar.locations,
        online_url=calendar.online_url,
        conference=calendar.conference,
        body=body,
        html=calendar.html if calendar.body else bool(html),
        organizer_domain=calendar.organizer_domain or sender,
    )


def _header(value: Any) -> str:  # text, or a header that is no text
    import email.errors  # noqa: PLC0415 only where a message is read
    import email.header  # noqa: PLC0415

    raw = str(value or "")
    try:
        return str(email.header.make_header(email.header.decode_header(raw)))
    except (email.errors.MessageError, LookupError, ValueError):
        return raw


def _payload(part: Any) -> bytes:  # a part of a message
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(data: bytes, charset: str = "utf-8") -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        charset = "utf-16"
    try:
        return data.decode(charset).removeprefix("\ufeff")
    except (LookupError, ValueError):
        return data.decode("cp1252", errors="replace")


def _at(data: object, *place: str) -> object:
    for name in place:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and one:
            yield one
