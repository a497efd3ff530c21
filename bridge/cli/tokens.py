"""`roombridge tokens`: who may call."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask, told
from bridge.cli.tables import moment, pretty, table


@told
def create(given: Namespace) -> int:
    """Make a token and tell it, this once."""
    order: dict[str, object] = {"name": given.name}
    if given.scope:
        order["scopes"] = given.scope
    if given.display:
        order["room"] = given.display
    if given.list:
        order["lists"] = given.list
    if given.days is not None:
        order["days"] = given.days
    answer = ask(given, "POST", "/tokens", body=order)
    if given.json:
        print(pretty(answer))
        return 0
    print(answer["token"])
    if answer["room"]:
        link = f"/display/{answer['room']}#{answer['token']}"
        print(f"on the display, open the appliance's address followed by {link}", file=sys.stderr)
    print("it is not told again", file=sys.stderr)
    return 0


@told
def every(given: Namespace) -> int:
    """List all tokens."""
    answer = ask(given, "GET", "/tokens")
    if given.json:
        print(pretty(answer))
        return 0
    rows = [
        (
            one["id"],
            one["name"],
            _may(one),
            moment(one["created"]),
            f"revoked {moment(one['revoked'])}" if one["revoked"] else moment(one["expires"]),
        )
        for one in answer["tokens"]
    ]
    print(table(("ID", "NAME", "MAY", "CREATED", "ENDS"), rows))
    return 0


def _may(one: dict[str, Any]) -> str:
    if one["room"]:
        return f"display of {one['room']}"
    scopes = " ".join(one["scopes"])
    return f"{scopes} in {' '.join(one['lists'])}" if one["lists"] else scopes


@told
def revoke(given: Namespace) -> int:
    """End a token at once."""
    answer = ask(given, "DELETE", f"/tokens/{given.id}")
    print(pretty(answer) if given.json else f"{answer['name']} is revoked")
    return 0
