"""`roombridge agenda` and `roombridge explain`: what the running appliance knows of a room."""

from argparse import Namespace
from typing import Any

from bridge.cli.control import ask, told
from bridge.cli.tables import moment, pretty, table


@told
def agenda(given: Namespace) -> int:
    """Print what a room shows; 1 where that is stale."""
    query = {"from": given.start, "to": given.end}
    answer = ask(given, "GET", f"/rooms/{given.room}/agenda", query=query)
    if given.json:
        print(pretty(answer))
    else:
        _print_agenda(answer)
    return int(answer["stale"])


def _print_agenda(answer: dict[str, Any]) -> None:
    room = answer["room"]
    print(f"{room['name']} ({room['mailbox']}), {room['time_zone']}")
    print(_age(answer))
    rows = [
        (
            "all day" if one["all_day"] else f"{one['start'][11:16]}-{one['end'][11:16]}",
            one["start"][:10],
            one["title"],
            one["organizer"],
            (one["join"] or {}).get("dial") or one["no_join_reason"] or "-",
        )
        for one in answer["bookings"]
    ]
    print(table(("TIME", "DAY", "TITLE", "ORGANIZER", "JOIN"), rows) if rows else "no bookings")


def _age(answer: dict[str, Any]) -> str:
    if answer["as_of"] is None:
        return "the calendar was never read"
    words = f"read {answer['age_s']} s ago"
    return f"STALE: {words}" if answer["stale"] else words


@told
def explain(given: Namespace) -> int:
    """Print how a room's bookings became what they are; 1 where one has no button."""
    query = {"booking": given.booking}
    answer = ask(given, "GET", f"/rooms/{given.room}/explain", query=query)
    if given.json:
        print(pretty(answer))
    else:
        _print_explanation(answer)
    return int(any(one["reason"] for one in answer["bookings"] if one["shown"]))


def _print_explanation(answer: dict[str, Any]) -> None:
    room = answer["room"]
    print(f"{room['name']} ({room['mailbox']}): {_age(answer)}")
    for trouble in answer["health"]:
        print(f"  {trouble['code']}: {trouble['words']}")
        if trouble.get("fix"):
            print(f"    to mend it: {trouble['fix']}")
    for one in answer["bookings"]:
        _print_booking(one)


def _print_booking(one: dict[str, Any]) -> None:
    print(f"\n{moment(one['start'])}  {one['title']}  [{one['id']}]")
    if not one["shown"]:
        print(f"  not shown: {one['reason']}: {one['words']}")
        return
    join = one["join"]
    if join:
        print(f"  {join['provider']} meeting {join['meeting_id'] or '(no id)'}")
        print(f"  found in {one['source']} by {one['rule']} (confidence {one['confidence']})")
    if one["can_join"]:
        print(f"  dials {join['dial']}")
    else:
        print(f"  no button: {one['reason']}: {one['words']}")
        print(f"    to mend it: {one['fix']}")
    for candidate in one["candidates"]:
        what = f"{candidate['provider']} {candidate['meeting_id'] or candidate['url'] or ''}"
        print(f"  not taken: {what} in {candidate['source']}: {candidate['why']}")
    for note in one["notes"]:
        print(f"  note: {note}")
    for endpoint in one["endpoints"]:
        state = "has it" if endpoint["has_it"] else f"{endpoint['reason']}: {endpoint['words']}"
        print(f"  {endpoint['endpoint']} ({endpoint['kind']}): {state}")
