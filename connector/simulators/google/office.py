"""A usual week in an office: meetings for trying things."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from connector.simulators.google.calendar import Calendar
from connector.simulators.google.refusal import Json

_DAY = (
    ("Design review", time(10), 60),
    ("Interview", time(13, 30), 45),
    ("Customer call", time(15), 30),
    ("Retrospective", time(16), 60),
)


def populate(calendars: Iterable[Calendar], today: date) -> None:
    """Meetings from last week to the end of next week."""
    for place, calendar in enumerate(calendars):
        monday = today - timedelta(days=today.weekday() + 7)
        _add(calendar, "Stand-up", monday, time(9), 15, repeat="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
        for day in range(21):
            when = monday + timedelta(days=day)
            if when.weekday() < 5:
                subject, start, minutes = _DAY[(day + place) % len(_DAY)]
                _add(calendar, subject, when, start, minutes, **_conference(day + place))
        _add(calendar, "Salary talk", today, time(17), 30, visibility="private")


def _add(
    calendar: Calendar, subject: str, day: date, start: time, minutes: int, **more: Any
) -> None:
    begins = datetime.combine(day, start, calendar.zone)
    calendar.add(subject, begins, begins + timedelta(minutes=minutes), **more)


def _conference(number: int) -> Json:
    """Google's own online meeting, an add-on's with a way in by SIP, or none."""
    match number % 3:
        case 0:
            link = "https://meet.google.com/abc-defg-hij"
            points = [{"entryPointType": "video", "uri": link, "label": link[8:]}]
            solution = {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"}
            return {
                "hangoutLink": link,
                "conferenceData": {"entryPoints": points, "conferenceSolution": solution},
            }
        case 1:
            meeting = f"9{number:010d}"
            video = {
                "entryPointType": "video",
                "uri": f"https://zoom.us/j/{meeting}",
                "meetingCode": meeting,
                "passcode": "424242",
            }
            sip = {
                "entryPointType": "sip",
                "uri": f"sip:{meeting}@zoomcrc.com",
                "meetingCode": meeting,
                "passcode": "424242",
            }
            solution = {"key": {"type": "addOn"}, "name": "Zoom Meeting"}
            return {"conferenceData": {"entryPoints": [video, sip], "conferenceSolution": solution}}
        case _:
            return {}
