"""Reading invitations, against one pass of a single regular expression over the same text.

The expression knows every link form of the table and what a dialled address looks like, which is
less than is read: no passcodes, no meeting numbers, no choosing.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rooms import join
from rooms.join.recognise import PROVIDERS
from tests.rooms.join.samples import samples

GOAL = 0.1
ROUNDS = 7


def measure() -> list[dict[str, Any]]:
    """Invitations a second and core, beside those of the expression."""
    invitations = [*_corpus()] or [sample.invitation for sample in samples()]
    texts = [_text(invitation) for invitation in invitations]
    expression = _expression()
    reading = _best(join.read, invitations)
    matching = _best(lambda text: sum(1 for _ in expression.finditer(text)), texts)
    ratio = matching / reading
    return [
        {
            "name": "join_vs_regex",
            "value": round(len(invitations) / reading),
            "unit": "events/s",
            "baseline": round(len(invitations) / matching),
            "ratio": round(ratio, 3),
            "goal": GOAL,
            "met": ratio >= GOAL,
        }
    ]


def _corpus() -> Iterator[join.Invitation]:
    """The invitations of others, where their folder is."""
    folder = Path(os.environ.get("BRIDGE_CONTRACTS", "")) / "corpus"
    if not os.environ.get("BRIDGE_CONTRACTS") or not folder.is_dir():
        return
    for name in ("links.jsonl", "negatives.jsonl"):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            yield join.Invitation(body=json.loads(line)["text"])
    for sidecar in sorted((folder / "invites").glob("*.json")):
        if not sidecar.with_suffix(".expect.json").exists():
            name = json.loads(sidecar.read_text(encoding="utf-8"))["file"]
            yield join.files.invitation(name, (folder / "invites" / name).read_bytes())


def _text(invitation: join.Invitation) -> str:
    entries = (entry.uri for entry in invitation.conference)
    parts = (*entries, invitation.online_url, *invitation.locations, invitation.body)
    return "\n".join((*parts, invitation.subject))


def _expression() -> re.Pattern[str]:
    """Every link form whose host has a name, and addresses such as `4711@vc.example.com`."""
    forms = []
    for provider in PROVIDERS.values():
        for link in provider.links:
            hosts = [host.lstrip("=") for host in link.hosts.split() if "*" not in host]
            if hosts:
                path = re.sub(r"\(\?P<\w+>", "(?:", link.path)
                forms.append(f"(?:{'|'.join(map(re.escape, hosts))}){path}")
    links = rf"https?://(?:[\w\-]+\.)*(?:{'|'.join(forms)})"
    return re.compile(rf"{links}|(?:sips?:|h323:)?\b[\w.+\-]{{1,64}}@[\w.\-]+\.\w+", re.IGNORECASE)


def _best(run: Callable[[Any], object], items: Sequence[Any]) -> float:
    """The shortest of some rounds over all items, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for item in items:
            run(item)
        times.append(time.perf_counter() - start)
    return min(times)
