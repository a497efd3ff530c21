"""Items that are odd, each in a way that the reference allows or that has been met."""

from connector.simulators.google.refusal import Json

_START = {"dateTime": "2026-11-23T13:00:00Z"}
_END = {"dateTime": "2026-11-23T14:00:00Z"}


def odd_items(room: str) -> list[Json]:
    """One of each."""
    me = {"email": room, "self": True, "resource": True, "responseStatus": "accepted"}
    return [
        # A cancelled exception has no times, and perhaps no word of when it was.
        {
            "id": "oddcancelled_20261123T130000Z",
            "status": "cancelled",
            "recurringEventId": "oddcancelled",
            "originalStartTime": _START,
        },
        {"id": "odddeleted", "status": "cancelled"},
        _odd("oddopen", endTimeUnspecified=True),
        _odd("oddplace", eventType="workingLocation"),
        _odd("oddfocus", eventType="focusTime"),
        _odd("oddbirthday", eventType="birthday"),
        _odd("oddmail", eventType="fromGmail", summary="From mail"),
        _odd("oddguests", attendees=[me], attendeesOmitted=True, summary="Many guests"),
        _odd("oddunknown", visibility="unheard-of", transparency="unheard-of"),
        _odd("oddtypes", summary=7, attendees="everybody"),
        _odd("oddtimes", start={"dateTime": "yesterday"}, end={}),
        _odd("oddreverse", start=_END, end=_START, summary="Reversed"),
    ]


def _odd(event_id: str, **more: object) -> Json:
    usual: Json = {
        "kind": "calendar#event",
        "id": event_id,
        "status": "confirmed",
        "iCalUID": f"{event_id}@google.com",
        "start": _START,
        "end": _END,
    }
    return usual | more
