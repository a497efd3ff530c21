"""Reads a façade with exchangelib as its users do, and prints what it got, a line of JSON each.

Its one argument is JSON: where the façade is, who signs in and how, and whose calendar it is.
"""

import json
import sys
import warnings
from datetime import datetime, timedelta
from typing import Any

import exchangelib
from exchangelib.autodiscover import AutodiscoverProtocol
from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter

HOUR = timedelta(hours=1)


def say(**words: Any) -> None:
    """One line."""
    print(json.dumps(words), flush=True)  # noqa: T201 - what it is for


def account(told: dict[str, Any]) -> exchangelib.Account:
    """The room's account, as the unit's own user."""
    credentials = exchangelib.Credentials(told["username"], told["password"])
    configuration = exchangelib.Configuration(
        service_endpoint=told["url"], credentials=credentials, auth_type=told["auth"]
    )
    return exchangelib.Account(
        told["mailbox"],
        config=configuration,
        autodiscover=False,
        access_type=exchangelib.DELEGATE,
        default_timezone=exchangelib.EWSTimeZone("UTC"),
    )


def items(room: exchangelib.Account) -> None:
    """What is listed, and one of it whole."""
    now = datetime.now(exchangelib.EWSTimeZone("UTC"))
    view = list(room.calendar.view(start=now - 2 * HOUR, end=now + 24 * HOUR))
    window = room.calendar.filter(start__lt=now + 24 * HOUR, end__gt=now)
    say(
        view=[one.subject for one in view],
        filtered=sorted(one.subject for one in window),
        text=[one.text_body or str(one.body) for one in view],
        location=[one.location for one in view],
        organizer=[one.organizer and one.organizer.email_address for one in view],
        version=str(room.version.build),
    )


def changes(room: exchangelib.Account) -> None:
    """What is synchronised, pulled and streamed."""
    first = [kind for kind, _ in room.calendar.sync_items()]
    again = [kind for kind, _ in room.calendar.sync_items()]
    folders = [kind for kind, _ in room.root.sync_hierarchy()]
    say(first=first, again=again, folders=folders)
    with room.calendar.pull_subscription() as (id_, mark):
        say(pulling=True)
        sys.stdin.readline()
        told = [
            type(event).__name__
            for note in room.calendar.get_events(id_, mark)
            for event in note.events
        ]
        say(pulled=told)
    with room.calendar.streaming_subscription() as id_:
        say(streaming=True)
        events = room.calendar.get_streaming_events(
            id_, connection_timeout=1, max_notifications_returned=1
        )
        say(streamed=[type(event).__name__ for note in events for event in note.events])


def others(room: exchangelib.Account, told: dict[str, Any]) -> None:
    """Names, rooms, free and busy."""
    (name,) = room.protocol.resolve_names([told["mailbox"]])
    lists = [one.email_address for one in room.protocol.get_roomlists()]
    rooms = [one.email_address for each in lists for one in room.protocol.get_rooms(each)]
    now = datetime.now(exchangelib.EWSTimeZone("UTC")).replace(microsecond=0)
    (busy,) = room.protocol.get_free_busy_info(
        accounts=[(room, "Required", False)], start=now, end=now + 24 * HOUR
    )
    zones = [one.id for one in room.protocol.get_timezones(return_full_timezone_data=True)]
    say(
        resolved=name.email_address,
        rooms=rooms,
        busy=[one.busy_type for one in busy.calendar_events or []],
        merged=set(busy.merged or "") <= set("024"),
        zones=zones,
    )


def discovered(told: dict[str, Any]) -> None:
    """Where EWS is, by Autodiscover in SOAP."""
    protocol = AutodiscoverProtocol(
        config=exchangelib.Configuration(
            service_endpoint=told["url"].lower().partition("/ews/")[0]
            + "/autodiscover/autodiscover.svc",
            credentials=exchangelib.Credentials(told["username"], told["password"]),
            auth_type=told["auth"],
            version=exchangelib.Version(exchangelib.Build(15, 1)),
        )
    )
    found = protocol.get_user_settings(user=told["mailbox"])
    say(url=found.ews_url, address=found.autodiscover_smtp_address)


def main() -> None:
    """All of it."""
    told = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter
    room = account(told)
    items(room)
    others(room, told)
    discovered(told)
    if told.get("listen"):
        changes(room)


if __name__ == "__main__":
    main()
