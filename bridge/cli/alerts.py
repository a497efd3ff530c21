"""`roombridge alerts`: whether those who are told of troubles can be reached."""

import sys
from argparse import Namespace

from bridge.cli.control import ask, told
from bridge.cli.tables import pretty


@told
def test(given: Namespace) -> int:
    """Send a test message to every receiver; 1 where one was not reached, or there is none."""
    answer = ask(given, "POST", "/alerts/test")
    receivers = answer["receivers"]
    if given.json:
        print(pretty(answer))
    else:
        for one in receivers:
            print(f"{one['receiver']}: {'delivered' if one['ok'] else one['words']}")
        if not receivers:
            print("`alerts` in bridge.yaml names nobody", file=sys.stderr)
    return 0 if receivers and all(one["ok"] for one in receivers) else 1
