"""`roombridge endpoints`: room systems, how they stand, and what they are told."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask, told
from bridge.cli.tables import moment, pretty, table
from bridge.quoting import plain

SECONDS = 120.0
"""How long a unit may take for anything: some wake up first."""
_OTHERWISE = {"already": "is in this meeting already", "signed_in": "let the bridge in"}
"""What was done where it is not what was asked for."""
_FINE = frozenset({"shown", "confirmed", "served", "dial_only", "unknown"})


@told
def every(given: Namespace) -> int:
    """List all room systems; 1 where one of them is not well."""
    answer = ask(given, "GET", "/endpoints", query={"room": given.room})
    if given.json:
        print(pretty(answer))
    else:
        rows = [
            (
                one["id"],
                one["room"],
                one["kind"],
                one["state"],
                _seen(one),
                _software(one),
                _call(one),
            )
            for one in answer["endpoints"]
        ]
        print(table(("ID", "ROOM", "KIND", "STATE", "HAD ITS LIST", "SOFTWARE", "CALL"), rows))
        for notice in {one["notice"]["words"] for one in answer["endpoints"] if one["notice"]}:
            print(notice, file=sys.stderr)
    return int(any(not _well(one) for one in answer["endpoints"]))


@told
def show(given: Namespace) -> int:
    """Show one and the certificate that it presents; 1 where it is not well or not the pinned."""
    one = ask(given, "GET", f"/endpoints/{given.id}")
    proof = ask(given, "GET", f"/endpoints/{given.id}/presented", seconds=SECONDS)
    if given.json:
        print(pretty(one | {"presented": proof}))
    else:
        _print_unit(one)
        _print_proof(proof)
    return int(not _well(one) or proof["matches"] is False)


def _print_unit(one: dict[str, Any]) -> None:
    facts, error = one["facts"] or {}, one["last_error"]
    lines = [
        ("room", one["room"]),
        ("kind", one["kind"]),
        ("address", one["address"] or "-"),
        ("state", f"{one['state']} since {moment(one['since'])}"),
        ("reachable", {True: "yes", False: "no", None: "not known"}[one["reachable"]]),
        ("can", " ".join(one["can"]) or "-"),
        ("product", plain(facts.get("product", "")) or "-"),
        ("software", plain(facts.get("software", "")) or "-"),
        ("calendar", plain(facts.get("calendar", "")) or "-"),
        ("list taken", moment(one["shown_at"])),
        ("list confirmed", moment(one["confirmed_at"])),
        ("call", _call(one)),
    ]
    if one["provisioned"] is not None:
        last = (one["visits"] or {}).get("last")
        came = "no more, last" if last else "never"
        words = "yes, last" if one["provisioned"] else came
        lines.append(("reads the façade", f"{words} {moment(last)}" if last else words))
    if error:
        lines.append(("last error", f"{moment(error['at'])}: {error['code']}: {error['words']}"))
    for name, words in lines:
        print(f"{name + ':':<17} {words}")
    for trouble in one["health"]:
        print(f"\n{trouble['code']}: {trouble['words']}")
        if trouble.get("fix"):
            print(f"  to mend it: {trouble['fix']}")
    if one["notice"]:
        print(f"\n{one['notice']['words']}")
        print(f"  acknowledge: [{one['notice']['acknowledge']}] in bridge.yaml ends this")


def _print_proof(proof: dict[str, Any]) -> None:
    print()
    if proof["certificate"]:
        print(f"{'certificate:':<17} {proof['certificate']}")
        print(f"{'':<17} ends {moment(proof['ends'])}, for {', '.join(proof['names']) or 'nobody'}")
    if proof["host_key"]:
        print(f"{'SSH host key:':<17} {proof['host_key']}")
    if not proof["certificate"] and not proof["host_key"]:
        print("it shows no certificate")
    elif proof["matches"] is False:
        pins = " ".join(filter(None, [proof["pinned"], proof["host_key_pinned"]]))
        print(f"NOT the one that is pinned: {pins}", file=sys.stderr)
    else:
        _print_advice(proof)
    if proof["weakness"]:
        print(f"weak: {proof['weakness']}")


def _print_advice(proof: dict[str, Any]) -> None:
    """What is to be pinned yet, by the setting that it belongs to."""
    matches = proof["matches"]
    if matches:
        print("it is the one that is pinned")
    wanted = {}
    # An authority may vouch for a certificate, for a host key never.
    if proof["certificate"] and not proof["pinned"] and not matches:
        wanted["the certificate"] = "tls: {fingerprint: …}"
    if proof["host_key"] and not proof["host_key_pinned"]:
        wanted["the SSH host key"] = "ssh: {fingerprint: …}"
    if wanted:
        them = "them" if len(wanted) > 1 else "it"
        print(
            f"compare {' and '.join(wanted)} at the unit itself,"
            f" then pin {them}: {', '.join(wanted.values())} in rooms.yaml"
        )


@told
def push(given: Namespace) -> int:
    """Show a room system its list now."""
    return _do(given, "push", "took its list")


@told
def provision(given: Namespace) -> int:
    """Point a room system at its room's calendar."""
    answer = ask(given, "POST", f"/endpoints/{given.id}/provision", seconds=SECONDS)
    if given.json:
        print(pretty(answer))
        return 0
    print(f"{given.id} is pointed at its calendar; settings made on it:")
    for name in answer["settings"]:
        print(f"  {plain(name)}")
    return 0


@told
def dial(given: Namespace) -> int:
    """Have a room system call."""
    if bool(given.address) == bool(given.booking):
        print("give ADDRESS or --booking", file=sys.stderr)
        return 2
    order = {"booking": given.booking} if given.booking else {"address": given.address}
    if given.protocol:
        order["protocol"] = given.protocol
    return _do(given, "dial", "dials", order)


@told
def hangup(given: Namespace) -> int:
    """End a room system's calls."""
    return _do(given, "hangup", "is in no call any more")


@told
def tones(given: Namespace) -> int:
    """Send tones into a room system's call."""
    return _do(given, "tones", "sent them", {"digits": given.digits})


def _do(given: Namespace, what: str, words: str, order: dict[str, str] | None = None) -> int:
    path = f"/endpoints/{given.id}/{what}"
    answer = ask(given, "POST", path, body=order or {}, seconds=SECONDS)
    if given.json:
        print(pretty(answer))
    else:
        print(f"{given.id} {_OTHERWISE.get(answer['done'], words)}")
    return 0


def _well(one: dict[str, Any]) -> bool:
    provisioned = one["provisioned"] is not False
    return one["state"] in _FINE and provisioned and not one["health"]


def _seen(one: dict[str, Any]) -> str:
    """When it had its list for certain: it came for it, confirmed it, or at least took it."""
    came = (one["visits"] or {}).get("last")
    return moment(came or one["confirmed_at"] or one["shown_at"])


def _software(one: dict[str, Any]) -> str:
    return plain((one["facts"] or {}).get("software", "")) or "-"


def _call(one: dict[str, Any]) -> str:
    if one["calls"] is None:
        return "not known"
    if not one["calls"]:
        return "none"
    return ", ".join(
        f"{call['state']} (booking {call['booking']})" if call["booking"] else call["state"]
        for call in one["calls"]
    )
