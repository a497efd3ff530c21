"""`roombridge sources`: identities of calendar services."""

import sys
import time
from argparse import Namespace
from typing import Any

import msgspec

from bridge.cli.control import ask, told
from bridge.cli.tables import moment, pretty, table

ASK_EVERY = 1.0
"""Seconds between two questions to the appliance whether somebody signed in."""


@told
def every(given: Namespace) -> int:
    """List all sources and their credentials; 1 where one of them is not well."""
    answer = ask(given, "GET", "/sources")
    if given.json:
        print(pretty(answer))
    else:
        _print_sources(answer["sources"])
    return int(any(one["health"] for one in answer["sources"]))


def _print_sources(sources: list[dict[str, Any]]) -> None:
    rows = [
        (
            one["name"],
            one["kind"],
            _state(one),
            credential.get("name", "-"),
            credential.get("state", "-"),
            moment(credential.get("expires")),
        )
        for one in sources
        for credential in one["credentials"] or [{}]
    ]
    print(table(("SOURCE", "KIND", "STATE", "CREDENTIAL", "LAST TIME", "ENDS"), rows))
    for one in sources:
        for trouble in one["health"]:
            print(f"\n{one['name']}: {trouble['code']}: {trouble['words']}")
            if trouble.get("fix"):
                print(f"  to mend it: {trouble['fix']}")


def _state(one: dict[str, Any]) -> str:
    if one["state"] == "in_force":
        return f"read for {one['rooms']} rooms"
    return f"revoked {moment(one['revoked'])} by {one['revoked_by']}"


@told
def authorize(given: Namespace) -> int:
    """Sign in for a source; where a person must, say where, and wait. 1 where it failed."""
    answer = ask(given, "POST", f"/sources/{given.name}/authorize")
    if answer["state"] == "waiting":
        _print_waiting(given, answer)
    while answer["state"] == "waiting":
        time.sleep(ASK_EVERY)
        answer = ask(given, "GET", f"/sources/{given.name}/authorize")
    if given.json:
        print(msgspec.json.encode(answer).decode())
    elif answer["state"] == "done":
        who = f"{answer['account']} signed in" if answer["account"] else "signed in"
        print(f"{given.name}: {who}; its rooms are read from now on")
    else:
        print(f"{given.name}: {answer['problem']}: {answer['words']}", file=sys.stderr)
        if answer["fix"]:
            print(f"  to mend it: {answer['fix']}", file=sys.stderr)
    return int(answer["state"] != "done")


def _print_waiting(given: Namespace, answer: dict[str, Any]) -> None:
    if given.json:
        print(msgspec.json.encode(answer).decode(), flush=True)
        return
    print("On any device, sign in as the service account of this source:")
    print(f"  open   {answer['where']}")
    print(f"  enter  {answer['code']}", flush=True)
    print(f"Waiting until {moment(answer['until'])} UTC.", file=sys.stderr)


@told
def revoke(given: Namespace) -> int:
    """Stop reading a source and delete its secrets; 1 where some could not be deleted."""
    answer = ask(given, "POST", f"/sources/{given.name}/revoke")
    if given.json:
        print(pretty(answer))
        return int(not answer["complete"])
    print(f"{given.name} is revoked: it is not read any more, and its tokens are gone")
    for name in answer["deleted"]:
        print(f"  deleted from the vault: {name}")
    for file in answer["files"]:
        print(f"  still there, delete it by hand: {file}")
    for setting in answer["settings"]:
        print(f"  stands in bridge.yaml itself or is used elsewhere, see to it by hand: {setting}")
    if not answer["complete"]:
        print("The vault could not be written: secrets are left. Mend it, then revoke again.")
    print("Take the right away in the calendar service too: only there it ends for everybody.")
    return int(not answer["complete"])
