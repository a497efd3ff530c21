"""Reads and writes a simulated workspace with Google's own client, and prints what it got.

Runs in `.venv-peers`; its one argument is JSON: the addresses, the key and what to do.
"""

import json
import sys
from typing import Any

from google.oauth2 import service_account
from googleapiclient.discovery import build  # type: ignore[import-not-found] # only there
from googleapiclient.errors import HttpError  # type: ignore[import-not-found] # only there

SCOPES = [
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar",
    "https://www.googleapis.com/auth/admin.directory.resource.calendar.readonly",
]


def service(told: dict[str, Any], name: str, version: str, address: str) -> Any:
    """Google's client, pointed elsewhere."""
    info = json.loads(told["service_account"])
    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call] # it has no types
        info, scopes=SCOPES
    )
    return build(
        name,
        version,
        credentials=credentials,
        static_discovery=True,
        client_options={"api_endpoint": address},
    )


def everything(events: Any, **query: Any) -> tuple[list[Any], str]:
    """All pages of a list, and its sync token."""
    items: list[Any] = []
    asked = events.list(**query)
    told: dict[str, Any] = {}
    while asked is not None:
        told = asked.execute()
        items += told.get("items", [])
        asked = events.list_next(asked, told)
    return items, told.get("nextSyncToken", "")


def main() -> None:
    """One of everything that a bridge does."""
    told = json.loads(sys.argv[1])
    calendar = service(told, "calendar", "v3", told["calendar_url"] + "/")
    root = told["directory_url"].removesuffix("admin/directory/v1")
    directory = service(told, "admin", "directory_v1", root)
    room = told["mailboxes"].split()[0]
    events = calendar.events()
    found: dict[str, Any] = {}
    window = {"timeMin": told["start"], "timeMax": told["end"]}
    found["view"], _ = everything(
        events, calendarId=room, singleEvents=True, maxResults=7, **window
    )
    _, token = everything(events, calendarId=room)
    times = {"start": {"dateTime": told["start"]}, "end": {"dateTime": told["end"]}}
    body = {"id": "peer0", "summary": "By Google's client", **times}
    found["made"] = events.insert(calendarId=room, body=body).execute()
    found["patched"] = events.patch(
        calendarId=room, eventId="peer0", body={"summary": "Patched"}
    ).execute()
    found["changes"], token = everything(events, calendarId=room, syncToken=token)
    events.delete(calendarId=room, eventId="peer0").execute()
    found["gone"], _ = everything(events, calendarId=room, syncToken=token)
    channel = {"id": "peer", "type": "web_hook", "address": "https://127.0.0.1:9/"}
    opened = events.watch(calendarId=room, body=channel).execute()
    ended = {"id": "peer", "resourceId": opened["resourceId"]}
    found["stopped"] = calendar.channels().stop(body=ended).execute()
    asked = {**window, "items": [{"id": room}]}
    found["busy"] = calendar.freebusy().query(body=asked).execute()["calendars"][room]["busy"]
    resources = directory.resources().calendars().list(customer="my_customer").execute()
    found["resources"] = [one["resourceEmail"] for one in resources["items"]]
    try:
        events.list(calendarId="nobody@example.com").execute()
    except HttpError as error:
        found["refused"] = [error.resp.status, error.error_details[0]["reason"]]
    sys.stdout.write(json.dumps(found))


main()
