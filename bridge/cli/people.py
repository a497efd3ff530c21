"""`roombridge people`: who may sign in, as what, and where they are."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import Refused, ask, told
from bridge.cli.tables import moment, pretty, table

_HEADINGS = ("NAME", "ROLE", "ROOM LISTS", "SHOWN", "SEEN", "STANDS")


@told
def every(given: Namespace) -> int:
    """List all accounts."""
    answer = ask(given, "GET", "/people")
    if given.json:
        print(pretty(answer))
    else:
        print(table(_HEADINGS, map(_row, answer["people"])))
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    lists = " ".join(one["lists"]) or ("none" if one["role"] == "facilities" else "all rooms")
    return (
        one["name"],
        one["role"],
        lists,
        one["shown"] or "-",
        moment(one["seen"]),
        _standing(one),
    )


def _standing(one: dict[str, Any]) -> str:
    if one["disabled"]:
        return f"disabled {moment(one['disabled'])}"
    if one["invited_until"]:
        return f"invited until {moment(one['invited_until'])}"
    if one["single_sign_on"]:
        return "single sign-on"
    return "password" if one["has_password"] else "invitation is over"


@told
def invite(given: Namespace) -> int:
    """Invite somebody, or make another code for who has an account."""
    known = _find(given, given.name)
    if known is not None:
        answer = _again(given, known)
    elif given.role is None:
        print("somebody new needs a --role", file=sys.stderr)
        return 2
    else:
        order = {"name": given.name, "role": given.role, **_wanted(given)}
        answer = ask(given, "POST", "/people", body=order)
    if given.json:
        print(pretty(answer))
        return 0
    print(answer["code"])
    where = answer["url"]
    if where.startswith("/"):
        where = f"the appliance's address followed by {where}"
    print(f"to be typed at {where} until {moment(answer['ends'])}", file=sys.stderr)
    print("it is good once, and is not told again", file=sys.stderr)
    return 0


def _again(given: Namespace, known: dict[str, Any]) -> Any:  # what the API answers
    if given.role or given.list or given.shown is not None or given.email is not None:
        raise Refused(f"{known['name']} has an account: change it with `roombridge people set`")
    return ask(given, "POST", f"/people/{known['id']}/invitation")


@told
def set_(given: Namespace) -> int:
    """Change an account."""
    known = _known(given)
    order = _wanted(given)
    if given.role:
        order["role"] = given.role
    if given.rename:
        order["name"] = given.rename
    if given.all_rooms:
        order["lists"] = []
    if given.disable or given.enable:
        order["disabled"] = given.disable
    if not order:
        print("say what is to be different", file=sys.stderr)
        return 2
    headers = {"If-Match": known["etag"]}
    answer = ask(given, "PATCH", f"/people/{known['id']}", body=order, headers=headers)
    print(pretty(answer) if given.json else table(_HEADINGS, [_row(answer)]))
    return 0


@told
def remove(given: Namespace) -> int:
    """Take an account away."""
    known = _known(given)
    headers = {"If-Match": known["etag"]}
    answer = ask(given, "DELETE", f"/people/{known['id']}", headers=headers)
    print(pretty(answer) if given.json else f"{answer['name']} is removed")
    return 0


@told
def sessions(given: Namespace) -> int:
    """List who is signed in where, or end a session."""
    if given.end:
        answer = ask(given, "DELETE", f"/sessions/{given.end}")
        print(pretty(answer) if given.json else f"a session of {answer['name']} is ended")
        return 0
    person = _known(given)["id"] if given.name else None
    answer = ask(given, "GET", "/sessions")
    found = [one for one in answer["sessions"] if person in {None, one["person"]}]
    if given.json:
        print(pretty({"sessions": found}))
        return 0
    rows = [
        (
            one["id"],
            one["name"],
            moment(one["created"]),
            moment(one["seen"]),
            moment(one["ends"]),
            one["address"] or "the appliance",
            one["browser"],
        )
        for one in found
    ]
    print(table(("ID", "NAME", "BEGAN", "SEEN", "ENDS", "FROM", "BROWSER"), rows))
    return 0


def _wanted(given: Namespace) -> dict[str, Any]:
    """What the options say of an account."""
    order = {"shown": given.shown, "email": given.email, "lists": given.list}
    return {name: value for name, value in order.items() if value is not None}


def _find(given: Namespace, name: str) -> dict[str, Any] | None:
    people: list[dict[str, Any]] = ask(given, "GET", "/people")["people"]
    return next((one for one in people if one["name"].casefold() == name.casefold()), None)


def _known(given: Namespace) -> dict[str, Any]:
    found = _find(given, given.name)
    if found is None:
        raise Refused(f"nobody is called {given.name}")
    return found
