"""What an invitation of 256 kB that means harm costs, against one of 64 kB."""

import time
from typing import Any

from rooms import join
from rooms.join.text import LIMIT
from tests.rooms.join.hostile import invitations

GOAL = 5
ROUNDS = 3
AGAIN = 4
"""How often a sort above the goal is measured again: the machine only ever adds to a time."""
NOISE = 0.004
"""Seconds below which a difference says more of the machine than of the reader."""


def measure() -> list[dict[str, Any]]:
    """The growth of the sort that grows most, and its time at full length."""
    small, large = invitations(LIMIT // 4), invitations(LIMIT)
    growths = {name: _growth(small[name], large[name]) for name in large}
    worst = max(growths, key=lambda name: growths[name][0])
    growth, least, most = growths[worst]
    return [
        {
            "name": f"join_adversarial_growth ({worst})",
            "value": round(most * 1000, 1),
            "unit": "ms at 256 kB",
            "baseline": round(least * 1000, 1),
            "ratio": round(growth, 2),
            "goal": GOAL,
            "met": growth <= GOAL,
        }
    ]


def _growth(small: join.Invitation, large: join.Invitation) -> tuple[float, float, float]:
    """The growth, and the shortest times of either length."""
    least = most = float("inf")
    growth = float("inf")
    for _ in range(AGAIN + 1):
        for _ in range(ROUNDS):
            least = min(least, _time(small))
            most = min(most, _time(large))
        growth = most / max(least, NOISE)
        if growth <= GOAL:
            break
    return growth, least, most


def _time(invitation: join.Invitation) -> float:
    start = time.perf_counter()
    join.read(invitation)
    return time.perf_counter() - start
