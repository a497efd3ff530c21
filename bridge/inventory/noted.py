"""Changes of the inventory as the audit log has them."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from bridge.inventory.rows import Applied
from rooms.audit import Entry
from rooms.inventory import Change

MANY = 200
"""Changes at once that are told one by one; of more their numbers and their hash."""


def entries_of(applied: Applied, told: bytes) -> Sequence[Entry]:
    """What was, and what is: an entry for each change; `told` is all of them as the history has it.

    A list of ten thousand rooms is one entry: what became of each is in the history of the
    inventory, which this entry proves by its hash.
    """
    if not applied.changes:
        detail: dict[str, str | int] = {"change": applied.seq}
        return [
            Entry(at=applied.at, actor=applied.actor, action="inventory.reordered", detail=detail)
        ]
    if len(applied.changes) <= MANY:
        return [_entry(applied, one) for one in applied.changes]
    counted = Counter(f"{one.kind}s {one.what}" for one in applied.changes)
    digest = hashlib.sha256(told).hexdigest()
    detail = {"change": applied.seq, "sha256": digest, **counted}
    return [
        Entry(at=applied.at, actor=applied.actor, action="inventory.many_changed", detail=detail)
    ]


def _entry(applied: Applied, change: Change) -> Entry:
    detail: dict[str, str | int] = {"change": applied.seq}
    detail |= {f"before.{key}": value for key, value in change.before.items()}
    detail |= {f"after.{key}": value for key, value in change.after.items()}
    detail |= {key: value for key in ("former", "room") if (value := getattr(change, key))}
    return Entry(
        at=applied.at,
        actor=applied.actor,
        action=f"inventory.{change.kind}_{change.what}",
        object=change.id,
        detail=detail,
    )
